// SPDX-License-Identifier: Apache-2.0
#include "causeway/demo_view.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace causeway {
namespace {

constexpr seconds plain_interval{5};

std::string bar(std::uint64_t part, std::uint64_t whole, std::size_t width) {
  const auto filled = whole == 0 ? 0 : std::min<std::size_t>(width, width * part / whole);
  return std::string(filled, '#') + std::string(width - filled, '.');
}

std::uint64_t in_state(const watch::snapshot& gateway, model::device_state state) {
  return gateway.shard.devices[static_cast<std::size_t>(state)];
}

// Asked for each picture: windows change.
std::size_t columns_of_terminal() {
  constexpr std::size_t usual = 80;
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
  return size.ws_col;
}

} // namespace

void demo_view::show(const watch::snapshot& gateway, const emulator_figures& emulator, mono_time now) {
  if (!on_terminal_ && now - shown_at_ < plain_interval && shown_at_ != mono_time{}) return;
  if (shown_at_ != mono_time{} && now > shown_at_) {
    const double passed = std::chrono::duration<double>(now - shown_at_).count();
    const double current = static_cast<double>(emulator.delivered - delivered_before_) / passed;
    rate_ = on_terminal_ ? 0.7 * rate_ + 0.3 * current : current;
  }
  shown_at_ = now;
  delivered_before_ = emulator.delivered;
  if (!on_terminal_) {
    std::fputs(plain_line(gateway, emulator).c_str(), stderr);
    return;
  }
  const auto columns = columns_of_terminal();
  draw(picture(gateway, emulator, columns), columns);
}

std::string demo_view::plain_line(const watch::snapshot& gateway, const emulator_figures& emulator) const {
  return fmt::format("devices online {}/{}, uplinks accepted {}, delivered {}, {:.0f} a second, end to "
                     "end p50 {:.1f} ms\n",
                     in_state(gateway, model::device_state::online), devices_, emulator.accepted,
                     emulator.delivered, rate_, emulator.end_to_end_p50_ms);
}

std::vector<std::string> demo_view::picture(const watch::snapshot& gateway, const emulator_figures& emulator,
                                            std::size_t columns) const {
  const auto online = in_state(gateway, model::device_state::online);
  const auto provisioning = in_state(gateway, model::device_state::provisioning);
  const auto attaching = in_state(gateway, model::device_state::attaching);
  const auto counts = fmt::format("{} online of {}", online, devices_);
  constexpr std::size_t around = 16; // the name before the bar, its brackets, and a column that stays free
  const auto width = std::clamp<std::size_t>(columns - std::min(columns, around + counts.size()), 4, 40);
  return {
      fmt::format("  devices   [{}] {}", bar(online, devices_, width), counts),
      fmt::format("            provisioning {}, attaching {}, parked {}", provisioning, attaching,
                  in_state(gateway, model::device_state::parked)),
      fmt::format("  uplinks   accepted {}, delivered {}, waiting {}", emulator.accepted, emulator.delivered,
                  gateway.shard.waiting_messages),
      fmt::format("            {:.0f} a second", rate_),
      fmt::format("  latency   webhook p50 {:.1f} ms, p99 {:.1f} ms", emulator.http_p50_ms,
                  emulator.http_p99_ms),
      fmt::format("            to the hub p50 {:.1f} ms, p99 {:.1f} ms", emulator.end_to_end_p50_ms,
                  emulator.end_to_end_p99_ms),
      fmt::format("  Azure     {} DPS registrations, {} tokens put", emulator.registrations,
                  emulator.put_tokens),
      provisioning + attaching == 0 ? "" : "            new devices wait together for DPS, 3 s",
  };
}

// A line as wide as the window, or wider, would take two rows, and the way back up would end too low.
void demo_view::draw(const std::vector<std::string>& lines, std::size_t columns) {
  std::string out = drawn_ > 0 ? fmt::format("\x1b[{}A", drawn_) : std::string{};
  for (const auto& line : lines)
    out += line.substr(0, columns - 1) + "\x1b[K\n";
  out += "\x1b[J"; // what a window that has become narrower has broken into two
  drawn_ = lines.size();
  std::fputs(out.c_str(), stderr);
}

void demo_view::end() {
  if (on_terminal_ && drawn_ > 0) std::fputs("\n", stderr);
}

} // namespace causeway
