// SPDX-License-Identifier: Apache-2.0
// Put-token requests, and what the tokens open until they run out (azure-iot-wire.md B.2).
#include "emulator/hub/hub_connection.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

constexpr std::size_t max_pending_answers = 1000;
constexpr std::string_view devices_path = "/devices/";

std::string device_path(const identity& device) {
  return std::string{devices_path} + device.str();
}

} // namespace

void hub_connection::on_put_token(hub_link& on, amqp::event& event) {
  ++hub_.totals_.put_tokens;
  const auto request = parse_put_token(event.payload);
  // The C SDK wants the disposition before the answer, and Proton would write them the other way round.
  if (!event.settled) {
    event.delivery.settle({amqp::outcome_kind::accepted, {}});
    flush();
  }
  replenish(on, cbs_credit);

  auto verdict = judge_request(request);
  token_answer answer;
  answer.reply_to = request.reply_to;
  answer.encoded = make_put_token_answer(request.message_id, verdict.status, verdict.description);
  answer.due = now_.mono + hub_.options().latency.put_token;
  if (verdict.status == 200) {
    tokens_seen_.insert(verdict.path);
    answer.granted = std::move(verdict);
  } else {
    ++hub_.totals_.put_tokens_refused;
  }
  if (answers_.size() >= max_pending_answers) {
    engine_->close({"amqp:resource-limit-exceeded", "too many answers wait for credit on the $cbs receiver"});
    return;
  }
  answers_.push_back(std::move(answer));
  send_token_answers();
}

token_verdict hub_connection::judge_request(const put_token_request& request) {
  token_verdict verdict;
  if (!request.problem.empty()) {
    verdict.status = 400;
    verdict.description = request.problem;
  } else {
    verdict = judge_token(hub_.registry(), request.token, hub_time());
    if (verdict.expired) verdict.description = hub_.describe(401003, verdict.description, hub_time());
  }
  auto& faults = hub_.faults();
  if (!faults.empty()) {
    const auto name = verdict.device ? verdict.device->str() : request.name;
    if (const auto fault = faults.use(fault_kind::put_token_status, name)) {
      verdict.status = fault->status;
      verdict.description = fault->description.empty() ? "Injected fault." : fault->description;
    }
    if (faults.use(fault_kind::token_expired, name)) {
      verdict.status = 401;
      verdict.description = hub_.describe(401003, "The specified SAS token is expired.", hub_time());
    }
  }
  if (verdict.status == 200 && tokens_seen_.size() >= max_tokens && !tokens_seen_.contains(verdict.path)) {
    verdict.status = 500;
    verdict.description =
        "The maximum number of tokens per connection (" + std::to_string(max_tokens) + ") has been reached.";
  }
  return verdict;
}

hub_link* hub_connection::answer_link(const std::string& reply_to) {
  hub_link* any = nullptr;
  for (auto* link : answer_links_) {
    if (link->closing) continue;
    if (link->reply_address == reply_to) return link;
    any = link;
  }
  return any;
}

void hub_connection::send_token_answers() {
  while (!answers_.empty() && answers_.front().due <= now_.mono) {
    auto& answer = answers_.front();
    auto* to = answer_link(answer.reply_to);
    if (to == nullptr || to->link.credit() <= 0) return;
    std::string tag(4, '\0');
    for (std::size_t i = 0; i < 4; ++i)
      tag[i] = static_cast<char>(static_cast<std::uint8_t>(next_tag_ >> (8 * i)));
    ++next_tag_;
    to->link.send(tag, answer.encoded, false);
    if (answer.granted) grant(*answer.granted);
    answers_.pop_front();
  }
}

void hub_connection::grant(const token_verdict& verdict) {
  const auto [known, is_new] = grants_.try_emplace(verdict.path, verdict.expires);
  if (!is_new) {
    expiries_.erase({known->second, verdict.path});
    known->second = verdict.expires;
  }
  const auto place = expiries_.emplace(verdict.expires, verdict.path).first;
  if (place == expiries_.begin()) wake(); // the next tick may be due earlier
}

bool hub_connection::authorised(const identity& device) const {
  const auto now = hub_time();
  const auto valid = [&](const std::string& path) {
    const auto found = grants_.find(path);
    return found != grants_.end() && found->second > now;
  };
  return valid(device_path(device)) || valid("") || valid("/devices");
}

bool hub_connection::has_own_token(const identity& device) const {
  return grants_.contains(device_path(device));
}

void hub_connection::forget_token(const identity& device) {
  const auto found = grants_.find(device_path(device));
  if (found == grants_.end()) return;
  expiries_.erase({found->second, found->first});
  grants_.erase(found);
}

void hub_connection::expire_grants() {
  const auto now = hub_time();
  std::vector<hub_link*> concerned;
  bool all = false;
  while (!expiries_.empty() && expiries_.begin()->first <= now) {
    const auto path = expiries_.begin()->second;
    expiries_.erase(expiries_.begin());
    grants_.erase(path);
    if (!path.starts_with(devices_path)) {
      all = true;
      continue;
    }
    const auto links = hub_.links_of(identity{path.substr(devices_path.size())}, this);
    concerned.insert(concerned.end(), links.begin(), links.end());
  }
  if (all) {
    concerned.clear();
    for (auto& session : sessions_)
      for (auto& link : session.links)
        if (link.attached) concerned.push_back(&link);
  }
  std::erase_if(concerned, [&](const hub_link* link) { return authorised(link->device); });
  detach_expired(concerned);
}

void hub_connection::expire_tokens(std::string_view pattern) {
  if (!engine_ || finished() || frozen()) return;
  if (pattern == "*") {
    grants_.clear();
    expiries_.clear();
  }
  std::vector<hub_link*> concerned;
  for (auto& session : sessions_) {
    for (auto& link : session.links) {
      if (!link.attached || !matches(pattern, link.device.str())) continue;
      forget_token(link.device);
      concerned.push_back(&link);
    }
  }
  detach_expired(concerned);
}

void hub_connection::detach_expired(const std::vector<hub_link*>& links) {
  for (auto* link : links)
    detach(*link,
           {"amqp:unauthorized-access",
            hub_.describe(401003, "The token of device " + link->device.str() + " is expired.", hub_time())});
}

} // namespace causeway::emulator
