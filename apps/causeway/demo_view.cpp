// SPDX-License-Identifier: Apache-2.0
#include "causeway/demo_view.h"

#include <fmt/format.h>

#include <cstdio>

namespace causeway {
namespace {

constexpr seconds plain_interval{5};
constexpr std::size_t bar_width = 40;

std::string bar(std::uint64_t part, std::uint64_t whole) {
  const auto filled = whole == 0 ? 0 : static_cast<std::size_t>(bar_width * part / whole);
  return std::string(std::min(filled, bar_width), '#') +
         std::string(bar_width - std::min(filled, bar_width), '.');
}

std::uint64_t in_state(const admin::snapshot& gateway, core::device_state state) {
  return gateway.bridge.devices[static_cast<std::size_t>(state)];
}

} // namespace

void demo_view::show(const admin::snapshot& gateway, const emulator_figures& emulator, mono_time now) {
  if (!on_terminal_ && now - shown_at_ < plain_interval && shown_at_ != mono_time{}) return;
  if (shown_at_ != mono_time{} && now > shown_at_) {
    const double passed = std::chrono::duration<double>(now - shown_at_).count();
    const double current = static_cast<double>(emulator.delivered - delivered_before_) / passed;
    rate_ = on_terminal_ ? 0.7 * rate_ + 0.3 * current : current;
  }
  shown_at_ = now;
  delivered_before_ = emulator.delivered;
  if (!on_terminal_) {
    std::fputs(fmt::format("devices online {}/{}, uplinks accepted {}, delivered {}, {:.0f} a second, end to "
                           "end p50 {:.1f} ms\n",
                           in_state(gateway, core::device_state::online), devices_, emulator.accepted,
                           emulator.delivered, rate_, emulator.end_to_end_p50_ms)
                   .c_str(),
               stderr);
    return;
  }
  const auto online = in_state(gateway, core::device_state::online);
  const auto on_the_way =
      in_state(gateway, core::device_state::provisioning) + in_state(gateway, core::device_state::attaching);
  std::string picture = lines_ > 0 ? fmt::format("\x1b[{}A", lines_) : std::string{};
  const auto line = [&](const std::string& text) { picture += text + "\x1b[K\n"; };
  line(fmt::format("  devices   [{}] {} online of {}", bar(online, devices_), online, devices_));
  line(fmt::format("            provisioning {}, attaching {}, parked {}",
                   in_state(gateway, core::device_state::provisioning),
                   in_state(gateway, core::device_state::attaching),
                   in_state(gateway, core::device_state::parked)));
  line(fmt::format("  uplinks   accepted {}, delivered {}, waiting {}, {:.0f} a second", emulator.accepted,
                   emulator.delivered, gateway.bridge.waiting_messages, rate_));
  line(fmt::format(
      "  latency   webhook p50 {:.1f} ms, p99 {:.1f} ms; to the hub p50 {:.1f} ms, p99 {:.1f} ms",
      emulator.http_p50_ms, emulator.http_p99_ms, emulator.end_to_end_p50_ms, emulator.end_to_end_p99_ms));
  line(fmt::format("  Azure     {} DPS registrations, {} tokens put{}", emulator.registrations,
                   emulator.put_tokens,
                   on_the_way == 0 ? "" : "; DPS asks each new device to wait 3 s, they wait together"));
  lines_ = 5;
  std::fputs(picture.c_str(), stderr);
}

void demo_view::end() {
  if (on_terminal_ && lines_ > 0) std::fputs("\n", stderr);
}

} // namespace causeway
