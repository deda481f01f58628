// SPDX-License-Identifier: Apache-2.0
#include "app/path_words.h"

#include "base/log.h"
#include "stack/webhook_path.h"

#include <unordered_map>

namespace causeway::app {

std::vector<path_word_device> find_path_word_devices(const model::start_image& image) {
  std::vector<path_word_device> found;
  std::unordered_map<device_ref, std::size_t> places;
  for (const auto& record : image.devices) {
    if (record.listed || !record.dev_eui.empty() || !stack::is_path_word(record.key.device.str())) continue;
    places.emplace(record.ref, found.size());
    found.push_back({record.key});
  }
  if (found.empty()) return found;
  for (const auto& row : image.waiting)
    if (const auto place = places.find(row.device); place != places.end()) ++found[place->second].waiting;
  return found;
}

void tell_of_path_word_devices(const model::start_image& image) {
  constexpr std::size_t most_told = 20;
  const auto found = find_path_word_devices(image);
  for (std::size_t i = 0; i < found.size() && i < most_told; ++i)
    log::warning(
        "device_of_a_path_word",
        {{"application", found[i].key.application},
         {"device", found[i].key.device},
         {"waiting", found[i].waiting},
         {"detail", "an earlier version has taken it out of a webhook's path, and what arrived under "
                    "it is of many devices; if there is no such device, `causeway devices forget` "
                    "removes it"},
         {"more", i + 1 == most_told ? found.size() - most_told : 0}});
}

} // namespace causeway::app
