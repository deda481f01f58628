// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_devices.h"

#include "base/encoding.h"
#include "causeway/json_field.h"
#include "causeway/text_table.h"
#include "watch/plan.h"
#include "watch/printable.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iostream>

namespace causeway {
namespace {

constexpr const char* most_rows = "1000";

std::string path_of(const std::string& device) {
  const auto slash = device.find('/');
  const auto application = slash == std::string::npos ? "-" : percent_encode(device.substr(0, slash));
  const auto id = slash == std::string::npos ? device : device.substr(slash + 1);
  return "/api/devices/" + application + "/" + percent_encode(id);
}

std::vector<std::string> row_of(const boost::json::object& device) {
  auto next = std::string{};
  if (const auto* seconds = device.if_contains("next_try_seconds");
      seconds != nullptr && seconds->is_number())
    next = watch::format_seconds(seconds->to_number<double>());
  return {text_of(device, "application"),
          text_of(device, "device"),
          text_of(device, "state"),
          text_of(device, "hub"),
          text_of(device, "reason"),
          next,
          std::to_string(count_of(device, "waiting")),
          text_of(device, "last_seen")};
}

std::string spans_text(const boost::json::object& device) {
  text_table table{{"  BEGIN", "PHASE", "MS", "CONNECTION", "FAULT"}};
  for (const auto& one : array_of(device, "spans")) {
    if (!one.is_object()) continue;
    const auto& span = one.get_object();
    const auto connection = count_of(span, "connection");
    table.add({"  " + text_of(span, "begin"), text_of(span, "phase"),
               fmt::format("{:.1f}", number_of(span, "ms")),
               connection == 0 ? "" : std::to_string(connection), text_of(span, "fault")});
  }
  return table.text(true);
}

// The newest first.
std::string commands_text(const boost::json::object& device) {
  text_table table{{"  COMMAND", "SOURCE", "STATE", "STORED", "CHANGED", "MESSAGE-ID", "ITEM"}};
  for (const auto& value : array_of(device, "commands")) {
    if (!value.is_object()) continue;
    const auto& one = value.get_object();
    table.add({"  " + text_of(one, "command"), text_of(one, "source"), text_of(one, "state"),
               text_of(one, "stored_at"), text_of(one, "changed_at"), text_of(one, "message_id"),
               text_of(one, "item")});
  }
  return table.text(true);
}

std::string value_text(const boost::json::value& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return watch::printable(value.get_string());
  if (value.is_double()) return fmt::format("{:g}", value.get_double());
  return watch::printable(boost::json::serialize(value));
}

} // namespace

int verb_devices(const devices_options& options) {
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  std::string filter = std::string{"limit="} + most_rows;
  if (!options.state.empty()) filter += "&state=" + percent_encode(options.state);
  if (!options.application.empty()) filter += "&application=" + percent_encode(options.application);
  const bool on_terminal = ::isatty(STDOUT_FILENO) == 1;
  std::string after;
  bool first = true;
  while (true) {
    const auto body = client->get(std::string{"/api/devices?"}.append(filter).append(after));
    if (!body) return report("devices", body.fault());
    const auto page = read_object(*body);
    if (!page) return report("devices", page.fault());
    text_table table{{"APPLICATION", "DEVICE", "STATE", "HUB", "REASON", "NEXT TRY", "WAITING", "LAST SEEN"}};
    for (const auto& one : array_of(*page, "devices"))
      if (one.is_object()) table.add(row_of(one.get_object()));
    const bool any = !array_of(*page, "devices").empty();
    if (options.json)
      fmt::print("{}", watch::printable_json(*body)); // a page a line
    else if (any || first)
      fmt::print("{}", table.text(on_terminal, first));
    first = false;
    const auto* next = page->if_contains("next");
    if (next == nullptr || !next->is_number()) return 0;
    after = "&after=" + boost::json::serialize(*next);
  }
}

int verb_devices_show(const devices_options& options) {
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  const auto body = client->get(path_of(options.device));
  if (!body) return report("devices show", body.fault());
  if (options.json) {
    fmt::print("{}", watch::printable_json(*body));
    return 0;
  }
  const auto device = read_object(*body);
  if (!device) return report("devices show", device.fault());
  for (const auto& [name, value] : *device)
    if (name != "spans" && name != "commands")
      fmt::print("{:<18}{}\n", watch::printable(name), value_text(value));
  fmt::print("commands\n{}", commands_text(*device));
  fmt::print("spans\n{}", spans_text(*device));
  return 0;
}

int verb_devices_why(const devices_options& options) {
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  const auto body = client->get(path_of(options.device) + "/why");
  if (!body) return report("devices why", body.fault());
  const auto answer = read_object(*body);
  if (!answer) return report("devices why", answer.fault());
  if (options.json)
    fmt::print("{}", watch::printable_json(*body));
  else
    fmt::print("{}\n", text_of(*answer, "why"));
  return 0;
}

namespace {

int forget_one(const admin_client& client, const devices_options& options) {
  auto path = path_of(options.device);
  if (!options.application.empty())
    path = "/api/devices/" + percent_encode(options.application) + "/" + percent_encode(options.device);
  const auto body = client.call("DELETE", path + (options.drop_messages ? "?messages=drop" : ""));
  if (!body) return report("devices forget", body.fault());
  if (options.json)
    fmt::print("{}", watch::printable_json(*body));
  else
    fmt::print("forgotten: {}\n", watch::printable(options.device));
  return 0;
}

int forget_many(const admin_client& client, const devices_options& options) {
  std::string target = "/api/devices/forget?application=" + percent_encode(options.application) +
                       "&which=" + (options.unlisted ? "unlisted" : "never_attached") + "&limit=" + most_rows;
  if (options.drop_messages) target += "&messages=drop";
  std::uint64_t forgotten = 0, letters = 0, left = 0;
  std::string after;
  while (true) {
    const auto body = client.call("POST", target + after);
    if (!body) return report("devices forget", body.fault());
    const auto page = read_object(*body);
    if (!page) return report("devices forget", page.fault());
    forgotten += count_of(*page, "forgotten");
    letters += count_of(*page, "dead_letters");
    left += count_of(*page, "left");
    const auto* next = page->if_contains("next");
    if (next == nullptr || !next->is_number()) break;
    after = "&after=" + boost::json::serialize(*next);
  }
  if (options.json) {
    const boost::json::object sum{{"forgotten", forgotten}, {"dead_letters", letters}, {"left", left}};
    fmt::print("{}\n", boost::json::serialize(sum));
  } else {
    fmt::print("{} devices forgotten, {} messages of theirs are dead letters\n", forgotten, letters);
    if (left > 0)
      fmt::print("{} devices left, for which messages wait; --drop-messages forgets them too\n", left);
  }
  return 0;
}

} // namespace

int verb_devices_forget(const devices_options& options) {
  const bool many = options.unlisted || options.never_attached;
  if (many == !options.device.empty() || (options.unlisted && options.never_attached) ||
      (many && options.application.empty())) {
    std::cerr << "causeway devices forget: name a device, or give --application with --unlisted or "
                 "--never-attached\n";
    return 2;
  }
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  return many ? forget_many(*client, options) : forget_one(*client, options);
}

int verb_devices_waterfall(const devices_options& options) {
  if (options.all == !options.device.empty() || (options.all && options.commands)) {
    std::cerr << "causeway devices waterfall: name a device, or give --all without --commands\n";
    return 2;
  }
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  std::string target = "/api/timeline/waterfall.svg?";
  if (options.all) {
    target += std::string{"limit="} + most_rows;
  } else {
    const auto slash = options.device.find('/');
    if (slash != std::string::npos)
      target += "application=" + percent_encode(options.device.substr(0, slash)) + "&";
    target += "device=" +
              percent_encode(slash == std::string::npos ? options.device : options.device.substr(slash + 1));
    if (options.commands) target += "&of=commands";
  }
  const auto picture = client->get(target);
  if (!picture) return report("devices waterfall", picture.fault());
  if (options.output == "-") {
    fmt::print("{}", *picture);
    return 0;
  }
  std::ofstream file{options.output, std::ios::binary};
  file << *picture;
  file.close();
  if (!file) {
    std::cerr << "causeway devices waterfall: " << options.output << " cannot be written\n";
    return 1;
  }
  return 0;
}

} // namespace causeway
