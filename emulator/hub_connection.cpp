// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub_connection.h"

#include "azure/limits.h"
#include "base/encoding.h"
#include "emulator/d2c_decoder.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

constexpr std::size_t max_pending_answers = 1000;

std::string device_path(const identity& device) {
  return "/devices/" + device.str();
}

bool is_cbs(const std::string& address) {
  return equals_ignoring_case(address, cbs_address);
}

} // namespace

hub_connection::hub_connection(hub_service& hub, moment now, std::function<void()> wake)
    : hub_{hub}, wake_{std::move(wake)}, now_{now}, sasl_{std::in_place} {
  hub_.connections_.insert(this);
  ++hub_.totals_.connections;
}

hub_connection::~hub_connection() {
  hub_.connections_.erase(this);
}

void hub_connection::feed(std::string_view bytes, moment now) {
  now_ = now;
  if (finished()) return;
  if (!engine_) {
    feed_sasl(bytes);
    return;
  }
  engine_->feed(bytes);
  pump();
}

void hub_connection::feed_end(moment now) {
  now_ = now;
  if (!engine_) {
    cut_ = true;
    return;
  }
  engine_->feed_end();
  pump();
}

void hub_connection::feed_sasl(std::string_view bytes) {
  using step = amqp::sasl_server::step;
  auto fed = sasl_->feed(bytes);
  if (!fed) {
    out_ += sasl_->take_output();
    close_after_output_ = true;
    return;
  }
  if (*fed == step::init) {
    if (admit_login(sasl_->init()))
      sasl_->accept();
    else
      sasl_->refuse();
  }
  out_ += sasl_->take_output();
  switch (sasl_->at()) {
  case step::plain:
  case step::done:
    start_engine(sasl_->take_rest());
    break;
  case step::refused:
    close_after_output_ = true;
    break;
  case step::more:
  case step::init:
    break;
  }
}

// PLAIN names "{device}@sas.{hub}" or "{policy}@sas.root.{hub}"; the token alone decides. EXTERNAL trusts a
// client certificate, and the emulator asks for none.
bool hub_connection::admit_login(const amqp::sasl_init& init) {
  if (init.mechanism == "ANONYMOUS" || init.mechanism == "MSSBCBS") return true;
  if (init.mechanism != "PLAIN" || !init.response) return false;
  const auto login = amqp::parse_plain(init.response->reveal());
  if (!login) return false;
  const auto verdict = judge_token(hub_.registry(), login->password.reveal(), now_.wall);
  if (verdict.status != 200) return false;
  const auto at = login->user.find("@sas.");
  if (at == std::string::npos) return false;
  const auto name = login->user.substr(0, at);
  if (login->user.compare(at, 10, "@sas.root.") != 0 && verdict.device && verdict.device->str() != name)
    return false;
  grant(verdict);
  return true;
}

void hub_connection::start_engine(const std::string& first_bytes) {
  amqp::engine_options options;
  options.side = amqp::role::server;
  options.container_id = hub_.container_id();
  options.host_name = "localhost";
  options.max_frame = 65536;
  options.channel_max = 8191;
  options.idle_time_out = std::chrono::minutes{4};
  engine_.emplace(std::move(options));
  engine_->tick(now_.mono);
  engine_->feed(first_bytes);
  pump();
}

bool hub_connection::take_output(std::string& out) {
  if (cut_) return false;
  if (engine_) engine_->take_output(out_);
  if (out_.empty()) return false;
  out += out_;
  out_.clear();
  return true;
}

bool hub_connection::finished() const {
  if (cut_) return true;
  if (!out_.empty()) return false;
  return close_after_output_ || (engine_ && engine_->finished());
}

std::optional<mono_time> hub_connection::tick(moment now) {
  now_ = now;
  if (!engine_ || finished()) return std::nullopt;
  auto next = engine_->tick(now.mono);
  pump();
  expire_grants();
  if (next_expiry_) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next_expiry_ - now.wall);
    const auto due = now.mono + wait;
    next = next ? std::min(*next, due) : due;
  }
  return next;
}

void hub_connection::cut() {
  cut_ = true;
  wake();
}

void hub_connection::wake() {
  if (wake_) wake_();
}

void hub_connection::pump() {
  if (pumping_) return; // a listener of the ledger may come back here
  pumping_ = true;
  while (auto event = engine_->next_event()) {
    on_event(*event);
    if (cut_) break;
  }
  pumping_ = false;
  engine_->take_output(out_);
}

void hub_connection::on_event(amqp::event& event) {
  using kind = amqp::event_kind;
  switch (event.kind) {
  case kind::connection_opened:
    engine_->open();
    break;
  case kind::connection_closed:
    engine_->close();
    break;
  case kind::session_opened:
    event.session.open();
    break;
  case kind::session_closed:
    on_session_closed(event.session);
    break;
  case kind::link_opened:
    on_link_opened(event.link);
    break;
  case kind::link_closed:
    on_link_closed(event.link);
    break;
  case kind::link_flow:
    send_answers();
    break;
  case kind::message:
    on_message(event);
    break;
  case kind::message_aborted:
    if (auto* state = reinterpret_cast<link_state*>(event.link.context());
        state != nullptr && !event.condition.empty())
      state->closing = true; // too large: the engine closes the link
    break;
  case kind::outcome:
    event.delivery.settle();
    break;
  case kind::transport_fault:
  case kind::transport_closed:
    close_after_output_ = true;
    break;
  }
}

void hub_connection::on_link_opened(amqp::link link) {
  if (link.context() != 0) return;
  // A sender of ours answers the client's receiver: its address is the source.
  const bool to_client = link.is_sender();
  const auto source = link.remote_source(), target = link.remote_target();
  if (is_cbs(source) || is_cbs(target)) {
    add_link(link, to_client ? link_kind::cbs_answer : link_kind::cbs_request, {});
    return;
  }
  const auto address = azure::parse_link_address(to_client ? source : target);
  if (!address || (address->role == azure::link_role::telemetry && to_client) ||
      (address->role == azure::link_role::c2d && !to_client)) {
    refuse_link(link, "amqp:not-found", "The link address did not match any of the expected formats");
    return;
  }
  if (const auto device = judge_device(hub_.registry(), address->device); device.status != 200) {
    refuse_link(link, device.status == 404 ? "amqp:not-found" : "amqp:unauthorized-access",
                device.description);
    return;
  }
  if (!authorised(address->device)) {
    refuse_link(link, "amqp:unauthorized-access", "Unauthorized access to " + address->device.str());
    return;
  }
  if (address->role == azure::link_role::twin) {
    refuse_link(link, "amqp:not-implemented", "the emulator has no twins");
    return;
  }
  add_link(link, address->role == azure::link_role::telemetry ? link_kind::telemetry : link_kind::silent,
           address->device);
}

void hub_connection::refuse_link(amqp::link link, const std::string& condition,
                                 const std::string& description) {
  ++hub_.totals_.attaches_refused;
  link.refuse({condition, description});
}

void hub_connection::add_link(amqp::link link, link_kind kind, identity device) {
  auto state = std::make_unique<link_state>();
  state->link = link;
  state->kind = kind;
  state->device = std::move(device);
  if (kind == link_kind::cbs_answer) {
    state->reply_address = link.remote_target();
    answer_links_.push_back(state.get());
  }
  link.set_context(reinterpret_cast<std::uintptr_t>(state.get()));
  link.copy_remote();
  link.set_max_message_size(azure::max_d2c_frame_bytes);
  link.open();
  if (kind == link_kind::telemetry) {
    ++telemetry_links_;
    ++hub_.totals_.attaches;
    link.add_credit(telemetry_credit);
  } else if (kind == link_kind::cbs_request) {
    link.add_credit(cbs_credit);
  } else if (!link.is_sender()) {
    link.add_credit(telemetry_credit); // answers to direct methods; there are none
  }
  links_.emplace(state.get(), std::move(state));
}

void hub_connection::drop_link(link_state* state) {
  if (state->kind == link_kind::telemetry) --telemetry_links_;
  std::erase(answer_links_, state);
  std::erase_if(held_, [&](const held_message& held) { return held.on == state; });
  links_.erase(state);
}

void hub_connection::on_link_closed(amqp::link link) {
  if (auto* state = reinterpret_cast<link_state*>(link.context())) {
    if (!state->closing) link.close();
    drop_link(state);
  }
  // Without a state the link was refused: both sides have closed it.
  link.free();
}

void hub_connection::on_session_closed(amqp::session session) {
  std::vector<link_state*> gone;
  for (const auto& [key, state] : links_)
    if (state->link.session() == session) gone.push_back(state.get());
  for (auto* state : gone)
    drop_link(state);
  session.close();
  session.free();
}

void hub_connection::detach_link(link_state& state, const amqp::condition& why) {
  if (state.closing) return;
  state.closing = true;
  ++hub_.totals_.detaches;
  state.link.close(why);
}

void hub_connection::detach(const identity& device, const amqp::condition& why) {
  if (!engine_ || finished()) return;
  for (const auto& [key, state] : links_)
    if (!state->device.empty() && state->device == device) detach_link(*state, why);
  engine_->take_output(out_);
  wake();
}

void hub_connection::forget_token(const identity& device) {
  grants_.erase(device_path(device));
}

void hub_connection::on_message(amqp::event& event) {
  auto* state = reinterpret_cast<link_state*>(event.link.context());
  if (state == nullptr || state->closing) {
    event.delivery.settle({amqp::outcome_kind::released, {}});
    return;
  }
  switch (state->kind) {
  case link_kind::cbs_request:
    on_put_token(*state, event);
    break;
  case link_kind::telemetry:
    if (hub_.faults().active(fault_kind::hub_hang)) {
      held_.push_back({state, event.delivery, std::move(event.payload)}); // bounded by the credit
      break;
    }
    on_telemetry(*state, event.delivery, event.payload);
    break;
  case link_kind::silent:
  case link_kind::cbs_answer:
    event.delivery.settle({amqp::outcome_kind::accepted, {}});
    break;
  }
}

void hub_connection::resume() {
  if (!engine_ || finished()) return;
  while (!held_.empty()) {
    auto held = std::move(held_.front());
    held_.pop_front();
    on_telemetry(*held.on, held.delivery, held.payload);
  }
  engine_->take_output(out_);
  wake();
}

void hub_connection::replenish(link_state& state, int credit) {
  if (++state.used * 4 < credit * 3) return;
  state.link.add_credit(state.used);
  state.used = 0;
}

void hub_connection::on_put_token(link_state& on, amqp::event& event) {
  ++hub_.totals_.put_tokens;
  auto request = parse_put_token(event.payload);
  // The C SDK wants the disposition before the answer, and Proton would write them the other way round.
  if (!event.settled) {
    event.delivery.settle({amqp::outcome_kind::accepted, {}});
    engine_->take_output(out_);
  }
  replenish(on, cbs_credit);

  token_verdict verdict;
  if (!request.problem.empty()) {
    verdict.status = 400;
    verdict.description = request.problem;
  } else {
    verdict = judge_token(hub_.registry(), request.token, now_.wall);
  }
  const auto name = verdict.device ? verdict.device->str() : request.name;
  if (const auto fault = hub_.faults().use(fault_kind::put_token_status, name)) {
    verdict.status = fault->status;
    verdict.description = fault->description.empty() ? "Injected fault." : fault->description;
  }
  if (verdict.status == 200 && tokens_seen_.size() >= max_tokens && !tokens_seen_.contains(verdict.path)) {
    verdict.status = 500;
    verdict.description =
        "The maximum number of tokens per connection (" + std::to_string(max_tokens) + ") has been reached.";
  }
  if (verdict.status == 200)
    grant(verdict);
  else
    ++hub_.totals_.put_tokens_refused;
  answer_put_token({std::move(request.reply_to),
                    make_put_token_answer(request.message_id, verdict.status, verdict.description)});
}

void hub_connection::answer_put_token(pending_answer answer) {
  if (answers_.size() >= max_pending_answers) {
    engine_->close({"amqp:resource-limit-exceeded", "too many answers wait for credit on the $cbs receiver"});
    return;
  }
  answers_.push_back(std::move(answer));
  send_answers();
}

hub_connection::link_state* hub_connection::answer_link(const std::string& reply_to) {
  link_state* any = nullptr;
  for (auto* state : answer_links_) {
    if (state->closing) continue;
    if (state->reply_address == reply_to) return state;
    any = state;
  }
  return any;
}

void hub_connection::send_answers() {
  while (!answers_.empty()) {
    auto* to = answer_link(answers_.front().reply_to);
    if (to == nullptr || to->link.credit() <= 0) return;
    std::string tag(4, '\0');
    for (std::size_t i = 0; i < 4; ++i)
      tag[i] = static_cast<char>(static_cast<std::uint8_t>(next_tag_ >> (8 * i)));
    ++next_tag_;
    to->link.send(tag, answers_.front().encoded, false);
    answers_.pop_front();
  }
}

void hub_connection::reject(amqp::delivery delivery, const std::string& condition,
                            const std::string& description) {
  ++hub_.totals_.messages_rejected;
  delivery.settle({amqp::outcome_kind::rejected, {condition, description}});
}

void hub_connection::on_telemetry(link_state& on, amqp::delivery delivery, const std::string& payload) {
  replenish(on, telemetry_credit);
  if (payload.size() > azure::max_d2c_bytes)
    return reject(delivery, "amqp:link:message-size-exceeded", "The message is larger than 262144 bytes.");
  if (const auto fault = hub_.faults().use(fault_kind::reject_messages, on.device.str()))
    return reject(delivery, fault->condition, fault->description);
  auto messages = decode_d2c(payload);
  if (!messages) return reject(delivery, "amqp:decode-error", messages.fault().message());
  for (auto& message : *messages)
    hub_.ledger().record(on.device, std::move(message), now_.wall, hub_.index());
  delivery.settle({amqp::outcome_kind::accepted, {}});
}

void hub_connection::grant(const token_verdict& verdict) {
  tokens_seen_.insert(verdict.path);
  grants_.insert_or_assign(verdict.path, verdict.expires);
  if (!next_expiry_ || verdict.expires < *next_expiry_) next_expiry_ = verdict.expires;
  wake(); // the next tick may be due earlier
}

bool hub_connection::authorised(const identity& device) const {
  const auto valid = [&](const std::string& path) {
    const auto found = grants_.find(path);
    return found != grants_.end() && found->second > now_.wall;
  };
  return valid("") || valid("/devices") || valid(device_path(device));
}

void hub_connection::expire_grants() {
  if (!next_expiry_ || *next_expiry_ > now_.wall) return;
  std::erase_if(grants_, [&](const auto& entry) { return entry.second <= now_.wall; });
  next_expiry_.reset();
  for (const auto& [path, expires] : grants_)
    if (!next_expiry_ || expires < *next_expiry_) next_expiry_ = expires;
  for (const auto& [key, state] : links_)
    if (!state->device.empty() && !authorised(state->device))
      detach_link(*state, {"amqp:unauthorized-access",
                           "The token of device " + state->device.str() + " is expired."});
  engine_->take_output(out_);
}

} // namespace causeway::emulator
