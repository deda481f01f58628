// SPDX-License-Identifier: Apache-2.0
#include "causeway/command_devices.h"

#include "admin/plan.h"
#include "admin/printable.h"
#include "base/encoding.h"
#include "causeway/json_field.h"
#include "causeway/text_table.h"

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
    next = admin::format_seconds(seconds->to_number<double>());
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

std::string value_text(const boost::json::value& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return admin::printable(value.get_string());
  if (value.is_double()) return fmt::format("{:g}", value.get_double());
  return admin::printable(boost::json::serialize(value));
}

} // namespace

int command_devices(const devices_options& options) {
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  std::string filter = std::string{"limit="} + most_rows;
  if (!options.state.empty()) filter += "&state=" + percent_encode(options.state);
  if (!options.application.empty()) filter += "&application=" + percent_encode(options.application);
  const bool on_terminal = ::isatty(STDOUT_FILENO) == 1;
  std::string after;
  bool first = true;
  while (true) {
    const auto body = client->get("/api/devices?" + filter + after);
    if (!body) return report("devices", body.fault());
    const auto page = read_object(*body);
    if (!page) return report("devices", page.fault());
    text_table table{{"APPLICATION", "DEVICE", "STATE", "HUB", "REASON", "NEXT TRY", "WAITING", "LAST SEEN"}};
    for (const auto& one : array_of(*page, "devices"))
      if (one.is_object()) table.add(row_of(one.get_object()));
    const bool any = !array_of(*page, "devices").empty();
    if (options.json)
      fmt::print("{}", admin::printable_json(*body)); // a page a line
    else if (any || first)
      fmt::print("{}", table.text(on_terminal, first));
    first = false;
    const auto* next = page->if_contains("next");
    if (next == nullptr || !next->is_number()) return 0;
    after = "&after=" + boost::json::serialize(*next);
  }
}

int command_devices_show(const devices_options& options) {
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  const auto body = client->get(path_of(options.device));
  if (!body) return report("devices show", body.fault());
  if (options.json) {
    fmt::print("{}", admin::printable_json(*body));
    return 0;
  }
  const auto device = read_object(*body);
  if (!device) return report("devices show", device.fault());
  for (const auto& [name, value] : *device)
    if (name != "spans") fmt::print("{:<18}{}\n", admin::printable(name), value_text(value));
  fmt::print("spans\n{}", spans_text(*device));
  return 0;
}

int command_devices_why(const devices_options& options) {
  const auto client = admin_client::at(options.where);
  if (!client) return 2;
  const auto body = client->get(path_of(options.device) + "/why");
  if (!body) return report("devices why", body.fault());
  const auto answer = read_object(*body);
  if (!answer) return report("devices why", answer.fault());
  if (options.json)
    fmt::print("{}", admin::printable_json(*body));
  else
    fmt::print("{}\n", text_of(*answer, "why"));
  return 0;
}

int command_devices_waterfall(const devices_options& options) {
  if (options.all == !options.device.empty()) {
    std::cerr << "causeway devices waterfall: name a device, or give --all\n";
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
