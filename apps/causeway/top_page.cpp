// SPDX-License-Identifier: Apache-2.0
#include "causeway/top_page.h"

#include "causeway/json_field.h"
#include "watch/plan.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <limits>

namespace causeway {
namespace {

using tone = top_line::tone;

// "le" of `name{le="0.5"}`.
double bound_of(std::string_view labels) {
  const auto at = labels.find("le=\"");
  if (at == std::string_view::npos) return std::numeric_limits<double>::infinity();
  const std::string text{labels.substr(at + 4, labels.find('"', at + 4) - at - 4)};
  return text == "+Inf" ? std::numeric_limits<double>::infinity() : std::strtod(text.c_str(), nullptr);
}

bool is_same_run(const top_sample* before, const top_sample& now) {
  return before != nullptr && now.at_seconds > before->at_seconds && now.sent >= before->sent &&
         now.received >= before->received &&
         number_of(now.status, "uptime_seconds") >= number_of(before->status, "uptime_seconds");
}

std::string change_text(double change) {
  return change == 0 ? std::string{} : fmt::format(" ({:+.0f})", change);
}

std::string states_text(const top_sample* before, const top_sample& now) {
  std::string text;
  for (const auto& [name, count] : object_of(now.status, "devices_by_state")) {
    const auto key = std::string{name};
    const double is = number_of(object_of(now.status, "devices_by_state"), key.c_str());
    const double was =
        before == nullptr ? is : number_of(object_of(before->status, "devices_by_state"), key.c_str());
    if (is == 0 && was == 0) continue;
    text += fmt::format("{}{:.0f} {}{}", text.empty() ? ": " : ", ", is, watch::printable(key),
                        change_text(is - was));
  }
  return text;
}

std::string latency_text(const top_sample& before, const top_sample& now) {
  const auto word = [&](double part) {
    const double most = latency_between(before, now, part);
    if (most < 0) return std::string{"-"};
    return std::isinf(most) ? std::string{"above 10 s"} : fmt::format("up to {:g} ms", most * 1000);
  };
  return fmt::format("latency   half {}, 99 of 100 {}, from our answer to the hub's", word(0.5), word(0.99));
}

std::string budget_text(const boost::json::object& budget) {
  const auto held = number_of(budget, "held_seconds");
  return fmt::format("{:.4g} of {:.4g}{}", number_of(budget, "limit"), number_of(budget, "quota"),
                     held > 0 ? ", held for " + watch::format_seconds(held) : "");
}

// With its fault, when it has one.
top_line with_fault(std::string text, const boost::json::object& of) {
  const auto& fault = object_of(of, "fault");
  const auto name = text_of(fault, "error");
  if (name.empty()) return {std::move(text), tone::plain};
  return {text + "; " + name + ": " + text_of(fault, "detail"), tone::bad};
}

void add_services(const boost::json::object& status, std::vector<top_line>& to) {
  for (const auto& one : array_of(status, "hubs")) {
    if (!one.is_object()) continue;
    const auto& hub = one.get_object();
    to.push_back(
        with_fault(fmt::format("hub       {}: {} of {} online, {} queued, {} connections; connects a second "
                               "{}, sends a second {}{}",
                               text_of(hub, "host"), count_of(hub, "online"), count_of(hub, "devices"),
                               count_of(hub, "queued"), count_of(hub, "connections"),
                               budget_text(object_of(hub, "connects_a_second")),
                               budget_text(object_of(hub, "sends_a_second")),
                               flag_of(hub, "quota_used_up") ? ", daily quota used up" : ""),
                   hub));
  }
  for (const auto& one : array_of(status, "dps")) {
    if (!one.is_object()) continue;
    const auto& dps = one.get_object();
    to.push_back(with_fault(
        fmt::format(
            "dps       {}: {} in progress, {} of them waiting, {} assigned; registrations a minute {}",
            text_of(dps, "section"), count_of(dps, "in_progress"), count_of(dps, "waiting"),
            count_of(dps, "assigned"), budget_text(object_of(dps, "registrations_a_minute"))),
        dps));
  }
  for (const auto* name : {"registry", "mqtt"})
    for (const auto& one : array_of(status, name))
      if (one.is_object() && !text_of(object_of(one.get_object(), "fault"), "error").empty())
        to.push_back(with_fault(fmt::format("{:<10}{}", name, text_of(one.get_object(), "application")),
                                one.get_object()));
}

// Not in the middle of a character.
std::string cut(const std::string& text, std::size_t columns) {
  std::size_t characters = 0, at = 0;
  for (; at < text.size(); ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U && ++characters > columns) break;
  return text.substr(0, at);
}

} // namespace

top_sample make_top_sample(double at_seconds, boost::json::object status, std::string_view metrics) {
  top_sample made;
  made.at_seconds = at_seconds;
  made.status = std::move(status);
  while (!metrics.empty()) {
    const auto end = std::min(metrics.find('\n'), metrics.size());
    const auto line = metrics.substr(0, end);
    metrics.remove_prefix(std::min(end + 1, metrics.size()));
    const auto space = line.rfind(' ');
    if (line.starts_with('#') || space == std::string_view::npos) continue;
    const double value = std::strtod(std::string{line.substr(space + 1)}.c_str(), nullptr);
    const auto brace = std::min(line.find('{'), space);
    const auto name = line.substr(0, brace);
    if (name == "causeway_events_received_total") made.received += value;
    if (name == "causeway_webhook_refused_total") made.refused += value;
    if (name == "causeway_messages_sent_total") made.sent += value;
    if (name == "causeway_hub_connects_total") made.connects += value;
    if (name == "causeway_delivery_latency_seconds_bucket")
      made.latency.push_back({bound_of(line.substr(brace, space - brace)), value});
  }
  return made;
}

double latency_between(const top_sample& before, const top_sample& now, double part) {
  if (now.latency.empty() || now.latency.size() != before.latency.size()) return -1;
  const double all = now.latency.back().count - before.latency.back().count;
  if (all <= 0) return -1;
  for (std::size_t i = 0; i < now.latency.size(); ++i)
    if (now.latency[i].count - before.latency[i].count >= all * part) return now.latency[i].most_seconds;
  return now.latency.back().most_seconds;
}

std::vector<top_line> make_top_page(const top_sample* before, const top_sample& now) {
  const auto& status = now.status;
  const auto* earlier = is_same_run(before, now) ? before : nullptr;
  std::vector<top_line> page;
  const bool ready = flag_of(status, "ready");
  page.push_back({fmt::format("causeway {}, up {}, {}", text_of(status, "version"),
                              watch::format_seconds(number_of(status, "uptime_seconds")),
                              ready ? "ready" : "not ready: " + text_of(status, "not_ready_because")),
                  ready ? tone::good : tone::bad});
  page.push_back({fmt::format("devices   {}{}", count_of(status, "devices"), states_text(earlier, now))});
  if (const auto left = number_of(status, "seconds_to_all_online"); left > 0)
    page.push_back({"          those on their way are online in about " + watch::format_seconds(left)});
  if (earlier == nullptr) {
    page.push_back({"messages  rates come with the next look"});
  } else {
    const double passed = now.at_seconds - earlier->at_seconds;
    page.push_back({fmt::format(
        "messages  {:.1f} a second received, {:.1f} refused, {:.1f} sent; {:.1f} devices connected a second",
        (now.received - earlier->received) / passed, (now.refused - earlier->refused) / passed,
        (now.sent - earlier->sent) / passed, (now.connects - earlier->connects) / passed)});
    page.push_back({latency_text(*earlier, now)});
  }
  const auto& spool = object_of(status, "spool");
  const auto letters = count_of(spool, "dead_letters");
  page.push_back({fmt::format("spool     {} messages wait, {} bytes; {} dead letters",
                              count_of(spool, "messages"), count_of(spool, "bytes"), letters),
                  letters > 0 ? tone::bad : tone::plain});
  const auto& asked = object_of(status, "commands");
  page.push_back({fmt::format("commands  {} wait, {} pushes under way, {} in doubt",
                              count_of(object_of(asked, "in_state"), "stored"),
                              count_of(asked, "pushes_under_way"), count_of(asked, "in_doubt"))});
  add_services(status, page);
  return page;
}

std::string draw_top_page(const std::vector<top_line>& page, std::size_t columns, std::size_t rows,
                          bool coloured) {
  std::string out;
  const bool is_cut = page.size() > rows;
  const auto shown = is_cut ? rows - 1 : page.size();
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& line = page[i];
    const bool tinted = coloured && line.is != tone::plain;
    if (i > 0) out += "\n";
    if (tinted) out += line.is == tone::good ? "\x1b[32m" : "\x1b[31m";
    out += cut(line.text, columns);
    if (tinted) out += "\x1b[0m";
  }
  if (is_cut)
    out += (shown > 0 ? "\n" : "") + cut(fmt::format("… {} more lines", page.size() - shown), columns);
  return out;
}

} // namespace causeway
