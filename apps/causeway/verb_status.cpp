// SPDX-License-Identifier: Apache-2.0
#include "causeway/verb_status.h"

#include "causeway/json_field.h"
#include "watch/plan.h"
#include "watch/printable.h"

#include <fmt/format.h>

namespace causeway {
namespace {

std::string devices_line(const boost::json::object& status) {
  std::string states;
  for (const auto& [name, count] : object_of(status, "devices_by_state"))
    if (count.is_number() && count.to_number<double>() > 0)
      states += fmt::format("{}{:.0f} {}", states.empty() ? ": " : ", ", count.to_number<double>(),
                            watch::printable(name));
  const auto* seconds = status.if_contains("seconds_to_all_online");
  std::string end;
  if (seconds != nullptr && seconds->is_null())
    end = "; nobody can say when the rest is online";
  else if (const auto left = number_of(status, "seconds_to_all_online"); left > 0)
    end = "; those on their way are online in about " + watch::format_seconds(left);
  return fmt::format("devices    {}{}{}\n", count_of(status, "devices"), states, end);
}

std::string budget_text(const boost::json::object& budget, const char* unit) {
  auto text =
      fmt::format("{:.8g} {} (quota {:.8g})", number_of(budget, "limit"), unit, number_of(budget, "quota"));
  if (const auto refused = count_of(budget, "refused"); refused != 0)
    text += fmt::format(", {} refused for their pace", refused);
  if (const auto held = number_of(budget, "held_seconds"); held > 0)
    text += ", held for " + watch::format_seconds(held);
  return text;
}

std::string fault_text(const boost::json::object& of) {
  const auto& fault = object_of(of, "fault");
  const auto name = text_of(fault, "error");
  if (name.empty()) return {};
  const auto detail = text_of(fault, "detail");
  return "; " + name + (detail.empty() ? "" : ": " + detail);
}

template <class Line>
std::string lines(const boost::json::object& status, const char* name, const Line& line) {
  std::string out;
  for (const auto& one : array_of(status, name))
    if (one.is_object()) out += line(one.get_object()) + fault_text(one.get_object()) + "\n";
  return out;
}

std::string picture(const boost::json::object& status) {
  auto out =
      fmt::format("gateway    {}, up {}, {}\n", text_of(status, "version"),
                  watch::format_seconds(number_of(status, "uptime_seconds")),
                  flag_of(status, "ready") ? "ready" : "not ready: " + text_of(status, "not_ready_because"));
  out += devices_line(status);
  out += lines(status, "hubs", [](const auto& hub) {
    const auto& sends = object_of(hub, "sends_a_second");
    auto text = fmt::format("hub        {}: {} of {} online, {} queued, {} connections, connects {}",
                            text_of(hub, "host"), count_of(hub, "online"), count_of(hub, "devices"),
                            count_of(hub, "queued"), count_of(hub, "connections"),
                            budget_text(object_of(hub, "connects_a_second"), "a second"));
    if (flag_of(hub, "quota_used_up")) text += ", its daily quota of messages is used up";
    // Worth a word only while they are what is short.
    if (number_of(sends, "held_seconds") > 0 || number_of(sends, "limit") < number_of(sends, "quota"))
      text += ", sends " + budget_text(sends, "a second");
    return text;
  });
  out += lines(status, "dps", [](const auto& dps) {
    return fmt::format("dps        {}: {} in progress, {} of them waiting, {} assigned, {} refused, "
                       "registrations {}",
                       text_of(dps, "section"), count_of(dps, "in_progress"), count_of(dps, "waiting"),
                       count_of(dps, "assigned"), count_of(dps, "refused"),
                       budget_text(object_of(dps, "registrations_a_minute"), "a minute"));
  });
  out += lines(status, "registry", [](const auto& registry) {
    return fmt::format("registry   {}: {} devices{}", text_of(registry, "application"),
                       count_of(registry, "devices"),
                       flag_of(registry, "whole") ? "" : ", the list is not complete");
  });
  out += lines(status, "mqtt", [](const auto& mqtt) {
    const auto since = watch::format_seconds(number_of(mqtt, "since_seconds"));
    auto text = fmt::format("mqtt       {}: {} for {}, {} messages, {} waiting", text_of(mqtt, "application"),
                            flag_of(mqtt, "connected") ? "connected" : "not connected", since,
                            count_of(mqtt, "messages"), count_of(mqtt, "waiting"));
    if (const auto refused = count_of(mqtt, "refused"); refused != 0)
      text += fmt::format(", {} refused", refused);
    if (const auto lost = count_of(mqtt, "lost"); lost != 0) text += fmt::format(", {} lost", lost);
    return text;
  });
  out += lines(status, "backfill", [](const auto& backfill) {
    return fmt::format("backfill   {}: {}, {} events that had been missing", text_of(backfill, "application"),
                       flag_of(backfill, "whole")
                           ? std::string{"nothing is missing"}
                           : "from " + text_of(backfill, "cursor") + " on something may be missing",
                       count_of(backfill, "stored"));
  });
  const auto& messages = object_of(status, "messages");
  out += fmt::format("messages   {:.1f} a second stored, {:.1f} a second sent in the last minute; {} sent\n",
                     number_of(messages, "stored_a_second"), number_of(messages, "sent_a_second"),
                     count_of(messages, "sent"));
  const auto& commands = object_of(status, "commands");
  const auto& states = object_of(commands, "in_state");
  out +=
      fmt::format("commands   {} wait, {} pushes under way; {} in doubt, {} without a word since the start\n",
                  count_of(states, "stored"), count_of(commands, "pushes_under_way"),
                  count_of(commands, "in_doubt"), count_of(commands, "no_word"));
  const auto& spool = object_of(status, "spool");
  const auto oldest = number_of(spool, "oldest_seconds");
  std::uint64_t given_up = 0;
  for (const char* why : {"full", "share", "age"})
    given_up += count_of(object_of(spool, "dropped"), why);
  out += fmt::format(
      "spool      {} messages, {} bytes{}{}; {} dead letters\n", count_of(spool, "messages"),
      count_of(spool, "bytes"), oldest > 0 ? ", the oldest has waited " + watch::format_seconds(oldest) : "",
      given_up > 0 ? fmt::format(", {} given up", given_up) : "", count_of(spool, "dead_letters"));
  if (const auto gone = count_of(spool, "missing"), bad = count_of(spool, "unreadable"); gone + bad > 0)
    out += fmt::format(
        "           damaged: {} messages are missing, {} could not be read; see spool_damaged and "
        "messages_missing in the log\n",
        gone, bad);
  if (const auto* unknown = spool.if_contains("missing_unknown");
      unknown != nullptr && unknown->is_bool() && unknown->get_bool())
    out += "           damaged: cannot tell how many messages or dead letters are missing; see the log\n";
  for (const auto& one : array_of(spool, "applications"))
    if (one.is_object() && count_of(one.get_object(), "refused") > 0)
      out += fmt::format("           {}: {} events refused for its share of the spool\n",
                         text_of(one.get_object(), "application"), count_of(one.get_object(), "refused"));
  out += lines(status, "exporters", [](const auto& exporter) {
    return fmt::format("traces     {}: {} handed over, {} lost, {} dropped", text_of(exporter, "name"),
                       count_of(exporter, "exported"), count_of(exporter, "lost"),
                       count_of(exporter, "dropped"));
  });
  return out;
}

} // namespace

int verb_status(const admin_address& where, bool json) {
  const auto client = admin_client::at(where);
  if (!client) return 2;
  if (json) {
    const auto body = client->get("/api/status");
    if (!body) return report("status", body.fault());
    fmt::print("{}", watch::printable_json(*body));
    return 0;
  }
  const auto status = client->ask("/api/status");
  if (!status) return report("status", status.fault());
  fmt::print("{}", picture(*status));
  return 0;
}

} // namespace causeway
