// SPDX-License-Identifier: Apache-2.0
#include "app/online_check.h"

#include "app/certificate_watch.h"
#include "app/probes.h"
#include "app/randomness.h"
#include "app/rehearsal.h"
#include "app/wiring.h"
#include "base/http_fields.h"
#include "dps/registration.h"
#include "net/task_group.h"
#include "net/wake_up.h"
#include "stack/mqtt_probe.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <set>

namespace causeway::app {
namespace {

constexpr std::size_t most_hubs = 8; // of one section's assignments that are tried
constexpr seconds odd_skew{5}; // a token's life and DPS' patience are minutes; this is only worth a word

using probe = std::function<net::task<check_lines>()>;

struct trials {
  net::wake_up done;
  std::vector<probe> probes;
  std::vector<check_lines> lines;
  std::size_t open = 0;
  explicit trials(net::loop& on) : done{on} {}
};

net::task<> run(trials* all, std::size_t which) {
  // However it ends, an exception included: the rest must not wait for it.
  struct at_end {
    trials& all;
    ~at_end() {
      --all.open;
      all.done.notify();
    }
  } const ended{*all};
  all->lines[which] = {{"check", verdict::bad, "internal: a trial has ended without an answer"}};
  auto found = co_await all->probes[which]();
  all->lines[which] = std::move(found);
}

net::task<check_lines> try_mqtt_log_ins(probing* shared) {
  randomness random;
  const auto applications = make_mqtt_applications(shared->from);
  std::vector<std::string> subjects;
  for (const auto& one : applications)
    subjects.push_back("mqtt " + one.id.str());
  const auto outcomes =
      co_await stack::try_mqtt(&shared->loop, make_mqtt_settings(shared->from, random.bits()),
                               make_mqtt_applications(shared->from), shared->patience);
  check_lines lines;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto& outcome = outcomes[i];
    lines.push_back({subjects[i], outcome ? verdict::good : verdict::bad,
                     outcome ? "CONNACK 0, subscribed"
                             : std::string{outcome.fault().name()} + ": " + outcome.fault().message()});
  }
  co_return lines;
}

// Writes and syncs a page five times; the time of the third fastest, or why not.
result<std::chrono::nanoseconds> time_a_sync(const std::filesystem::path& directory) {
  auto name = (directory / ".causeway-check-XXXXXX").string();
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return error{errc::state_unusable, directory.string() + ": " + std::strerror(errno)};
  ::unlink(name.c_str());
  std::vector<std::chrono::nanoseconds> times;
  const std::string page(4096, 'c');
  int fault = 0;
  for (int i = 0; i < 5 && fault == 0; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    if (::pwrite(file, page.data(), page.size(), static_cast<off_t>(page.size()) * i) !=
            static_cast<ssize_t>(page.size()) ||
        ::fsync(file) != 0)
      fault = errno == 0 ? EIO : errno;
    times.push_back(std::chrono::steady_clock::now() - begun);
  }
  ::close(file);
  if (fault != 0) return error{errc::state_unusable, directory.string() + ": " + std::strerror(fault)};
  std::sort(times.begin(), times.end());
  return times[2];
}

check_line check_state(const std::filesystem::path& directory) {
  check_line line{"state " + directory.string(), verdict::good, ""};
  std::error_code ignored;
  if (!std::filesystem::exists(directory, ignored)) {
    line.what = verdict::note;
    line.text = "not tried: the first start makes it";
    return line;
  }
  const auto took = time_a_sync(directory);
  if (!took) {
    line.what = verdict::bad;
    line.text = std::string{took.fault().name()} + ": " + took.fault().message();
    return line;
  }
  constexpr std::chrono::milliseconds slow{50};
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(*took).count();
  line.text = "a page is written and synced in " + std::to_string(micros / 1000) + "." +
              std::to_string(micros % 1000 / 100) + " ms";
  if (*took > slow) {
    line.what = verdict::note;
    line.text += "; each webhook's answer waits for one";
  }
  return line;
}

void check_certificate(const probing& shared, check_lines& into) {
  const auto& webhook = shared.from.webhook;
  if (!webhook.tls()) return;
  check_line line{"webhook certificate", verdict::bad, ""};
  const auto facts = net::read_certificate(webhook.tls_certificate);
  if (!facts) {
    line.text = std::string{facts.fault().name()} + ": " + facts.fault().message();
  } else {
    const auto now = shared.loop.now().wall;
    auto odd = oddities_of(*facts);
    if (auto trouble = trouble_of_times(*facts, now)) odd.insert(odd.begin(), std::move(*trouble));
    line.what = is_invalid(*facts, now) ? verdict::bad : odd.empty() ? verdict::good : verdict::note;
    std::string names;
    for (const auto& name : facts->names)
      names += (names.empty() ? "" : ", ") + name;
    line.text = "for " + (names.empty() ? "nobody by name" : names) + ", " +
                std::to_string(facts->certificates) + " certificate(s) in its chain, until " +
                format_rfc3339(facts->ends);
    for (const auto& one : odd)
      line.text += "; " + one;
  }
  into.push_back(std::move(line));
}

void check_clocks(const probing& shared, check_lines& into) {
  for (const auto& [whose, ahead] : shared.clocks) {
    const auto off = ahead.count() < 0 ? -ahead : ahead;
    check_line line{"clock beside " + whose, verdict::good, ""};
    const auto words = std::to_string(off.count()) + " s " + (ahead.count() < 0 ? "behind" : "ahead");
    if (off > dps::most_skew) {
      line.what = verdict::bad;
      line.text = "clock_skew: this machine's clock is " + words + "; tokens signed by it are refused";
    } else {
      line.what = off > odd_skew ? verdict::note : verdict::good;
      line.text = off > odd_skew ? words : "agrees";
    }
    into.push_back(std::move(line));
  }
}

// Which hub is tried with which device.
struct known_device {
  azure::hub_address hub;
  identity device;
};

std::vector<known_device> assigned_devices(const model::start_image& image,
                                           const cloud::azure_section& section) {
  std::vector<known_device> out;
  std::set<std::string> hubs;
  std::set<model::device_key> known;
  for (const auto& device : image.devices)
    known.insert(device.key);
  for (const auto& [key, assigned] : image.assignments) {
    if (!known.contains(key)) continue; // forgotten, and gone in Azure, too
    if (assigned.section != section.name || hubs.size() >= most_hubs || hubs.contains(assigned.hub.str()))
      continue;
    auto hub = azure::parse_hub_address(assigned.hub.str());
    if (!hub) continue;
    hubs.insert(assigned.hub.str());
    out.push_back({std::move(*hub), assigned.identity});
  }
  return out;
}

// A device of the state that goes to this section's one hub.
std::optional<identity> device_of(const model::start_image& image, const config::configuration& from,
                                  const azure_name& section) {
  const auto rules = make_rules(from);
  for (const auto& device : image.devices) {
    const auto found = std::find_if(rules.begin(), rules.end(), [&](const auto& one) {
      return one.id == device.key.application && one.section == section;
    });
    if (found == rules.end() || !device.integration.value_or(found->enabled_by_default)) continue;
    if (auto name = core::expand_identity(found->identity_template, device.key, device.dev_eui))
      return std::move(*name);
  }
  return std::nullopt;
}

void plan_hubs(const config::configuration& from, const cloud::azure_section& section,
               const result<model::start_image>& state, std::vector<hub_trial>& trials,
               check_lines& untried) {
  const auto known = state ? assigned_devices(*state, section) : std::vector<known_device>{};
  const std::string why =
      !state && state.fault().code() == errc::state_locked
          ? "a gateway runs with this state, and an attach would take the device's links from it"
      : !state ? "the state cannot be read: " + state.fault().message()
               : "no device is known yet";
  const auto add = [&](azure::hub_address hub, std::optional<identity> device, bool second) {
    trials.push_back({&section, std::move(hub), second, std::move(device), why});
  };
  if (section.through_dps()) {
    for (const auto& one : known)
      add(one.hub, one.device, false);
    if (known.empty())
      untried.push_back({"hubs of azure." + section.name.str(), verdict::note, "not tried: " + why});
    return;
  }
  // Where a gateway runs it has these devices; else one of the configuration's own will do.
  const bool free = state || state.fault().code() != errc::state_locked;
  if (section.policy) {
    add(section.policy->hub, state ? device_of(*state, from, section.name) : std::nullopt, false);
    if (section.second_policy) add(section.second_policy->hub, std::nullopt, true);
  }
  std::set<std::string> hubs;
  for (const auto& [name, string] : section.devices) {
    // Where the hub has a policy its token speaks for all devices, these too.
    if (section.policy && section.policy->hub == string.hub) continue;
    if (hubs.size() >= most_hubs || !hubs.insert(string.hub.id().str()).second) continue;
    add(string.hub, free ? std::optional{identity{name}} : std::nullopt, false);
  }
}

} // namespace

void probing::note_date(const std::string& whose, const net::http_answer& answer,
                        std::chrono::nanoseconds took) {
  const auto date = parse_http_date(answer.header("Date"));
  if (!date) return;
  // Written somewhere between the request and now, and cut to its second.
  const auto theirs = *date + std::chrono::milliseconds{500};
  const auto ours = loop.now().wall - std::chrono::duration_cast<wall_time::duration>(took) / 2;
  clocks.insert_or_assign(whose, std::chrono::round<seconds>(ours - theirs));
}

net::task<std::vector<check_line>> check_online(net::loop* on, const config::configuration* from,
                                                milliseconds patience) {
  check_lines all;
  auto sections = make_sections(*from);
  if (!sections) {
    all.push_back({"configuration", verdict::bad, sections.fault().message()});
    co_return all;
  }
  probing shared{*on, *from, patience, {}};
  trials running{*on};
  check_lines untried;
  const auto state = read_state(*on, *from);
  for (const auto& section : *sections) {
    std::vector<hub_trial> hubs;
    plan_hubs(*from, section, state, hubs, untried);
    for (auto& hub : hubs)
      running.probes.push_back([&shared, hub] { return try_hub(&shared, hub); });
    if (section.through_dps())
      running.probes.push_back([&shared, &section] { return try_dps(&shared, &section); });
  }
  for (std::size_t i = 0; i < from->applications.size(); ++i) {
    const auto& one = from->applications[i];
    if (one.api_key)
      running.probes.push_back([&shared, &one, i] { return try_api_key(&shared, {&one, i, false}); });
    const bool own_key = one.mqtt_key && !(one.api_key && one.mqtt_key->equals(one.api_key->reveal()));
    if (own_key && one.takes("mqtt") && !from->things_stack.base_url.empty())
      running.probes.push_back([&shared, &one, i] { return try_api_key(&shared, {&one, i, true}); });
  }
  if (!make_mqtt_applications(*from).empty())
    running.probes.push_back([&shared] { return try_mqtt_log_ins(&shared); });

  running.lines.resize(running.probes.size());
  running.open = running.probes.size();
  net::task_group tasks{*on};
  for (std::size_t i = 0; i < running.probes.size(); ++i)
    tasks.spawn("check", net::restart_policy::never, [&running, i] { return run(&running, i); });
  while (running.open > 0) {
    const bool going_on = co_await running.done.wait();
    if (!going_on) break;
  }
  co_await tasks.stop();

  for (auto& lines : running.lines)
    for (auto& line : lines)
      all.push_back(std::move(line));
  for (auto& line : untried)
    all.push_back(std::move(line));
  if (!from->telemetry.otlp_endpoint.empty() || from->telemetry.application_insights_connection_string)
    all.push_back({"telemetry", verdict::note, "not tried: it takes spans, and a check has none"});
  check_certificate(shared, all);
  check_clocks(shared, all);
  all.push_back(check_state(from->state.directory));
  co_return all;
}

} // namespace causeway::app
