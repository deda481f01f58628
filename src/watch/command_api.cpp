// SPDX-License-Identifier: Apache-2.0
#include "watch/command_api.h"

#include "base/log.h"
#include "watch/api_call.h"
#include "watch/command_page.h"

#include <string>
#include <utility>

namespace causeway::watch {
namespace {

namespace json = boost::json;

constexpr std::string_view one_of = "/api/commands/", clear_path = "/api/commands/clear";

// Errors: field_invalid.
result<std::optional<model::command_state>> read_state(const parameters& asked) {
  const auto name = asked.text("state");
  if (name.empty()) return std::optional<model::command_state>{};
  for (std::size_t i = 0; i < model::command_states; ++i)
    if (const auto state = static_cast<model::command_state>(i); model::to_string(state) == name)
      return std::optional{state};
  return error{errc::field_invalid, "state is none that a command can have: " + name};
}

// Errors: field_invalid.
result<model::command_query> read_query(const parameters& asked) {
  if (auto good = asked.only({"after", "limit", "application", "device", "state"}); !good)
    return std::move(good).fault();
  const auto limit = asked.limit();
  if (!limit) return limit.fault();
  const auto after = asked.number<std::uint64_t>("after");
  if (!after) return after.fault();
  const auto state = read_state(asked);
  if (!state) return state.fault();
  return model::command_query{after->value_or(0), *limit, asked.text("application"), asked.text("device"),
                              *state};
}

std::string who(const net::http_request& request) {
  return request.peer.empty() ? "socket" : request.peer;
}

// Errors: field_invalid, not_found.
result<model::device_key> read_device(const parameters& asked, const command_view& view) {
  if (auto good = asked.only({"application", "device"}); !good) return std::move(good).fault();
  const device_id device{asked.text("device")};
  if (device.str().empty()) return error{errc::field_invalid, "device is missing"};
  const application_id application{asked.text("application")};
  if (!application.str().empty()) return model::device_key{application, device};
  auto owner = view.owner_of(device);
  if (!owner) return std::move(owner).fault();
  return model::device_key{*std::move(owner), device};
}

net::http_response answer_of(const model::device_key& of, const model::queue_clearing& how) {
  const auto words = how.error_name + (how.error_text.empty() ? "" : ": " + how.error_text);
  switch (how.how) {
  case model::clearing_end::done:
    return answer_json({{"application", of.application.str()},
                        {"device", of.device.str()},
                        {"cleared", true},
                        {"cancelled", how.cancelled}});
  case model::clearing_end::unknown:
    return refuse(error{errc::not_found, "no device " + of.device.str() + " is known"});
  case model::clearing_end::not_begun:
    return refuse(503,
                  error{errc::queue_busy, "a push to " + of.device.str() +
                                              " is under way, or The Things Stack takes none; try again"});
  case model::clearing_end::closed:
    return refuse(503, error{errc::commands_closed, "the gateway stops"});
  case model::clearing_end::refused:
    return refuse(502, error{errc::downlink_refused, words});
  case model::clearing_end::unanswered:
    break;
  }
  return refuse(504, error{errc::queue_in_doubt, words});
}

void note_clearing(const net::http_request& request, const model::device_key& of,
                   const model::queue_clearing& how) {
  if (how.how != model::clearing_end::done && how.how != model::clearing_end::unanswered) return;
  log::info("audit", {{"who", who(request)},
                      {"what", "commands.clear"},
                      {"application", of.application},
                      {"device", of.device},
                      {"known", how.how == model::clearing_end::done},
                      {"cancelled", how.cancelled}});
}

} // namespace

net::task<net::http_response> command_api::handle(net::http_request request, bool may_change) const {
  if (request.path() != clear_path) {
    if (request.method != "DELETE" || !may_change || !request.path().starts_with(one_of))
      co_return answer(request, may_change);
    auto said = co_await cancel(std::move(request));
    co_return said;
  }
  if (request.method != "POST") co_return refuse(405, error{errc::method_not_allowed, "only POST"});
  if (!may_change) co_return refuse_change();
  auto said = co_await clear(std::move(request));
  co_return said;
}

net::http_response command_api::answer(const net::http_request& request, bool may_change) const {
  const bool is_look = request.method == "GET" || request.method == "HEAD";
  if (!is_look && !may_change) return refuse_change();
  if (request.path() == "/api/commands") {
    if (is_look) return list(request);
    return refuse(405, error{errc::method_not_allowed, "only GET and HEAD"});
  }
  const model::command_id which{percent_decode(request.path().substr(one_of.size()))};
  if (!is_look) return refuse(405, error{errc::method_not_allowed, "only GET, HEAD and DELETE"});
  if (const auto one = view_.command(which)) {
    auto shown = command_json(*one);
    shown["steps"] = steps_json(*one);
    return answer_json(shown);
  }
  return refuse(error{errc::not_found, "no command " + which.str() + " is in the ledger"});
}

net::http_response command_api::list(const net::http_request& request) const {
  const auto query = read_query(parameters{request.query()});
  if (!query) return refuse(query.fault());
  const auto page = view_.commands(*query);
  json::array found;
  for (const auto& one : page.commands)
    found.push_back(command_json(one));
  return answer_json(
      {{"commands", std::move(found)}, {"next", page.next ? json::value(*page.next) : json::value(nullptr)}});
}

net::task<net::http_response> command_api::cancel(net::http_request request) const {
  const model::command_id which{percent_decode(request.path().substr(one_of.size()))};
  const auto how = co_await view_.cancel(which);
  switch (how) {
  case model::calling_off::unknown:
    co_return refuse(error{errc::not_found, "no command " + which.str() + " is in the ledger"});
  case model::calling_off::pushed:
    co_return refuse(
        409, error{errc::command_pushed,
                   "The Things Stack cannot take one item out of a queue; `causeway commands clear` "
                   "empties all of its device's, and a message with Queue = replace takes its place"});
  case model::calling_off::ended:
    co_return refuse(409, error{errc::command_ended, which.str()});
  case model::calling_off::unavailable:
    co_return refuse(
        503, error{errc::store_unavailable,
                   "the command is not pushed meanwhile, and is called off as soon as the disk takes it"});
  case model::calling_off::done:
    break;
  }
  log::info("audit", {{"who", who(request)}, {"what", "commands.cancel"}, {"command", which.str()}});
  co_return answer_json({{"command", which.str()}, {"cancelled", true}});
}

net::task<net::http_response> command_api::clear(net::http_request request) const {
  const auto of = read_device(parameters{request.query()}, view_);
  if (!of) co_return refuse(of.fault());
  const auto how = co_await view_.clear(*of);
  note_clearing(request, *of, how);
  co_return answer_of(*of, how);
}

} // namespace causeway::watch
