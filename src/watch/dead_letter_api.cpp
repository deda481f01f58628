// SPDX-License-Identifier: Apache-2.0
#include "watch/dead_letter_api.h"

#include "watch/api_call.h"

#include <utility>

namespace causeway::watch {
namespace {

namespace json = boost::json;

constexpr std::size_t most_ids = 100;

json::object letter_json(const model::dead_letter& one) {
  return {{"id", one.id},
          {"at", format_rfc3339(one.at)},
          {"application", one.from.application.str()},
          {"device", one.from.device.str()},
          {"kind", one.is_event ? "event" : "message"},
          {"reason", one.reason},
          {"detail", one.detail},
          {"bytes", one.bytes}};
}

// Text where it is text; else base64 under another name.
void put_text(json::object& into, const std::string& name, const std::string& bytes) {
  if (is_utf8(bytes))
    into[name] = bytes;
  else
    into[name + "_base64"] = base64_encode(bytes);
}

void put_content(json::object& into, const model::dead_letter& one) {
  if (one.is_event) return put_text(into, "event", one.content);
  const auto message = model::decode_message(one.content);
  if (!message) {
    into["unreadable"] = message.fault().message();
    into["record_base64"] = base64_encode(one.content);
    return;
  }
  json::object shown{{"id", message->id},
                     {"content_type", message->content_type},
                     {"content_encoding", message->content_encoding}};
  json::object properties;
  for (const auto& [name, value] : message->properties)
    properties[name] = value;
  shown["properties"] = std::move(properties);
  put_text(shown, "body", message->body);
  into["message"] = std::move(shown);
}

// "3,4,5". Errors: field_invalid.
result<std::vector<std::uint64_t>> read_ids(const parameters& asked) {
  if (auto good = asked.only({"ids"}); !good) return std::move(good).fault();
  std::vector<std::uint64_t> ids;
  std::string_view rest;
  if (const auto* text = asked.find("ids")) rest = *text;
  while (!rest.empty()) {
    const auto one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const auto id = whole_number<std::uint64_t>(one);
    if (!id) return error{errc::field_invalid, "ids are whole numbers with commas between"};
    ids.push_back(*id);
  }
  if (ids.empty() || ids.size() > most_ids)
    return error{errc::field_invalid, "ids has from 1 to " + std::to_string(most_ids) + " numbers"};
  return ids;
}

// What is to be said of a dead letter that is still one.
std::string_view why_not(model::answer what) {
  switch (what) {
  case model::answer::unwanted:
  case model::answer::control:
    return "nothing of it is to be sent: its application is not configured, its kind or device is switched "
           "off, "
           "or the format makes no message of it";
  case model::answer::dead_lettered:
    return "it is refused again";
  case model::answer::duplicate:
    return "it is not there any more";
  case model::answer::full:
    return "the spool is full";
  case model::answer::share_full:
    return "the application's share of the spool is full";
  case model::answer::devices_full:
    return "its device is not known, and there are as many as are kept";
  case model::answer::device_share_full:
    return "its device is not known, and the application has its share of them";
  case model::answer::transform_busy:
    return "its application's transform has too much to do";
  case model::answer::unavailable:
  case model::answer::stored:
    break;
  }
  return "it could not be stored";
}

// What was asked in full. Errors: field_invalid.
result<model::dead_letter_query> read_query(const parameters& asked) {
  if (auto good = asked.only({"after", "limit", "application", "device", "reason"}); !good)
    return std::move(good).fault();
  const auto limit = asked.limit();
  if (!limit) return limit.fault();
  const auto after = asked.number<std::uint64_t>("after");
  if (!after) return after.fault();
  return model::dead_letter_query{after->value_or(0), *limit, asked.text("application"), asked.text("device"),
                                  asked.text("reason")};
}

net::http_response listed(const model::dead_letter_page& page) {
  json::array found;
  for (const auto& one : page.letters)
    found.push_back(letter_json(one));
  return answer_json({{"dead_letters", std::move(found)},
                      {"next", page.next ? json::value(*page.next) : json::value(nullptr)},
                      {"newest", page.newest}});
}

json::object left_json(std::uint64_t id, const result<model::answer>& outcome) {
  json::object one{{"id", id}};
  one["outcome"] = outcome ? model::to_string(*outcome) : outcome.fault().name();
  one["message"] = outcome ? std::string{why_not(*outcome)} : outcome.fault().message();
  return one;
}

net::http_response replayed_json(json::array replayed, json::array left) {
  return answer_json({{"replayed", std::move(replayed)}, {"left", std::move(left)}});
}

net::http_response dropped_json(const std::vector<std::uint64_t>& ids,
                                const std::vector<std::uint64_t>& gone) {
  json::array dropped, unknown;
  for (const auto id : ids)
    (std::find(gone.begin(), gone.end(), id) != gone.end() ? dropped : unknown).push_back(json::value(id));
  return answer_json({{"dropped", std::move(dropped)}, {"unknown", std::move(unknown)}});
}

net::http_response refuse_method(const char* allowed) {
  auto out = refuse(405, error{errc::method_not_allowed, allowed});
  out.headers.emplace_back("Allow", allowed);
  return out;
}

} // namespace

net::task<net::http_response> dead_letter_api::handle(net::http_request request, bool may_change) {
  constexpr std::string_view all = "/api/dead-letters", again = "/api/dead-letters/replay";
  const auto path = request.path();
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const bool changes =
      (path == again && request.method == "POST") || (path == all && request.method == "DELETE");
  if (!reads && !changes)
    co_return refuse_method(path == again ? "POST" : path == all ? "GET, DELETE" : "GET");
  if (changes && !may_change) co_return refuse_change();
  if (path == again && reads) co_return refuse_method("POST");
  std::string query{request.query()};
  net::http_response out;
  if (path == again) {
    out = co_await replay(std::move(query));
  } else if (path == all && changes) {
    out = co_await drop(std::move(query));
  } else if (path == all) {
    out = co_await list(std::move(query));
  } else {
    out = co_await show(std::string{path.substr(all.size() + 1)});
  }
  co_return out;
}

// GCC 12 destroys the temporaries of a braced argument twice where it is awaited: arguments have names, and
// what is put together from pieces is so in functions.
net::task<net::http_response> dead_letter_api::list(std::string query) {
  auto wanted = read_query(parameters{query});
  if (!wanted) co_return refuse(wanted.fault());
  const auto page = co_await view_.list(*std::move(wanted));
  co_return page ? listed(*page) : refuse(page.fault());
}

net::task<net::http_response> dead_letter_api::show(std::string id) {
  const auto number = whole_number<std::uint64_t>(id);
  if (!number || *number == 0) co_return refuse(error{errc::not_found, "/api/dead-letters/{id}"});
  const auto found = co_await view_.find(*number);
  if (!found) co_return refuse(found.fault());
  auto body = letter_json(*found);
  put_content(body, *found);
  co_return answer_json(body);
}

net::task<net::http_response> dead_letter_api::replay(std::string query) {
  const auto ids = read_ids(parameters{query});
  if (!ids) co_return refuse(ids.fault());
  json::array replayed, left;
  for (const auto id : *ids) {
    const auto outcome = co_await view_.replay(id);
    if (outcome && *outcome == model::answer::stored)
      replayed.push_back(json::value(id));
    else
      left.push_back(left_json(id, outcome));
  }
  co_return replayed_json(std::move(replayed), std::move(left));
}

net::task<net::http_response> dead_letter_api::drop(std::string query) {
  const auto ids = read_ids(parameters{query});
  if (!ids) co_return refuse(ids.fault());
  const auto gone = co_await view_.drop(*ids);
  co_return gone ? dropped_json(*ids, *gone) : refuse(gone.fault());
}

} // namespace causeway::watch
