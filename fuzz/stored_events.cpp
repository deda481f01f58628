// SPDX-License-Identifier: Apache-2.0
// An answer of the Storage Integration: what is read as an event is one of this application.
#include "tts/stored_events.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace causeway;
  const application_id app{"app1"};
  const auto found = tts::parse_stored_events(fuzz::text_of(bytes, size), app);
  if (!found) {
    CAUSEWAY_CHECK(found.fault().code() == errc::json_malformed ||
                   found.fault().code() == errc::registry_unavailable);
    CAUSEWAY_CHECK(found.fault().detail().size() < 1'000);
    return 0;
  }
  for (const auto& one : *found) {
    if (!one.event) continue;
    CAUSEWAY_CHECK(one.event->from.application == app && is_valid_tts_id(one.event->from.device.str()));
    CAUSEWAY_CHECK(one.event->simulated && !(one.event->key && *one.event->simulated));
    CAUSEWAY_CHECK(one.event->kind != model::event_kind::uplink || model::uplink_of(*one.event)->f_cnt);
  }
  return 0;
}
