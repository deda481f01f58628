// SPDX-License-Identifier: Apache-2.0
// A page of The Things Stack's registry: whatever comes out of it may be used as it is.
#include "tts/registry_page.h"
#include "target.h"

#include <set>

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace causeway;
  const auto body = fuzz::text_of(bytes, size);
  const application_id app{"app1"};
  if (const auto page = tts::parse_registry_page(body, app)) {
    CAUSEWAY_CHECK(page->devices.size() + page->skipped + page->duplicates == page->entries);
    std::set<std::string> seen;
    for (const auto& one : page->devices) {
      const auto& device = one.device;
      CAUSEWAY_CHECK(device.key.application == app && is_valid_tts_id(device.key.device.str()));
      CAUSEWAY_CHECK(seen.insert(device.key.device.str()).second);
      CAUSEWAY_CHECK(device.dev_eui.empty() || is_valid_eui(device.dev_eui.str()));
      CAUSEWAY_CHECK(device.model_id.empty() || tts::is_valid_model_id(device.model_id));
      CAUSEWAY_CHECK(one.warning.size() < 1'000);
    }
  } else {
    CAUSEWAY_CHECK(page.fault().code() == errc::registry_protocol);
  }
  static_cast<void>(tts::parse_registered_device(body, {app, device_id{"dev1"}}));
  return 0;
}
