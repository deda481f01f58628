// SPDX-License-Identifier: Apache-2.0
// A topic that a broker sends. First byte of the input: whether a tenant is configured.
#include "stack/mqtt_topic.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace causeway;
  auto topic = fuzz::text_of(bytes, size);
  const bool has_tenant = (fuzz::take_choice(topic) & 1U) != 0;
  const application_id application{"water-meters"};
  const auto ids = stack::parse_mqtt_topic(topic, application, has_tenant ? "acme" : "");
  if (!ids) {
    CAUSEWAY_CHECK(ids.fault().code() == errc::topic_unexpected);
    // What the log and the operator get is text, and short.
    const auto& detail = ids.fault().detail();
    CAUSEWAY_CHECK(detail.size() <= 2048);
    for (const char c : detail)
      CAUSEWAY_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    return 0;
  }
  // It names this application, a device that may be one, and stands in one of our filters.
  CAUSEWAY_CHECK(ids->application == application.str() && is_valid_tts_id(ids->device));
  const auto user = topic.substr(3, topic.find('/', 3) - 3);
  CAUSEWAY_CHECK(!has_tenant || user == stack::mqtt_user_name(application, "acme"));
  bool listed = false;
  const auto filters =
      stack::mqtt_filters(user, {"uplink", "normalized", "join", "downlink", "location", "service"});
  for (const auto& filter : filters) {
    const auto plus = filter.rfind('+'); // a tenant may have one, too
    listed = listed || (topic.substr(0, plus) == filter.substr(0, plus) &&
                        topic.substr(plus) == ids->device + filter.substr(plus + 1));
  }
  CAUSEWAY_CHECK(listed);
  return 0;
}
