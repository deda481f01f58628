// SPDX-License-Identifier: Apache-2.0
#include "emulator/control/control_events.h"

#include "emulator/control/control_reply.h"

namespace causeway::emulator {

namespace json = boost::json;

net::http_response answer_events_control(const controlled& emulator, const net::http_request& request) {
  if (request.method != "GET") return refuse(405, "GET");
  const auto port = emulator.made->options().events_port;
  if (port == 0) return refuse(404, "there is no endpoint for events: --events-port is not set");
  const auto& endpoint = *emulator.events;
  json::array hubs;
  for (const auto& hub : endpoint.hubs()) {
    json::array partitions;
    for (std::size_t i = 0; i < hub.log->partitions(); ++i)
      partitions.push_back(json::object{{"kept", hub.log->events(i).size()},
                                        {"begin_sequence_number", hub.log->begin_sequence(i)},
                                        {"last_sequence_number", hub.log->last_sequence(i)}});
    hubs.push_back(json::object{{"name", hub.name},
                                {"kept", hub.log->size()},
                                {"bytes", hub.log->bytes()},
                                {"partitions", std::move(partitions)}});
  }
  const auto& totals = endpoint.totals();
  return reply(json::object{{"port", port},
                            {"connections", totals.connections},
                            {"receivers", endpoint.receivers()},
                            {"receivers_ever", totals.receivers},
                            {"stolen", totals.stolen},
                            {"delivered", totals.delivered},
                            {"hubs", std::move(hubs)}});
}

} // namespace causeway::emulator
