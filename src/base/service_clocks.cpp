// SPDX-License-Identifier: Apache-2.0
#include "base/service_clocks.h"

#include "base/encoding.h"
#include "base/error.h"
#include "base/http_fields.h"
#include "base/log.h"

#include <algorithm>

namespace causeway {
namespace {

using std::chrono::nanoseconds;

// An HTTP Date has whole seconds, and an answer is some time on its way.
constexpr seconds same{30};
constexpr seconds worth_telling{60};
// What Azure is known to forgive (azure-iot-wire.md A.2).
constexpr seconds harmful{300};
constexpr seconds longest_loan{86'400};
constexpr seconds jump{3};
// Hubs of all sections, DPS, The Things Stack: more are not remembered.
constexpr std::size_t most_services = 2'000;

nanoseconds offset_of(wall_time wall, mono_time mono) {
  return nanoseconds{wall.time_since_epoch()} - nanoseconds{mono.time_since_epoch()};
}

wall_time later(wall_time than, nanoseconds by) {
  return than + std::chrono::duration_cast<wall_time::duration>(by);
}

} // namespace

nanoseconds service_clocks::ahead_of(const known& service, moment now) {
  return service.offset - offset_of(now.wall, now.mono);
}

void service_clocks::on_time(const std::string& service, owner whose, wall_time theirs, moment now) {
  if (services_.size() >= most_services && !services_.contains(service)) return;
  const auto [place, is_new] = services_.try_emplace(service);
  auto& of = place->second;
  const auto offset = offset_of(theirs, now.mono);
  const auto before = is_new ? offset_of(now.wall, now.mono) : of.offset;
  if (std::chrono::abs(offset - before) > worth_telling) changed_ = true;
  of.whose = whose;
  of.offset = offset;
  tell(service, of, now);
}

void service_clocks::on_answer(const std::string& service, owner whose,
                               const std::vector<std::pair<std::string, std::string>>& headers, moment now) {
  for (const auto& [name, value] : headers)
    if (equals_ignoring_case(name, "date"))
      if (const auto theirs = parse_http_date(value)) return on_time(service, whose, *theirs, now);
}

void service_clocks::tell(const std::string& service, known& of, moment now) {
  const auto ahead = std::chrono::round<seconds>(ahead_of(of, now));
  const auto off = std::chrono::abs(ahead);
  const auto is = off >= harmful ? level::harmful : off >= worth_telling ? level::off : level::right;
  if (is == of.told) return;
  if (is == level::right && off > same) return; // not to be told again at the next second
  const auto was = std::exchange(of.told, is);
  if (is == level::right) return log::info("clock_agrees", {{"service", service}});
  if (is < was) return;
  const auto* const way = ahead.count() > 0 ? "behind" : "ahead of";
  const auto text = "this machine's clock is " + std::to_string(off.count()) + " s " + way + " " + service +
                    "'s: set it (NTP)";
  const std::initializer_list<log::field> fields{{"error", describe(errc::clock_skew).name},
                                                 {"service", service},
                                                 {"seconds", -ahead.count()},
                                                 {"detail", text}};
  if (is == level::harmful)
    log::error("clock_skew", fields);
  else
    log::warning("clock_skew", fields);
}

wall_time service_clocks::time(const std::string& service, moment now) const {
  if (const auto own = services_.find(service); own != services_.end()) {
    const auto ahead = ahead_of(own->second, now);
    return std::chrono::abs(ahead) > same ? later(now.wall, ahead) : now.wall;
  }
  nanoseconds most{0};
  for (const auto& [name, other] : services_) {
    const auto ahead = ahead_of(other, now);
    if (ahead <= worth_telling || (other.whose != owner::azure && ahead > longest_loan)) continue;
    most = std::max(most, ahead);
  }
  return later(now.wall, most);
}

bool service_clocks::observe(moment now) {
  const auto offset = offset_of(now.wall, now.mono);
  const auto before = std::exchange(own_, offset);
  if (!before || std::chrono::abs(offset - *before) <= jump) return false;
  log::warning("clock_jumped",
               {{"milliseconds", std::chrono::round<milliseconds>(offset - *before).count()}});
  services_.clear();
  changed_ = true;
  return true;
}

std::vector<service_clocks::reading> service_clocks::readings(moment now) const {
  std::vector<reading> out;
  out.reserve(services_.size());
  for (const auto& [service, of] : services_)
    out.push_back({service, ahead_of(of, now)});
  return out;
}

} // namespace causeway
