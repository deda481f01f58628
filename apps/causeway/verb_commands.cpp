// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_commands.h"

#include "base/encoding.h"
#include "causeway/json_field.h"
#include "causeway/text_table.h"
#include "watch/printable.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace causeway {
namespace {

// It waits for its turn, and then as long as a push may.
constexpr std::chrono::seconds longest_clearing{90};

std::string filter_of(const commands_options& options) {
  std::string filter;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) filter += std::string{"&"} + name + "=" + percent_encode(value);
  };
  add("application", options.application);
  add("device", options.device);
  add("state", options.state);
  return filter;
}

std::vector<std::string> row_of(const boost::json::object& one) {
  return {text_of(one, "command"),
          text_of(one, "application"),
          text_of(one, "device"),
          text_of(one, "source"),
          text_of(one, "state"),
          std::to_string(count_of(one, "stored_seconds")) + " s",
          std::to_string(count_of(one, "changed_seconds")) + " s",
          text_of(one, "message_id")};
}

std::string value_text(const boost::json::value& value) {
  if (value.is_null()) return "-";
  return watch::printable(value.is_string() ? std::string{value.get_string()}
                                            : boost::json::serialize(value));
}

// A number, or nothing.
std::string number_text(const boost::json::object& in, const char* name) {
  const auto* value = in.if_contains(name);
  return value != nullptr && value->is_number() ? boost::json::serialize(*value) : std::string{};
}

std::string steps_text(const boost::json::object& command) {
  text_table table{{"  AT", "STATE", "F_CNT", "ATTEMPT"}};
  for (const auto& value : array_of(command, "steps")) {
    if (!value.is_object()) continue;
    const auto& one = value.get_object();
    table.add({"  " + text_of(one, "at"), text_of(one, "state"), number_text(one, "f_cnt"),
               number_text(one, "attempt")});
  }
  return table.text(true);
}

} // namespace

int verb_commands_list(const commands_options& options) {
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  const bool on_terminal = ::isatty(STDOUT_FILENO) == 1;
  std::string after = "0";
  for (bool first = true;; first = false) {
    const auto body = client->get("/api/commands?limit=1000&after=" + after + filter_of(options));
    if (!body) return report("commands list", body.fault());
    const auto page = read_object(*body);
    if (!page) return report("commands list", page.fault());
    text_table table{
        {"COMMAND", "APPLICATION", "DEVICE", "SOURCE", "STATE", "STORED", "CHANGED", "MESSAGE-ID"}};
    const auto& all = array_of(*page, "commands");
    for (const auto& one : all)
      if (one.is_object()) table.add(row_of(one.get_object()));
    if (options.json)
      fmt::print("{}", watch::printable_json(*body)); // a page a line
    else if (!all.empty() || first)
      fmt::print("{}", table.text(on_terminal, first));
    const auto* next = page->if_contains("next");
    if (next == nullptr || !next->is_number()) return 0;
    after = boost::json::serialize(*next);
  }
}

int verb_commands_show(const commands_options& options) {
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  const auto body = client->get("/api/commands/" + percent_encode(options.id));
  if (!body) return report("commands show", body.fault());
  if (options.json) {
    fmt::print("{}", watch::printable_json(*body));
    return 0;
  }
  const auto one = read_object(*body);
  if (!one) return report("commands show", one.fault());
  for (const auto& [name, value] : *one)
    if (name != "steps") fmt::print("{:<18}{}\n", watch::printable(name), value_text(value));
  fmt::print("steps\n{}", steps_text(*one));
  return 0;
}

int verb_commands_cancel(const commands_options& options) {
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  const auto body = client->call("DELETE", "/api/commands/" + percent_encode(options.id));
  if (!body) return report("commands cancel", body.fault());
  fmt::print("{}", options.json ? watch::printable_json(*body) : "cancelled\n");
  return 0;
}

int verb_commands_clear(const commands_options& options) {
  if (!options.yes) {
    std::cerr
        << "causeway commands clear: this empties all of the device's queue at The Things Stack, whoever "
           "has pushed what is in it; --yes does it\n";
    return 2;
  }
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  const auto slash = options.to_clear.find('/');
  const auto application =
      slash == std::string::npos ? options.application : options.to_clear.substr(0, slash);
  const auto device = slash == std::string::npos ? options.to_clear : options.to_clear.substr(slash + 1);
  const auto body =
      client->call("POST",
                   "/api/commands/clear?device=" + percent_encode(device) +
                       (application.empty() ? "" : "&application=" + percent_encode(application)),
                   longest_clearing);
  if (!body) return report("commands clear", body.fault());
  if (options.json) {
    fmt::print("{}", watch::printable_json(*body));
    return 0;
  }
  const auto answer = read_object(*body);
  if (!answer) return report("commands clear", answer.fault());
  fmt::print("the queue of {} is empty; cancelled: {}\n", watch::printable(device),
             count_of(*answer, "cancelled"));
  return 0;
}

} // namespace causeway
