// SPDX-License-Identifier: Apache-2.0
// A DPS on the manual clock, and a fleet that speaks to it.
#pragma once

#include "dps/fleet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace causeway::dps {

using namespace std::chrono_literals;

inline constexpr auto usual_latency = 20ms;

// A DPS on the manual clock: answers everything after 20 ms, a register with 202 and Retry-After, a poll with
// the assignment. enforced: registrations in any 60 s; 0 = any number.
struct scripted_dps {
  double enforced = 0;
  double enforced_polls = 0;
  seconds retry_after{3};
  bool up = true;
  int broken_with = 0; // answers everything with this status
  // After the registration; a poll before then is answered "assigning". Nothing: with Retry-After, or before.
  std::optional<std::chrono::nanoseconds> assign_after;
  bool refuses_polls = false; // with 429

  std::map<std::string, mono_time> assigned_at; // by what identifies the operation
  std::vector<mono_time> vain_polls;
  std::vector<mono_time> accepted, accepted_polls;
  std::map<std::string, std::vector<mono_time>> polls_of;
  std::uint64_t refused = 0;

  static bool has_room(const std::vector<mono_time>& taken, double limit, mono_time now) {
    const auto begin = std::upper_bound(taken.begin(), taken.end(), now - 60s);
    return limit == 0 || static_cast<double>(taken.end() - begin) < limit;
  }
  struct reply {
    int status;
    header_list headers;
    std::string body;
  };
  reply answer(const http_request& request, mono_time now) {
    if (broken_with != 0) return {broken_with, {}, ""};
    const bool poll = request.kind == request_kind::poll;
    const auto of =
        request.path_and_query.substr(0, request.path_and_query.find(poll ? "/operations" : "/register"));
    if (poll && refuses_polls) {
      ++refused;
      return {429, {{"Retry-After", "2"}}, R"({"errorCode":429001,"message":"Throttled"})"};
    }
    auto& taken = poll ? accepted_polls : accepted;
    if (!has_room(taken, poll ? enforced_polls : enforced, now)) {
      ++refused;
      return {429, {{"Retry-After", "2"}}, R"({"errorCode":429001,"message":"Throttled"})"};
    }
    taken.push_back(now);
    reply assigning{202,
                    {{"Retry-After", std::to_string(retry_after.count())}},
                    R"({"operationId":"5.x","status":"assigning"})"};
    if (!poll) {
      assigned_at[of] = now + assign_after.value_or(0ns);
      return assigning;
    }
    polls_of[request.path_and_query].push_back(now);
    if (now < assigned_at.at(of)) {
      vain_polls.push_back(now);
      return assigning;
    }
    return {200,
            {},
            R"({"status":"assigned","registrationState":{"assignedHub":"h.net","deviceId":"d",)"
            R"("substatus":"initialAssignment"}})"};
  }
};

class fleet_test : public testing::Test {
protected:
  struct under_way {
    dps::fleet::errand what;
    scripted_dps::reply reply;
    bool lost = false;
  };

  static enrolment make_section() {
    enrolment made;
    made.section = azure_name{"field"};
    made.id_scope = "0ne1";
    made.group_key = azure::signing_key{secret{"0123456789abcdef"}};
    made.registrations_per_minute = 60'000;
    made.operations_per_second = 1'000;
    return made;
  }

  dps::fleet& fleet() {
    if (!fleet_)
      fleet_.emplace(
          enrolment_, [] { return 0.5; }, &timeline_, time_.now());
    return *fleet_;
  }
  mono_time now() const { return time_.now().mono; }

  void want(std::uint32_t device, std::uint32_t application = 0, bool urgent = false) {
    fleet().find(device_ref{device}, identity{"Dev-" + std::to_string(device)},
                 {"", false, application, urgent}, time_.now());
  }
  void want_many(std::uint32_t first, std::uint32_t count, std::uint32_t application) {
    for (auto device = first; device < first + count; ++device)
      want(device, application);
  }

  // Turns the clock from event to event. workers: connections.
  void run_for(std::chrono::nanoseconds duration, std::size_t workers = 32) {
    const auto end = now() + duration;
    while (true) {
      while (flying_.size() < workers) {
        auto next = fleet().next_errand(time_.now());
        if (!next) break;
        started_.emplace_back(now(), next->registration);
        auto reply = dps_.up ? dps_.answer(next->request, now() + latency_ / 2) : scripted_dps::reply{};
        flying_.emplace(now() + latency_, under_way{std::move(*next), std::move(reply), !dps_.up});
      }
      for (auto& found : fleet().take_findings())
        findings_.emplace_back(now(), std::move(found));
      auto next = fleet().deadline(now(), flying_.size() < workers);
      if (!flying_.empty()) next = std::min(next, flying_.begin()->first);
      if (next > end) break;
      if (next > now()) time_.advance(next - now());
      if (!flying_.empty() && flying_.begin()->first <= now()) {
        auto [what, reply, lost] = std::move(flying_.begin()->second);
        flying_.erase(flying_.begin());
        if (lost)
          fleet().on_fault(what, error{errc::connection_refused, "dps"}, time_.now());
        else
          fleet().on_answer(what, reply.status, reply.headers, reply.body, time_.now());
      } else {
        fleet().advance(time_.now());
      }
    }
    time_.advance(end - now());
  }
  std::size_t assigned() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(findings_, [](const auto& f) { return f.second.where.has_value(); }));
  }

  manual_clock time_;
  enrolment enrolment_ = make_section();
  model::timeline timeline_{time_.now(), 100'000};
  scripted_dps dps_;
  std::chrono::nanoseconds latency_ = usual_latency;
  std::multimap<mono_time, under_way> flying_;
  std::vector<std::pair<mono_time, std::uint64_t>> started_;
  std::vector<std::pair<mono_time, dps::fleet::finding>> findings_;

private:
  std::optional<dps::fleet> fleet_;
};

} // namespace causeway::dps
