// SPDX-License-Identifier: Apache-2.0
#include "store/device_numbers.h"

namespace causeway::store {

device_numbers::device_numbers(const std::vector<stored_number>& known, std::uint32_t next) : next_{next} {
  places_.reserve(known.size());
  for (const auto number : known)
    places_.push_back({number, 0});
}

stored_number device_numbers::of(device_ref device) {
  const auto index = index_of(device);
  if (index >= places_.size()) places_.resize(index + 1);
  auto& here = places_[index];
  if (here.generation != generation_of(device)) here = {stored_number{next_++}, generation_of(device)};
  return here.number;
}

} // namespace causeway::store
