// SPDX-License-Identifier: Apache-2.0
#include "core/command_refusals.h"

#include "base/log.h"
#include "core/device_table.h"
#include "core/naming.h"

namespace causeway::core {

void command_refusals::note(device_ref which, command_source source, const char* how, std::string_view called,
                            const error& why, moment now) {
  ++totals_.refused[static_cast<std::size_t>(source)];
  const auto more = told_.admit(why.code(), now.mono);
  if (!more) return;
  const auto key = names_.key_of(table_.at(which));
  log::warning("command_refused", {{"application", key.application},
                                   {"device", key.device},
                                   {"source", to_string(source)},
                                   {how, called},
                                   {"error", why.name()},
                                   {"detail", why.detail()},
                                   {"more", *more}});
}

void command_refusals::note_failed(const command_entry& what, moment now) {
  const auto more = told_.admit(errc::downlink_refused, now.mono);
  if (!more) return;
  log::warning("command_failed", {{"application", what.what.to.application},
                                  {"device", what.what.to.device},
                                  {"source", to_string(what.what.source)},
                                  {"command", what.what.id.str()},
                                  {"error", what.error},
                                  {"more", *more}});
}

void command_refusals::refuse(device_ref which, const c2d_message& what, const error& why, moment now) {
  note(which, command_source::c2d, "message_id", what.message_id, why, now);
  if (why.cls() == error_class::permanent) senders_.settle(which, what.number, c2d_settlement::reject);
}

void command_refusals::refuse(device_ref which, const method_call& what, const error& why, moment now) {
  note(which, command_source::method, "method", what.name, why, now);
  senders_.refuse(which, what.number, why);
}

void command_refusals::refuse(device_ref which, const command_id& what, const error& why, moment now) {
  note(which, command_source::twin, "command", what.str(), why, now);
}

} // namespace causeway::core
