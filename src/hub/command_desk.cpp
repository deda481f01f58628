// SPDX-License-Identifier: Apache-2.0
#include "hub/command_desk.h"

#include "base/backoff.h"
#include "base/earliest.h"
#include "hub/device_links.h"
#include "hub/hub_error.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace causeway::hub {
namespace {

// Another client may hold the link for as long as it likes, and each try takes it away from it.
constexpr backoff_policy pauses{seconds{5}, std::chrono::minutes{10}};

// In [0, 1): a fleet whose links are refused at once does not come again at once.
double spread(device_ref device) {
  constexpr std::uint32_t golden = 2'654'435'769U; // Fibonacci hashing: neighbours lie far apart
  return static_cast<double>(index_of(device) * golden) /
         (static_cast<double>(std::numeric_limits<std::uint32_t>::max()) + 1);
}

constexpr std::uint32_t handles_with_a_pair = 3; // the highest of four
constexpr std::uint32_t handles_with_two_pairs = 5;

result<std::string> outcome_of(twin_request what, const twin_answer& from) {
  const bool is_good = what == twin_request::read ? from.status == 200 : from.status / 100 == 2;
  if (!is_good) return error_from_status(from.status, from.body);
  if (what != twin_request::read) return std::string{};
  if (from.body.empty()) return error{errc::hub_protocol, "a twin without a document"};
  return from.body;
}

} // namespace

command_desk::command_desk(const connection_options& options, session_table& table,
                           connection_counters& counters)
    : options_{options},
      table_{table},
      counters_{counters},
      c2d_{table, counters},
      methods_{table, counters},
      twins_{table},
      last_delivery_{options.first_delivery} {
  c2d_.accept(options.takes_c2d);
}

side_links* command_desk::links_of(device_session& who, side which) {
  if (!who.commands) return nullptr;
  if (which == side::methods) return who.commands->methods.get();
  if (which == side::twin) return who.commands->twin.get();
  return who.commands->takes_c2d ? &who.commands->c2d : nullptr;
}

std::string_view command_desk::name_of(side which) {
  switch (which) {
  case side::methods:
    return "methods";
  case side::twin:
    return "twin";
  case side::c2d:
    break;
  }
  return "c2d";
}

std::optional<command_desk::side> command_desk::side_of(device_session& who, const amqp::link& link) {
  for (const auto which : all_sides)
    if (const auto* const links = links_of(who, which);
        links != nullptr && (links->in == link || links->out == link))
      return which;
  return std::nullopt;
}

void command_desk::begin(device_session& who, const link_wish& wish, std::uint32_t handle_max,
                         mono_time now) {
  const bool has_methods = wish.methods && handle_max >= handles_with_a_pair;
  const bool has_twin =
      wish.twin && handle_max >= (has_methods ? handles_with_two_pairs : handles_with_a_pair);
  if (!wish.commands && !has_methods && !has_twin) return;
  who.commands = std::make_unique<device_commands>();
  who.commands->takes_c2d = wish.commands;
  if (has_methods) who.commands->methods = std::make_unique<method_side>();
  if (has_twin) who.commands->twin = std::make_unique<twin_side>();
  for (const auto which : all_sides)
    if (links_of(who, which) != nullptr) open(who, which, now);
}

void command_desk::open(device_session& who, side which, mono_time now) {
  auto& links = *links_of(who, which);
  links.leaves = links.comes_again = false;
  links.opened = now;
  link_terms terms{who.identity, options_.client_version, ++last_link_, {}, {}};
  if (which == side::c2d) {
    links.in = open_link(device_link::c2d, who.session, terms);
    return;
  }
  terms.channel_pair =
      std::string{name_of(which)} + ":" + options_.container_id + "-" + std::to_string(last_link_);
  const bool is_twin = which == side::twin;
  links.out =
      open_link(is_twin ? device_link::twin_requests : device_link::method_answers, who.session, terms);
  links.in = open_link(is_twin ? device_link::twin_answers : device_link::method_calls, who.session, terms);
}

void command_desk::replenish(device_session& who, side which) {
  switch (which) {
  case side::c2d:
    return c2d_.replenish(who);
  case side::methods:
    return methods_.replenish(who);
  case side::twin:
    if (twins_.replenish(who)) news_.emplace_back(twin_linked{who.device});
  }
}

void command_desk::on_attached(device_session& who) {
  for (const auto which : all_sides)
    if (links_of(who, which) != nullptr) replenish(who, which);
}

void command_desk::on_event(device_session& who, const amqp::event& what, mono_time now) {
  const auto which = side_of(who, what.link);
  if (!which) return;
  switch (what.kind) {
  case amqp::event_kind::link_opened:
  case amqp::event_kind::link_flow:
    return replenish(who, *which);
  case amqp::event_kind::link_closed:
    return on_closed(who, *which, what.link, now);
  case amqp::event_kind::message:
    if (*which == side::twin) return on_twin(who, what, now);
    return *which == side::c2d ? on_c2d(who, what, now) : on_call(who, what, now);
  case amqp::event_kind::outcome: // of an answer: the caller has it, or does not wait any more
    if (amqp::delivery answered = what.delivery; answered) answered.settle();
    return;
  default:
    return;
  }
}

// The hub's DETACH: the link's memory is given back, and its unsettled deliveries with it.
void command_desk::on_closed(device_session& who, side which, amqp::link link, mono_time now) {
  auto& links = *links_of(who, which);
  const auto why = error_from_condition(link.remote_condition());
  (links.in == link ? links.in : links.out) = {};
  link.close();
  if (!links.leaves) on_lost(who, which, why, now);
  link.free();
  if (links.is_gone() && links.comes_again) {
    c2d_intake::forget(who.commands->c2d);
    open(who, which, now);
  }
}

void command_desk::on_lost(device_session& who, side which, const error& why, mono_time now) {
  auto& links = *links_of(who, which);
  links.leaves = true;
  switch (which) {
  case side::c2d:
    c2d_intake::forget(who.commands->c2d);
    break;
  case side::methods:
    method_intake::forget(*who.commands->methods);
    break;
  case side::twin:
    twin_intake::forget(*who.commands->twin);
  }
  for (amqp::link* other : {&links.in, &links.out})
    if (*other) other->close();
  if (now - links.opened >= pauses.longest) links.failures = 0; // it had lasted
  const auto pause = pause_after(pauses, links.failures, spread(who.device));
  if (links.failures < std::numeric_limits<std::uint8_t>::max()) ++links.failures;
  ++counters_.command_links_lost;
  retries_.emplace(now + pause, retry{who.context(), which});
  news_.emplace_back(command_trouble{who.device, name_of(which), why, pause});
}

void command_desk::refuse(device_session& who, side which, const amqp::event& what, const error& why) {
  if (amqp::delivery given = what.delivery; given) given.settle({amqp::outcome_kind::rejected, {}});
  ++counters_.commands_malformed;
  news_.emplace_back(command_trouble{who.device, name_of(which), why, std::nullopt});
  replenish(who, which);
}

void command_desk::on_c2d(device_session& who, const amqp::event& what, mono_time now) {
  amqp::delivery given = what.delivery;
  if (!c2d_.has_room(who)) return given.settle({amqp::outcome_kind::released, {}});
  auto read = decode_c2d(what.payload);
  if (!read) return refuse(who, side::c2d, what, read.fault());
  read->number = next_number();
  c2d_.take(who, read->number, given, now);
  news_.emplace_back(c2d_given{who.device, std::move(*read)});
}

void command_desk::on_call(device_session& who, const amqp::event& what, mono_time now) {
  amqp::delivery given = what.delivery;
  if (!methods_.has_room(who)) return given.settle({amqp::outcome_kind::released, {}});
  auto read = decode_method_call(what.payload);
  if (!read) return refuse(who, side::methods, what, read.fault());
  given.settle({amqp::outcome_kind::accepted, {}}); // its answer is a message of its own
  read->call.number = next_number();
  methods_.take(who, read->call.number, std::move(read->correlation), now);
  news_.emplace_back(method_called{who.device, std::move(read->call)});
}

void command_desk::on_twin(device_session& who, const amqp::event& what, mono_time now) {
  amqp::delivery given = what.delivery;
  auto read = decode_twin(what.payload);
  if (!read) return refuse(who, side::twin, what, read.fault());
  given.settle({amqp::outcome_kind::accepted, {}});
  if (const auto* const answer = std::get_if<twin_answer>(&*read)) {
    on_twin_answer(who, *answer, now);
  } else if (who.commands->twin->at == twin_side::stage::open) { // before that only a read shows it
    ++counters_.twin_changes;
    news_.emplace_back(twin_changed{who.device, std::move(std::get<twin_push>(*read).patch)});
  }
  replenish(who, side::twin);
}

void command_desk::on_twin_answer(device_session& who, const twin_answer& what, mono_time now) {
  const auto ended = twins_.on_answer(who, what.request);
  if (!ended) return;
  auto outcome = outcome_of(ended->what, what);
  const auto fault = outcome ? std::nullopt : std::optional{outcome.fault()};
  news_.emplace_back(twin_answered{who.device, ended->what, ended->asked, std::move(outcome)});
  if (ended->what != twin_request::subscribe) return;
  if (fault) return on_lost(who, side::twin, *fault, now);
  who.commands->twin->at = twin_side::stage::open;
}

model::delivery_number command_desk::next_number() {
  return model::delivery_number{++last_delivery_};
}

void command_desk::forget(device_session& who) {
  if (!who.commands) return;
  c2d_intake::forget(who.commands->c2d);
  if (who.commands->methods) method_intake::forget(*who.commands->methods);
  if (who.commands->twin) twin_intake::forget(*who.commands->twin);
  std::erase_if(news_, [&](const command_news& one) {
    return std::visit([&](const auto& what) { return what.device == who.device; }, one);
  });
}

void command_desk::settle(device_ref device, model::delivery_number which, model::c2d_settlement how,
                          moment now) {
  auto* const who = table_.find(device);
  if (who != nullptr && links_of(*who, side::c2d) != nullptr) c2d_.settle(*who, which, how, now.mono);
}

void command_desk::answer(device_ref device, model::delivery_number which, const model::method_answer& what) {
  auto* const who = table_.find(device);
  if (who != nullptr && links_of(*who, side::methods) != nullptr) methods_.answer(*who, which, what);
}

void command_desk::take_c2d(bool any) {
  c2d_.accept(any);
  for (const std::uint32_t place : table_.owned())
    if (auto& who = table_.at(place); links_of(who, side::c2d) != nullptr) c2d_.replenish(who);
}

bool command_desk::can_ask_twin(device_ref device, twin_request what) {
  auto* const who = table_.find(device);
  return who != nullptr && links_of(*who, side::twin) != nullptr && twin_intake::can_ask(*who, what);
}

void command_desk::ask_twin(device_ref device, twin_request what, std::string_view patch, mono_time now) {
  if (can_ask_twin(device, what)) twins_.ask(*table_.find(device), what, patch, now);
}

std::vector<command_news> command_desk::take_news() {
  return std::exchange(news_, {});
}

void command_desk::tick(mono_time now) {
  c2d_.tick(now);
  methods_.tick(now);
  while (const auto over = twins_.take_overdue(now)) {
    const error why{errc::hub_answer_missing, "of its twin"};
    ++counters_.twin_unanswered;
    news_.emplace_back(twin_answered{over->who->device, over->request.what, over->request.asked, why});
    on_lost(*over->who, side::twin, why, now);
  }
  while (!retries_.empty() && retries_.begin()->first <= now) {
    const auto next = retries_.extract(retries_.begin()).mapped();
    auto* const who = table_.find_context(next.context);
    const bool is_here =
        who != nullptr && (who->state == session_state::attaching || who->state == session_state::attached);
    if (!is_here) continue;
    if (links_of(*who, next.which)->is_gone())
      open(*who, next.which, now);
    else // the hub's own DETACH is still to come
      retries_.emplace(now + pauses.first, next);
  }
}

std::optional<mono_time> command_desk::deadline() const {
  std::optional<mono_time> next_try;
  if (!retries_.empty()) next_try = retries_.begin()->first;
  return earliest({c2d_.deadline(), methods_.deadline(), twins_.deadline(), next_try});
}

} // namespace causeway::hub
