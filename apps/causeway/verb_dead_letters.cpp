// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_dead_letters.h"

#include "base/encoding.h"
#include "causeway/json_field.h"
#include "causeway/text_table.h"
#include "watch/printable.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <optional>

namespace causeway {
namespace {

constexpr std::size_t ids_a_request = 100;

std::string filter_of(const dead_letters_options& options) {
  std::string filter;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) filter += std::string{"&"} + name + "=" + percent_encode(value);
  };
  add("application", options.application);
  add("device", options.device);
  add("reason", options.reason);
  return filter;
}

std::vector<std::string> row_of(const boost::json::object& letter) {
  return {std::to_string(count_of(letter, "id")),
          text_of(letter, "at"),
          text_of(letter, "application"),
          text_of(letter, "device"),
          text_of(letter, "kind"),
          text_of(letter, "reason"),
          text_of(letter, "detail")};
}

// The pages of those that the filters take, one after the other. Ends early when take says so.
result<void> each_page(const admin_client& client, const std::string& filter, std::size_t limit,
                       const std::function<bool(const std::string&, const boost::json::object&)>& take) {
  std::string after = "0";
  while (true) {
    const auto body =
        client.get("/api/dead-letters?limit=" + std::to_string(limit) + "&after=" + after + filter);
    if (!body) return body.fault();
    const auto page = read_object(*body);
    if (!page) return page.fault();
    if (!take(*body, *page)) return {};
    const auto* next = page->if_contains("next");
    if (next == nullptr || !next->is_number()) return {};
    after = boost::json::serialize(*next);
  }
}

// What a change has come to, over all its requests.
struct tally {
  boost::json::array done, left;
};

// Asks with at most so many ids at once.
result<void> change(const admin_client& client, const std::string& method, const std::string& path,
                    const std::vector<std::uint64_t>& ids, const char* done, const char* left, tally& into) {
  for (std::size_t first = 0; first < ids.size(); first += ids_a_request) {
    std::string list;
    for (auto i = first; i < std::min(first + ids_a_request, ids.size()); ++i)
      list += (list.empty() ? "" : ",") + std::to_string(ids[i]);
    const auto body = client.call(method, path + "?ids=" + list);
    if (!body) return body.fault();
    const auto answer = read_object(*body);
    if (!answer) return answer.fault();
    for (const auto& one : array_of(*answer, done))
      into.done.push_back(one);
    for (const auto& one : array_of(*answer, left))
      into.left.push_back(one);
  }
  return {};
}

// Those that are there now; what a replay adds anew is behind the newest of these.
result<void> change_all(const admin_client& client, const std::string& method, const std::string& path,
                        const std::string& filter, const char* done, const char* left, tally& into) {
  std::optional<std::uint64_t> newest;
  result<void> outcome;
  const auto listed =
      each_page(client, filter, ids_a_request, [&](const std::string&, const boost::json::object& page) {
        if (!newest) newest = count_of(page, "newest");
        std::vector<std::uint64_t> ids;
        bool is_over = false;
        for (const auto& one : array_of(page, "dead_letters")) {
          if (!one.is_object()) continue;
          const auto id = count_of(one.get_object(), "id");
          is_over = is_over || id > *newest;
          if (id <= *newest) ids.push_back(id);
        }
        outcome = change(client, method, path, ids, done, left, into);
        return outcome && !is_over;
      });
  return listed ? outcome : listed;
}

int verb_change(const dead_letters_options& options, const char* name, const std::string& method,
                const std::string& path, const char* done, const char* left) {
  const auto what = std::string{"dead-letters "} + name;
  const bool filtered = !options.application.empty() || !options.device.empty() || !options.reason.empty();
  if (options.all == !options.ids.empty() || (filtered && !options.all)) {
    std::cerr << "causeway " << what
              << ": give ids, or --all (with --application, --device or --reason: all of these)\n";
    return 2;
  }
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  tally sum;
  const auto outcome = options.all ? change_all(*client, method, path, filter_of(options), done, left, sum)
                                   : change(*client, method, path, options.ids, done, left, sum);
  if (options.json) {
    const boost::json::object shown{{done, sum.done}, {left, sum.left}};
    fmt::print("{}\n", watch::printable_json(boost::json::serialize(shown)));
  } else {
    fmt::print("{} {}\n", sum.done.size(), done);
    for (const auto& one : sum.left)
      if (one.is_object())
        fmt::print("{} left: {}: {}\n", count_of(one.get_object(), "id"),
                   text_of(one.get_object(), "outcome"), text_of(one.get_object(), "message"));
      else
        fmt::print("{} is not there\n", boost::json::serialize(one));
  }
  if (!outcome) return report(what.c_str(), outcome.fault());
  return sum.left.empty() ? 0 : 1;
}

} // namespace

int verb_dead_letters_list(const dead_letters_options& options) {
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  const bool on_terminal = ::isatty(STDOUT_FILENO) == 1;
  bool first = true;
  const auto listed = each_page(
      *client, filter_of(options), 1000, [&](const std::string& body, const boost::json::object& page) {
        text_table table{{"ID", "AT", "APPLICATION", "DEVICE", "KIND", "REASON", "DETAIL"}};
        const auto& letters = array_of(page, "dead_letters");
        for (const auto& one : letters)
          if (one.is_object()) table.add(row_of(one.get_object()));
        if (options.json)
          fmt::print("{}", watch::printable_json(body)); // a page a line
        else if (!letters.empty() || first)
          fmt::print("{}", table.text(on_terminal, first));
        first = false;
        return true;
      });
  return listed ? 0 : report("dead-letters list", listed.fault());
}

int verb_dead_letters_show(const dead_letters_options& options) {
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  const auto body = client->get("/api/dead-letters/" + std::to_string(options.ids.front()));
  if (!body) return report("dead-letters show", body.fault());
  if (options.json) {
    fmt::print("{}", watch::printable_json(*body));
    return 0;
  }
  const auto letter = read_object(*body);
  if (!letter) return report("dead-letters show", letter.fault());
  const auto line = [](const std::string& name, const boost::json::value& value) {
    fmt::print("{:<18}{}\n", watch::printable(name),
               value.is_string() ? watch::printable(value.get_string())
                                 : watch::printable(boost::json::serialize(value)));
  };
  for (const auto& [name, value] : *letter) {
    if (value.is_object())
      for (const auto& [inner, held] : value.get_object())
        line(std::string{name} + "." + std::string{inner}, held);
    else
      line(name, value);
  }
  return 0;
}

int verb_dead_letters_replay(const dead_letters_options& options) {
  return verb_change(options, "replay", "POST", "/api/dead-letters/replay", "replayed", "left");
}

int verb_dead_letters_drop(const dead_letters_options& options) {
  return verb_change(options, "drop", "DELETE", "/api/dead-letters", "dropped", "unknown");
}

} // namespace causeway
