// SPDX-License-Identifier: Apache-2.0
#include "model/shard.h"

namespace causeway::model {

shard_number shard_of(std::string_view application, std::string_view device, std::uint16_t shards) {
  constexpr std::uint64_t offset = 14695981039346656037U, prime = 1099511628211U;
  std::uint64_t hash = offset;
  const auto add = [&hash](char of) { hash = (hash ^ static_cast<unsigned char>(of)) * prime; };
  for (const auto of : application)
    add(of);
  add('/');
  for (const auto of : device)
    add(of);
  return static_cast<shard_number>(hash % shards);
}

} // namespace causeway::model
