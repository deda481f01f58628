// SPDX-License-Identifier: Apache-2.0
// A part of the devices: those whose keys have its number. One process at a time owns it (tenure.h); one
// machine is one process that owns the only one. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace causeway::model {

enum class shard_number : std::uint16_t {};

// The shard of a device: FNV-1a of "application/device", 64 bits, over `shards`. The same in each process and
// version. Precondition: at least one shard.
shard_number shard_of(std::string_view application, std::string_view device, std::uint16_t shards);

} // namespace causeway::model
