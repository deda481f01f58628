// SPDX-License-Identifier: Apache-2.0
#include "egress/provisioning.h"

#include "azure/names.h"
#include "base/log.h"

#include <algorithm>
#include <new>
#include <utility>

namespace causeway::egress {
namespace {

// Registrations that wait for Retry-After cost a little memory and no connection, so many may be under way.
constexpr std::size_t most_under_way = 1'000;
constexpr double burst = 20.0;
// What a throttled DPS is given when it does not say, and the most that is believed when it does.
constexpr milliseconds usual_pause{5'000}, longest_pause{600'000};

} // namespace

provisioning::provisioning(net::loop& on, net::task_group& tasks, const std::vector<azure_section>& sections,
                           std::function<double()> random)
    : loop_{on}, tasks_{tasks}, sections_{sections}, random_{std::move(random)} {
  for (const auto& section : sections_) {
    if (!section.through_dps()) continue;
    net::http_client_options options;
    options.ca_file = section.ca_file;
    options.max_connections = 16;
    // Individual keys are told apart by their registration id; the enrolment is then named by the scope
    // alone.
    const azure::signing_key scope_only{secret{section.id_scope}};
    const auto& named_by = section.group_key ? *section.group_key : scope_only;
    auto& made =
        services_
            .emplace(section.name.str(),
                     service{&section,
                             std::make_unique<net::http_client>(loop_, options),
                             dps::fingerprint(section.id_scope, named_by),
                             token_bucket{section.registrations_per_minute / 60.0, burst, loop_.now().mono},
                             {},
                             {},
                             0,
                             std::make_unique<net::wake_up>(loop_),
                             {}})
            .first->second;
    tasks_.spawn("dps." + section.name.str(), net::restart_policy::on_fault,
                 [this, &made] { return dispatch(&made); });
  }
}

provisioning::~provisioning() = default;

const azure_section* provisioning::find(const azure_name& name) const {
  const auto found =
      std::find_if(sections_.begin(), sections_.end(), [&](const auto& s) { return s.name == name; });
  return found == sections_.end() ? nullptr : &*found;
}

std::string provisioning::fingerprint(const azure_name& section) const {
  const auto found = services_.find(section.str());
  return found == services_.end() ? std::string{} : found->second.fingerprint;
}

void provisioning::answer(device_ref device, result<core::assignment> where) {
  // Posted, because the core does not expect its answer from inside the call.
  loop_.post([this, device, where = std::move(where), alive = std::weak_ptr<int>{alive_}]() mutable {
    if (!alive.expired()) bridge_->on_assignment(device, std::move(where), loop_.now());
  });
}

void provisioning::find_hub(device_ref device, const azure_name& name, const identity& wanted,
                            const core::connect_wish& wish) {
  const auto* section = find(name);
  if (section == nullptr) return answer(device, error{errc::internal, "no section azure." + name.str()});
  if (section->through_dps()) {
    auto& through = services_.at(name.str());
    ++totals_.in_progress;
    through.waiting.push_back({device, section->registration_of(wanted), wish.model_id});
    return through.changed->notify();
  }
  core::assignment where{{}, wanted, name, loop_.now().wall, {}};
  if (const auto own = section->devices.find(wanted.str()); own != section->devices.end()) {
    where.hub = own->second.hub.id();
  } else if (section->policy) {
    where.hub = section->policy->hub.id();
  } else {
    return answer(device, error{errc::hub_unauthorized,
                                "azure." + name.str() + " has no connection string for " + wanted.str()});
  }
  answer(device, std::move(where));
}

void provisioning::call_off(device_ref) {}
void provisioning::hurry(device_ref) {}

net::task<> provisioning::dispatch(service* through) {
  while (true) {
    if (through->waiting.empty() || through->under_way >= most_under_way) {
      const bool going_on = co_await through->changed->wait();
      if (!going_on) co_return;
      continue;
    }
    const auto now = loop_.now().mono;
    const auto start = std::max(through->held_until, through->registrations.next(now));
    if (start > now) {
      const bool going_on = co_await net::sleep_for(start - now);
      if (!going_on) co_return;
      continue;
    }
    static_cast<void>(through->registrations.take(now));
    auto next = std::move(through->waiting.front());
    through->waiting.pop_front();
    ++through->under_way;
    const auto name = "dps.register " + next.id.str();
    tasks_.spawn(name, net::restart_policy::never,
                 [this, through, next = std::move(next)] { return register_one(through, next); });
  }
}

net::task<result<net::http_answer>> provisioning::carry(service* through, dps::http_request what) {
  net::http_call call;
  call.method = std::move(what.method);
  call.url = "https://" + through->section->dps->host + ":" + std::to_string(through->section->dps->port) +
             what.path_and_query;
  call.headers = std::move(what.headers);
  call.body = std::move(what.body);
  ++totals_.requests;
  auto answered = co_await through->client->call(std::move(call));
  co_return answered;
}

// Repeats and polls get slots of the quota of operations, one after the other, so that any number may wait at
// no cost.
net::task<bool> provisioning::wait_for_turn(service* through) {
  const auto interval = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>{1.0 / through->section->operations_per_second});
  const auto saved_up = std::chrono::duration_cast<std::chrono::nanoseconds>(interval * burst);
  const auto slot = std::max(through->next_operation, loop_.now().mono - saved_up);
  through->next_operation = slot + interval;
  while (true) {
    const auto now = loop_.now().mono;
    const auto start = std::max(slot, through->held_until);
    if (start <= now) co_return true;
    const bool going_on = co_await net::sleep_for(start - now);
    if (!going_on) co_return false;
  }
}

net::task<result<core::assignment>> provisioning::find_assignment(service* through, request what) {
  const auto& section = *through->section;
  auto key = section.key_at_dps(what.id);
  if (!key) co_return std::move(key).fault();
  dps::registration registration{section.id_scope, what.id, std::move(*key), what.model_id};
  bool first = true; // dispatch has taken its turn
  while (!registration.outcome()) {
    auto next = registration.next_request(loop_.now());
    if (!next) {
      if (registration.outcome()) break;
      const auto wait = registration.due() - loop_.now().mono;
      const bool going_on =
          co_await net::sleep_for(std::max<std::chrono::nanoseconds>(wait, std::chrono::nanoseconds{0}));
      if (!going_on) co_return error{errc::stopped};
      continue;
    }
    if (!std::exchange(first, false)) {
      const bool going_on = co_await wait_for_turn(through);
      if (!going_on) co_return error{errc::stopped};
    }
    auto answered = co_await carry(through, std::move(*next));
    if (!answered && answered.fault().code() == errc::stopped) co_return error{errc::stopped};
    std::optional<error> setback;
    if (answered) {
      setback = registration.on_response(answered->status, answered->headers, answered->body, loop_.now(),
                                         random_());
    } else {
      setback = registration.on_transport_error(std::move(answered).fault(), loop_.now(), random_());
    }
    if (!setback) continue;
    log::warning("dps_setback", {{"section", section.name},
                                 {"registration", what.id.str()},
                                 {"error", setback->name()},
                                 {"detail", setback->detail()}});
    // The service is meant, not this device: all of them wait.
    if (setback->cls() == error_class::throttled) {
      const auto asked = std::min(setback->retry_after().value_or(usual_pause), longest_pause);
      through->held_until = std::max(through->held_until, loop_.now().mono + asked);
    }
  }
  const auto& end = *registration.outcome();
  if (!end) co_return end.fault();
  co_return core::assignment{end->hub, end->device, section.name, loop_.now().wall, through->fingerprint};
}

net::task<> provisioning::register_one(service* through, request what) {
  const auto& section = *through->section;
  result<core::assignment> outcome = error{errc::internal};
  try {
    outcome = co_await find_assignment(through, what);
  } catch (const std::bad_alloc&) {
    // The device is parked and tried again; a coroutine that just ended would leave it waiting for ever.
  }
  --through->under_way;
  --totals_.in_progress;
  through->changed->notify();
  if (outcome) {
    ++totals_.assigned;
    log::debug("dps_assigned", {{"section", section.name},
                                {"registration", what.id.str()},
                                {"hub", outcome->hub},
                                {"identity", outcome->identity}});
  } else {
    if (outcome.fault().code() == errc::stopped) co_return;
    ++totals_.refused;
    log::warning("dps_refused", {{"section", section.name},
                                 {"registration", what.id.str()},
                                 {"error", outcome.fault().name()},
                                 {"detail", outcome.fault().detail()}});
  }
  answer(what.device, std::move(outcome));
}

} // namespace causeway::egress
