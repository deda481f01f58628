// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/token_desk.h"

#include <utility>

namespace causeway::emulator {
namespace {

constexpr std::size_t max_pending_answers = 1000;

} // namespace

void token_desk::on_request(hub_link& on, amqp::event& event, moment now) {
  ++hub_.totals_.put_tokens;
  const auto request = parse_put_token(event.payload);
  // The C SDK wants the disposition before the answer, and Proton would write them the other way round.
  if (!event.settled) {
    event.delivery.settle({amqp::outcome_kind::accepted, {}});
    stream_.flush();
  }
  links_.replenish(on, cbs_credit);

  auto verdict = judge(request, hub_.time_at(now));
  token_answer answer;
  answer.reply_to = request.reply_to;
  answer.encoded = make_put_token_answer(request.message_id, verdict.status, verdict.description);
  answer.due = now.mono + hub_.options().latency.put_token;
  if (verdict.status == 200) {
    grants_.count(verdict.path);
    answer.granted = std::move(verdict);
  } else {
    ++hub_.totals_.put_tokens_refused;
  }
  if (answers_.size() >= max_pending_answers) {
    stream_.engine().close(
        {"amqp:resource-limit-exceeded", "too many answers wait for credit on the $cbs receiver"});
    return;
  }
  answers_.push_back(std::move(answer));
  answer_due(now.mono);
}

token_verdict token_desk::judge(const put_token_request& request, wall_time now) {
  token_verdict verdict;
  if (!request.problem.empty()) {
    verdict.status = 400;
    verdict.description = request.problem;
  } else {
    verdict = judge_token(hub_.registry(), request.token, now);
    if (verdict.expired) verdict.description = hub_.describe(401003, verdict.description, now);
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
      verdict.description = hub_.describe(401003, "The specified SAS token is expired.", now);
    }
  }
  if (verdict.status == 200 && !grants_.has_room_for(verdict.path)) {
    verdict.status = 500;
    verdict.description =
        "The maximum number of tokens per connection (" + std::to_string(max_tokens) + ") has been reached.";
  }
  return verdict;
}

// PLAIN names "{device}@sas.{hub}" or "{policy}@sas.root.{hub}"; the token alone decides. EXTERNAL trusts a
// client certificate, and the emulator asks for none.
bool token_desk::admit_login(const amqp::sasl_init& init, moment now) {
  if (init.mechanism == "ANONYMOUS" || init.mechanism == "MSSBCBS") return true;
  if (init.mechanism != "PLAIN" || !init.response) return false;
  const auto login = amqp::parse_plain(init.response->reveal());
  if (!login) return false;
  const auto verdict = judge_token(hub_.registry(), login->password.reveal(), hub_.time_at(now));
  if (verdict.status != 200) return false;
  const auto at = login->user.find("@sas.");
  if (at == std::string::npos) return false;
  const auto name = login->user.substr(0, at);
  if (login->user.compare(at, 10, "@sas.root.") != 0 && verdict.device && verdict.device->str() != name)
    return false;
  grant(verdict);
  return true;
}

void token_desk::answer_due(mono_time now) {
  while (!answers_.empty() && answers_.front().due <= now) {
    auto& answer = answers_.front();
    auto* to = links_.answer_link(answer.reply_to);
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

void token_desk::grant(const token_verdict& verdict) {
  if (grants_.grant(verdict.path, verdict.expires, verdict.rights))
    stream_.wake(); // the next tick may be due earlier
}

std::optional<mono_time> token_desk::next_due(mono_time now) const {
  if (answers_.empty() || answers_.front().due <= now) return std::nullopt;
  return answers_.front().due;
}

} // namespace causeway::emulator
