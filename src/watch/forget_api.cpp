// SPDX-License-Identifier: Apache-2.0
#include "watch/forget_api.h"

#include "base/log.h"
#include "watch/api_call.h"

namespace causeway::watch {
namespace {

constexpr std::string_view all = "/api/devices/forget", one_of = "/api/devices/";

// Errors: field_invalid.
result<bool> read_drop(const parameters& asked) {
  const auto* text = asked.find("messages");
  if (text == nullptr || *text == "keep") return false;
  if (*text == "drop") return true;
  return error{errc::field_invalid, "messages is keep or drop"};
}

std::string who(const net::http_request& request) {
  return request.peer.empty() ? "socket" : request.peer;
}

} // namespace

bool forget_api::owns(const net::http_request& request) {
  return (request.method == "POST" && request.path() == all) ||
         (request.method == "DELETE" && request.path().starts_with(one_of) && request.path() != all);
}

net::http_response forget_api::handle(const net::http_request& request, bool may_change) const {
  if (!may_change) return refuse_change();
  return request.method == "POST" ? many(request) : one(request);
}

net::http_response forget_api::one(const net::http_request& request) const {
  const parameters asked{request.query()};
  if (auto good = asked.only({"messages"}); !good) return refuse(good.fault());
  const auto drop = read_drop(asked);
  if (!drop) return refuse(drop.fault());
  const auto rest = request.path().substr(one_of.size());
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || rest.find('/', slash + 1) != std::string_view::npos)
    return refuse(error{errc::not_found, "/api/devices/{application}/{device}"});
  model::device_key key{application_id{percent_decode(rest.substr(0, slash))},
                        device_id{percent_decode(rest.substr(slash + 1))}};
  if (key.application.str() == "-") {
    auto owner = desk_.owner_of(key.device);
    if (!owner) return refuse(owner.fault());
    key.application = *std::move(owner);
  }
  switch (desk_.forget(key, *drop)) {
  case model::forgetting::unknown:
    return refuse(error{errc::not_found, "no device " + key.device.str() + " is known"});
  case model::forgetting::messages_wait:
    return refuse(
        409, error{errc::device_has_messages,
                   key.device.str() + "; they become dead letters with --drop-messages (messages=drop)"});
  case model::forgetting::busy:
    return refuse(409, error{errc::device_has_messages,
                             "an event of " + key.device.str() + " is being stored; try again"});
  case model::forgetting::forgotten:
    break;
  }
  log::info("audit", {{"who", who(request)},
                      {"what", "devices.forget"},
                      {"application", key.application},
                      {"device", key.device},
                      {"messages", *drop ? "drop" : "keep"}});
  return answer_json(
      {{"application", key.application.str()}, {"device", key.device.str()}, {"forgotten", 1}});
}

net::http_response forget_api::many(const net::http_request& request) const {
  const parameters asked{request.query()};
  if (auto good = asked.only({"application", "which", "messages", "after", "limit"}); !good)
    return refuse(good.fault());
  const auto drop = read_drop(asked);
  if (!drop) return refuse(drop.fault());
  const auto limit = asked.limit(page_limit);
  if (!limit) return refuse(limit.fault());
  const auto behind = asked.behind();
  if (!behind) return refuse(behind.fault());
  const auto name = asked.text("which");
  if (name != "unlisted" && name != "never_attached")
    return refuse(error{errc::field_invalid, "which is unlisted or never_attached"});
  const application_id application{asked.text("application")};
  if (application.str().empty()) return refuse(error{errc::field_invalid, "application is missing"});
  const auto page = desk_.forget_some(
      application, name == "unlisted" ? model::forgettable::unlisted : model::forgettable::never_attached,
      *drop, *behind, *limit);
  if (page.forgotten > 0)
    log::info("audit", {{"who", who(request)},
                        {"what", "devices.forget"},
                        {"application", application},
                        {"which", name},
                        {"devices", page.forgotten},
                        {"dead_letters", page.letters}});
  return answer_json(
      {{"forgotten", page.forgotten},
       {"dead_letters", page.letters},
       {"left", page.left},
       {"next", page.next ? boost::json::value(index_of(*page.next)) : boost::json::value(nullptr)}});
}

} // namespace causeway::watch
