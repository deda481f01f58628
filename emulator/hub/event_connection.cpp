// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/event_connection.h"

#include "base/earliest.h"
#include "base/encoding.h"

#include <algorithm>
#include <array>

namespace causeway::emulator {
namespace {

constexpr std::string_view management_address = "$management";
constexpr int request_credit = 100;
constexpr std::size_t events_between_flushes = 50;

bool is_address(const std::string& address, std::string_view expected) {
  return equals_ignoring_case(address, expected);
}

// "iothub-0/ConsumerGroups/$Default/Partitions/3"; the ids of hub, group and partition.
std::optional<std::array<std::string, 3>> parse_partition_address(std::string_view address) {
  while (address.starts_with('/'))
    address.remove_prefix(1);
  std::vector<std::string> parts;
  while (true) {
    const auto slash = address.find('/');
    parts.push_back(percent_decode(address.substr(0, slash)));
    if (slash == std::string_view::npos) break;
    address.remove_prefix(slash + 1);
  }
  if (parts.size() != 5 || !equals_ignoring_case(parts[1], "consumergroups") ||
      !equals_ignoring_case(parts[3], "partitions"))
    return std::nullopt;
  return std::array{parts[0], parts[2], parts[4]};
}

} // namespace

event_connection::event_connection(event_endpoint& endpoint, moment now, std::function<void()> wake)
    : endpoint_{endpoint},
      wake_{std::move(wake)},
      now_{now},
      sasl_{std::in_place, std::vector<std::string>{"MSSBCBS", "ANONYMOUS"}} {
  endpoint_.connections_.insert(this);
  ++endpoint_.totals_.connections;
}

event_connection::~event_connection() {
  drop_receivers();
  endpoint_.connections_.erase(this);
}

void event_connection::feed(std::string_view bytes, moment now) {
  now_ = now;
  if (finished()) return;
  if (!engine_) {
    feed_sasl(bytes);
    return;
  }
  engine_->feed(ended_.pass(bytes));
  pump();
}

void event_connection::feed_end(moment now) {
  now_ = now;
  if (!engine_) {
    close_after_output_ = true;
    return;
  }
  engine_->feed_end();
  pump();
}

void event_connection::feed_sasl(std::string_view bytes) {
  using step = amqp::sasl_server::step;
  auto fed = sasl_->feed(bytes);
  if (fed && *fed == step::init) {
    const auto& mechanism = sasl_->init().mechanism;
    if (mechanism == "ANONYMOUS" || mechanism == "MSSBCBS")
      sasl_->accept();
    else
      sasl_->refuse();
  }
  out_ += sasl_->take_output();
  if (!fed || sasl_->at() == step::refused)
    close_after_output_ = true;
  else if (sasl_->at() == step::plain || sasl_->at() == step::done)
    start_engine(sasl_->take_rest());
}

void event_connection::start_engine(const std::string& first_bytes) {
  amqp::engine_options options;
  options.side = amqp::role::server;
  options.container_id = "causeway-emulator-events";
  options.host_name = "localhost";
  options.idle_time_out = std::chrono::seconds{60};
  engine_.emplace(std::move(options));
  engine_->tick(now_.mono);
  engine_->feed(ended_.pass(first_bytes));
  pump();
}

bool event_connection::take_output(std::string& out) {
  if (engine_) engine_->take_output(out_);
  if (out_.empty()) return false;
  out += out_;
  out_.clear();
  return true;
}

bool event_connection::finished() const {
  return out_.empty() && (close_after_output_ || (engine_ && engine_->finished()));
}

std::optional<mono_time> event_connection::tick(moment now) {
  now_ = now;
  if (!engine_ || finished()) return std::nullopt;
  auto next = engine_->tick(now.mono);
  pump();
  expire_grants();
  for (const auto& [path, expires] : grants_) {
    next = earliest({next, now.mono + std::chrono::ceil<std::chrono::milliseconds>(expires - now.wall)});
  }
  return next;
}

void event_connection::on_events() {
  const bool reads = std::any_of(links_.begin(), links_.end(),
                                 [](const event_link& link) { return link.kind == link_kind::events; });
  if (reads && wake_) wake_();
}

void event_connection::pump() {
  if (pumping_) return; // another connection's epoch may come back here
  pumping_ = true;
  while (auto event = engine_->next_event())
    on_event(*event);
  deliver();
  pumping_ = false;
  engine_->take_output(out_);
}

void event_connection::on_event(amqp::event& event) {
  using kind = amqp::event_kind;
  auto* link = reinterpret_cast<event_link*>(event.link ? event.link.context() : 0);
  switch (event.kind) {
  case kind::connection_opened:
    engine_->open();
    break;
  case kind::connection_closed:
    drop_receivers();
    engine_->close();
    break;
  case kind::session_opened:
    event.session.open();
    break;
  case kind::session_closed:
    for (auto at = links_.begin(); at != links_.end();) {
      auto& one = *at++;
      if (one.link.session() == event.session) drop_link(one);
    }
    event.session.close();
    event.session.free();
    break;
  case kind::link_opened:
    if (link == nullptr) on_link_opened(event.link);
    break;
  case kind::link_closed:
    if (link != nullptr) {
      if (link->kind != link_kind::ended) event.link.close();
      drop_link(*link);
    }
    event.link.free();
    break;
  case kind::message:
    on_message(event);
    break;
  case kind::outcome:
    event.delivery.settle();
    if (link != nullptr && link->reading.in_flight > 0) --link->reading.in_flight;
    break;
  case kind::message_aborted:
    if (link != nullptr && !event.condition.empty()) link->kind = link_kind::ended;
    break;
  case kind::link_flow:
    break; // pump() delivers
  case kind::transport_fault:
  case kind::transport_closed:
    drop_receivers();
    close_after_output_ = true;
    break;
  }
}

void event_connection::on_link_opened(amqp::link native) {
  links_.emplace_front();
  auto& link = links_.front();
  link.self = links_.begin();
  link.link = native;
  native.set_context(reinterpret_cast<std::uintptr_t>(&link));
  const bool to_client = native.is_sender();
  const auto source = native.remote_source(), target = native.remote_target();
  amqp::condition refusal;
  if (is_address(source, cbs_address) || is_address(target, cbs_address)) {
    link.kind = to_client ? link_kind::cbs_answer : link_kind::cbs;
  } else if (is_address(to_client ? source : target, management_address)) {
    link.kind = to_client ? link_kind::management_answer : link_kind::management;
    if (grants_.empty()) refusal = {"amqp:unauthorized-access", "There is no token on this connection."};
  } else if (!to_client) {
    refusal = {"amqp:not-allowed", "An IoT hub's built-in endpoint can only be read."};
  } else {
    refusal = prepare_receiver(link);
  }
  if (!refusal.empty()) {
    link.kind = link_kind::ended;
    native.refuse(refusal);
    return;
  }
  // The reply goes to the link's target, or, where it has none, to its name.
  link.reply_address = target.empty() ? native.name() : target;
  native.copy_remote();
  if (link.kind == link_kind::events)
    native.set_settle_modes(amqp::settle_mode::unsettled, native.remote_receive_mode());
  native.set_max_message_size(amqp::default_max_message_size);
  native.open();
  if (!to_client) native.add_credit(request_credit);
}

amqp::condition event_connection::prepare_receiver(event_link& link) {
  auto& reading = link.reading;
  const auto address = link.link.remote_source();
  const auto parts = parse_partition_address(address);
  if (parts) reading.hub = endpoint_.find((*parts)[0]);
  if (!parts || reading.hub == nullptr)
    return {"amqp:not-found", "The messaging entity '" + address + "' could not be found."};
  auto path = "/" + to_lower(address);
  if (address.starts_with('/')) path.erase(0, 1);
  if (!authorised(path))
    return {"amqp:unauthorized-access",
            "Unauthorized access. 'Listen' claim(s) are required to perform this operation: " + address};
  const auto number = reading.hub->find_partition((*parts)[2]);
  if (!number)
    return {"com.microsoft:argument-out-of-range",
            "The specified partition is invalid for an EventHub partition sender or receiver. It should be "
            "between 0 and " +
                std::to_string(reading.hub->log->partitions() - 1) + "."};
  event_position from;
  const auto filter = link.link.remote_source_filter();
  if (const auto* selector = filter.find("apache.org:selector-filter:string")) {
    const auto* described = selector->as<amqp::described>();
    const auto* clause = described == nullptr ? selector->text() : described->content->text();
    const auto parsed = parse_event_selector(clause == nullptr ? std::string_view{} : *clause);
    if (!parsed) return {"com.microsoft:argument-error", parsed.fault().detail()};
    from = *parsed;
  }
  const auto properties = link.link.remote_properties();
  if (const auto* epoch = properties.find("com.microsoft:epoch")) reading.epoch = epoch->integer();
  reading.owner = this;
  reading.link = link.link;
  reading.group = to_lower((*parts)[1]);
  reading.partition = *number;
  reading.next = reading.hub->log->resolve(*number, from);
  auto refusal = endpoint_.admit(reading);
  if (refusal.empty()) link.kind = link_kind::events;
  return refusal;
}

void event_connection::on_message(amqp::event& event) {
  auto* link = reinterpret_cast<event_link*>(event.link.context());
  const bool wanted =
      link != nullptr && (link->kind == link_kind::cbs || link->kind == link_kind::management);
  event.delivery.settle({wanted ? amqp::outcome_kind::accepted : amqp::outcome_kind::released, {}});
  engine_->take_output(out_); // the disposition before the answer
  if (!wanted) return;
  if (++link->used * 2 >= request_credit) {
    link->link.add_credit(link->used);
    link->used = 0;
  }
  if (link->kind == link_kind::cbs)
    answer_put_token(event);
  else
    answer_management(event);
}

bool event_connection::authorised(std::string_view path) const {
  return std::any_of(grants_.begin(), grants_.end(), [&](const auto& grant) {
    const auto& granted = grant.first;
    return grant.second > now_.wall && path.starts_with(granted) &&
           (path.size() == granted.size() || path[granted.size()] == '/');
  });
}

void event_connection::expire_grants() {
  if (std::erase_if(grants_, [&](const auto& grant) { return grant.second <= now_.wall; }) == 0) return;
  for (auto& link : links_) {
    if (link.kind != link_kind::events) continue;
    auto address = to_lower(link.link.remote_source());
    if (!address.starts_with('/')) address.insert(0, 1, '/');
    if (!authorised(address))
      end_receiver(link.reading, {"amqp:unauthorized-access", "ExpiredToken: The token is expired."});
  }
}

void event_connection::deliver() {
  for (auto& link : links_)
    if (link.kind == link_kind::events) deliver_to(link.reading);
}

void event_connection::deliver_to(event_receiver& receiver) {
  std::size_t since_flush = 0;
  while (receiver.link.credit() > 0 && receiver.in_flight < max_in_flight && out_.size() < max_output) {
    const auto* kept = receiver.hub->log->find(receiver.partition, receiver.next);
    if (kept == nullptr) return;
    receiver.link.send(std::to_string(next_tag_++), stamp_event(*kept), false);
    receiver.next = kept->sequence + 1;
    ++receiver.in_flight;
    ++endpoint_.totals_.delivered;
    if (++since_flush % events_between_flushes == 0) engine_->take_output(out_);
  }
}

void event_connection::end_receiver(event_receiver& receiver, const amqp::condition& why) {
  auto* link = reinterpret_cast<event_link*>(receiver.link.context());
  endpoint_.remove(receiver);
  link->kind = link_kind::ended;
  receiver.link.close(why);
  if (wake_) wake_();
}

void event_connection::drop_link(event_link& link) {
  if (link.kind == link_kind::events) endpoint_.remove(link.reading);
  links_.erase(link.self);
}

void event_connection::drop_receivers() {
  for (auto& link : links_) {
    if (link.kind != link_kind::events) continue;
    endpoint_.remove(link.reading);
    link.kind = link_kind::ended;
  }
}

} // namespace causeway::emulator
