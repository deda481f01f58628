// SPDX-License-Identifier: Apache-2.0
#include "azure/service_words.h"

#include "base/encoding.h"

#include <algorithm>
#include <string>

namespace causeway::azure {

bool tells_of_keys_switched_off(std::string_view description) {
  const std::string text = to_lower(description);
  const auto mentions = [&](std::string_view what) { return text.find(what) != std::string::npos; };
  constexpr std::string_view settings[] = {"disablelocalauth", "disabledevicesas"};
  if (std::ranges::any_of(settings, mentions)) return true;
  constexpr std::string_view ways[] = {"local auth",
                                       "sas auth",
                                       "sas token auth",
                                       "key based auth",
                                       "key-based auth",
                                       "symmetric key auth",
                                       "shared access signature auth"};
  constexpr std::string_view off[] = {"disabled",      "not allowed", "not enabled", "not permitted",
                                      "not supported", "turned off",  "switched off"};
  return std::ranges::any_of(ways, mentions) && std::ranges::any_of(off, mentions);
}

} // namespace causeway::azure
