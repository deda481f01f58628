// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/link_claim.h"

#include <gtest/gtest.h>
#include <vector>

namespace causeway::emulator {
namespace {

using azure::tier;

TEST(link_claim, what_a_client_attaches_to) {
  struct row {
    bool to_client;
    std::string source, target;
    std::optional<tier> of;
    link_kind kind;
    std::string device, refusal;
  };
  const std::string events = "/devices/dev%231/messages/events", c2d = "/devices/dev-1/messages/devicebound",
                    methods = "/devices/dev-1/methods/devicebound", twin = "/devices/dev-1/twin";
  const std::vector<row> rows = {
      {false, "here", "$cbs", {}, link_kind::cbs_request, "", ""},
      {true, "$CBS", "cbs", {}, link_kind::cbs_answer, "", ""},
      {true, "", "$cbs", tier::b1, link_kind::cbs_answer, "", ""}, // Node's SDK names it on either side
      {false, "here", events, {}, link_kind::telemetry, "dev#1", ""},
      {false, "here", "amqps://localhost" + events, tier::b1, link_kind::telemetry, "dev#1", ""},
      {true, events, "here", {}, link_kind::refused, "", "amqp:not-found"},
      {true, c2d, "here", {}, link_kind::c2d, "dev-1", ""},
      {false, "here", c2d, {}, link_kind::refused, "", "amqp:not-found"},
      {true, c2d, "here", tier::b2, link_kind::refused, "dev-1", "amqp:not-allowed"},
      {true, c2d, "here", tier::s1, link_kind::c2d, "dev-1", ""},
      {true, methods, "here", {}, link_kind::method, "dev-1", ""},
      {false, "here", methods, {}, link_kind::method, "dev-1", ""},
      {false, "here", methods, tier::b3, link_kind::refused, "dev-1", "amqp:not-allowed"},
      {false, "here", twin, {}, link_kind::twin, "dev-1", ""},
      {true, twin, "here", tier::f1, link_kind::twin, "dev-1", ""},
      {true, twin, "here", tier::b1, link_kind::refused, "dev-1", "amqp:not-allowed"},
      {false, "here", "/devices/dev-1", {}, link_kind::refused, "", "amqp:not-found"},
      {false, events, "", {}, link_kind::refused, "", "amqp:not-found"}, // the other side's address
      {false, "", "/messages/devicebound", {}, link_kind::service_send, "", ""},
      {false, "", "amqps://hub.example:5671/messages/deviceBound", {}, link_kind::service_send, "", ""},
      {false, "", "/messages/devicebound", tier::b1, link_kind::refused, "", "amqp:not-allowed"},
      {true, "/messages/devicebound", "", {}, link_kind::refused, "", "amqp:not-found"},
      {true, "/messages/serviceBound/feedback", "", {}, link_kind::feedback, "", ""},
      {true, "/messages/serviceBound/filenotifications", "", {}, link_kind::file_notifications, "", ""},
      {false, "", "/messages/serviceBound/feedback", {}, link_kind::refused, "", "amqp:not-found"},
      {false, "", "amqps://hub.example", {}, link_kind::refused, "", "amqp:not-found"},
  };
  for (const row& row : rows) {
    SCOPED_TRACE(row.source + " -> " + row.target);
    const auto claim = read_claim(row.to_client, row.source, row.target, row.of);
    EXPECT_EQ(claim.kind, row.kind);
    EXPECT_EQ(claim.device.str(), row.device);
    EXPECT_EQ(claim.refusal.name, row.refusal);
  }
}

TEST(link_claim, kinds_have_words) {
  EXPECT_EQ(to_string(link_kind::method), "methods");
  EXPECT_EQ(find_device_link_kind("twin"), link_kind::twin);
  EXPECT_FALSE(find_device_link_kind("feedback")) << "of a service";
}

} // namespace
} // namespace causeway::emulator
