// SPDX-License-Identifier: Apache-2.0
// Every id is its own type, so that an application cannot be passed where a device belongs.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace causeway {

template <class Tag>
class text_id {
public:
  text_id() = default;
  explicit text_id(std::string text) : text_{std::move(text)} {}
  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  friend auto operator<=>(const text_id&, const text_id&) = default;

private:
  std::string text_;
};

using application_id = text_id<struct application_tag>; // The Things Stack's application id
using device_id = text_id<struct device_tag>;  // The Things Stack's end device id, unique in its application
using dev_eui = text_id<struct dev_eui_tag>;   // 16 upper-case hex digits; empty for a device without one
using identity = text_id<struct identity_tag>; // the device's name in IoT Hub
using registration_id = text_id<struct registration_tag>; // the device's name in DPS
using azure_name = text_id<struct azure_tag>;             // the name of an [azure.*] section
using hub_host = text_id<struct hub_host_tag>; // "name.azure-devices.net", with ":port" where it is not 5671

// A device of this process: its place in the device table, and how many have had that place before it, so
// that what comes late for one of them finds nobody. What is on disk knows nothing of it (decision 31).
enum class device_ref : std::uint32_t {};
inline constexpr unsigned place_bits = 21;
inline constexpr std::uint32_t most_places = 1U << place_bits;
inline constexpr std::uint32_t generations_of_a_place = 1U << (32 - place_bits); // then they begin anew
// The place alone: what people are told, and what a page goes on behind. No key: the place has many holders.
constexpr std::uint32_t index_of(device_ref ref) {
  return static_cast<std::uint32_t>(ref) & (most_places - 1);
}
constexpr std::uint32_t generation_of(device_ref ref) {
  return static_cast<std::uint32_t>(ref) >> place_bits;
}
// Preconditions: index < most_places, generation < generations_of_a_place.
constexpr device_ref make_ref(std::uint32_t index, std::uint32_t generation) {
  return static_cast<device_ref>(generation << place_bits | index);
}

// A message's place in the spool: rises in the order of acceptance, never used twice.
using spool_seq = std::uint64_t;

// The ids of The Things Stack for applications and devices: ^[a-z0-9](?:[-]?[a-z0-9]){2,}$, at most 36
// characters (things-stack-wire.md E.1).
bool is_valid_tts_id(std::string_view text);
// 16 hex digits of either case.
bool is_valid_eui(std::string_view text);

} // namespace causeway

template <class Tag>
struct std::hash<causeway::text_id<Tag>> {
  std::size_t operator()(const causeway::text_id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};
