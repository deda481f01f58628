// SPDX-License-Identifier: Apache-2.0
#include "watch/api.h"

#include "base/log_tail.h"
#include "base/mask.h"
#include "watch/api_call.h"
#include "watch/command_page.h"
#include "watch/device_page.h"
#include "watch/status_page.h"
#include "watch/timeline_view.h"

#include <algorithm>
#include <unordered_map>

namespace causeway::watch {
namespace {

namespace json = boost::json;

constexpr std::size_t spans_of_device = 256, commands_of_device = 10;
// Among them those of its commands, which are not drawn.
constexpr std::size_t spans_of_way = 16'384;
constexpr seconds keep_time{1};

net::http_response answer_text(const std::string& json_body) {
  net::http_response out;
  out.body = json_body + "\n";
  return out;
}

net::http_response log_lines(const parameters& asked) {
  if (auto good = asked.only({"limit"}); !good) return refuse(good.fault());
  const auto limit = asked.limit();
  if (!limit) return refuse(limit.fault());
  json::array lines;
  for (const auto& one : log::tail(*limit))
    lines.emplace_back(mask_secrets(one));
  return answer_json({{"lines", std::move(lines)}});
}

// The oldest first.
std::string draw_commands(const std::vector<model::command_status>& last, const model::device_status& of) {
  std::vector<waterfall_row> rows;
  const auto zero = last.empty() || last.back().marks.empty() ? wall_time{} : last.back().marks.front().at;
  for (auto one = last.rbegin(); one != last.rend(); ++one)
    rows.push_back(command_row(*one, zero));
  return draw_waterfall(rows, {of.key.device.str() + ": its last commands", "from " + format_rfc3339(zero)});
}

} // namespace

template <class Value>
const Value& api::kept<Value>::get(mono_time now, const std::function<Value()>& make) {
  if (!at || now >= *at + keep_time) {
    value = make();
    at = now;
  }
  return value;
}

net::http_response api::handle(const net::http_request& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    auto out = refuse(405, error{errc::method_not_allowed, "the admin API is read-only"});
    out.headers.emplace_back("Allow", "GET, HEAD");
    return out;
  }
  const auto path = request.path();
  const parameters asked{request.query()};
  if (path == "/api/status") return answer_json(status_json(fleet_.figures(), version_, fleet_.now().wall));
  if (path == "/api/plan")
    return answer_text(
        plan_.get(fleet_.now().mono, [this] { return format_plan_json(make_plan(fleet_.plan())); }));
  if (path == "/api/devices") return devices(asked);
  if (path == "/api/configuration") return answer_text(configuration_);
  if (path.starts_with("/api/devices/")) return device(path.substr(13));
  if (path == "/api/log") return log_lines(asked);
  if (path == "/api/timeline") return spans(asked);
  if (path == "/api/timeline/summary")
    return answer_text(
        summary_.get(fleet_.now().mono, [this] { return to_text(summary_json(fleet_.timeline())); }));
  if (path == "/api/timeline/waterfall.svg") return waterfall(asked);
  return refuse(
      error{errc::not_found,
            "there is /api/status, /api/plan, /api/devices, /api/devices/{application}/{device}, "
            "/api/devices/{application}/{device}/why, /api/commands, /api/dead-letters, /api/configuration, "
            "/api/history, /api/log, /api/live, /api/access, /api/timeline, "
            "/api/timeline/summary and "
            "/api/timeline/waterfall.svg"});
}

net::http_response api::devices(const parameters& asked) const {
  if (auto good = asked.only({"after", "limit", "state", "application", "search"}); !good)
    return refuse(good.fault());
  const auto limit = asked.limit();
  if (!limit) return refuse(limit.fault());
  const auto behind = asked.behind();
  if (!behind) return refuse(behind.fault());
  model::device_filter wanted{{}, asked.text("application"), asked.text("search")};
  if (const auto* name = asked.find("state"); name != nullptr) {
    wanted.state = find_state(*name);
    if (!wanted.state) return refuse(error{errc::field_invalid, "there is no state \"" + *name + "\""});
  }
  const auto page = fleet_.list(*behind, *limit, wanted);
  json::array found;
  for (const auto& one : page.devices)
    found.push_back(device_json(one, fleet_.now()));
  return answer_json({{"devices", std::move(found)},
                      {"next", page.next ? json::value(index_of(*page.next)) : json::value(nullptr)}});
}

result<model::device_status> find_device(const fleet_view& fleet, std::string_view application,
                                         std::string_view device) {
  const device_id id{std::string{device}};
  if (application != "-") {
    auto found = fleet.device({application_id{std::string{application}}, id});
    if (!found) return error{errc::not_found, "no device " + id.str() + " is known"};
    return std::move(*found);
  }
  std::optional<model::device_status> only;
  std::string owners;
  std::size_t count = 0;
  for (const auto& owner : fleet.applications()) {
    auto found = fleet.device({owner, id});
    if (!found) continue;
    owners += (owners.empty() ? "" : ", ") + owner.str();
    ++count;
    only = std::move(found);
  }
  if (count > 1)
    return error{errc::field_invalid, "the device " + id.str() + " is in several applications: " + owners +
                                          "; name the one that is meant"};
  if (!only) return error{errc::not_found, "no device " + id.str() + " is known"};
  return std::move(*only);
}

// rest: "{application}/{device}" or "{application}/{device}/why".
net::http_response api::device(std::string_view rest) const {
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos)
    return refuse(error{errc::not_found, "/api/devices/{application}/{device}"});
  auto name = rest.substr(slash + 1);
  const bool why = name.ends_with("/why");
  if (why) name.remove_suffix(4);
  if (name.empty() || name.find('/') != std::string_view::npos)
    return refuse(error{errc::not_found, "/api/devices/{application}/{device}"});
  const auto found = find_device(fleet_, percent_decode(rest.substr(0, slash)), percent_decode(name));
  if (!found) return refuse(found.fault());
  if (why)
    return answer_json({{"application", found->key.application.str()},
                        {"device", found->key.device.str()},
                        {"state", model::to_string(found->state)},
                        {"why", fleet_.explain(*found)}});
  auto body = device_json(*found, fleet_.now());
  body["why"] = fleet_.explain(*found);
  json::array commands;
  for (const auto& one : fleet_.commands_of(found->key, commands_of_device))
    commands.push_back(command_json(one));
  body["commands"] = std::move(commands);
  const auto& line = fleet_.timeline();
  auto spans = line.of(found->ref, spans_of_device);
  std::ranges::stable_sort(spans, {}, &model::span::begin);
  body["spans"] = spans_json(spans, line, [this](device_ref ref) { return fleet_.key_of(ref); });
  body["way"] = spans_json(last_way(line.of(found->ref, spans_of_way)), line,
                           [this](device_ref ref) { return fleet_.key_of(ref); });
  return answer_json(body);
}

net::http_response api::spans(const parameters& asked) const {
  if (auto good = asked.only({"after", "limit", "device", "application"}); !good) return refuse(good.fault());
  const auto limit = asked.limit();
  if (!limit) return refuse(limit.fault());
  const auto after = asked.number<std::uint64_t>("after");
  if (!after) return refuse(after.fault());
  const auto* device = asked.find("device");
  const auto* application = asked.find("application");
  const auto names = [this](device_ref ref) { return fleet_.key_of(ref); };
  // Names are compared once: of the device that is asked for, or of each device met.
  std::unordered_map<device_ref, bool> judged;
  if (device != nullptr)
    for (const auto& owner : fleet_.applications())
      if (application == nullptr || owner.str() == *application)
        if (const auto found = fleet_.device({owner, device_id{*device}})) judged[found->ref] = true;
  const auto wanted = [&](const model::span& one) {
    if (device == nullptr && application == nullptr) return true;
    if (!one.device) return false;
    const auto known = judged.find(*one.device);
    if (known != judged.end()) return known->second;
    if (device != nullptr) return false;
    const auto key = fleet_.key_of(*one.device);
    return judged[*one.device] = key && key->application.str() == *application;
  };
  auto page = page_of(fleet_.timeline(), after->value_or(0), *limit, wanted, names);
  return answer_json(
      {{"spans", std::move(page.spans)}, {"next", page.next}, {"missed", page.missed}, {"more", page.more}});
}

net::http_response api::waterfall(const parameters& asked) const {
  if (auto good = asked.only({"device", "application", "limit", "of"}); !good) return refuse(good.fault());
  const auto limit = asked.limit();
  if (!limit) return refuse(limit.fault());
  const auto of = asked.text("of");
  if (!of.empty() && (of != "commands" || asked.find("device") == nullptr))
    return refuse(error{errc::field_invalid, "of is commands, of one device, or absent"});
  const auto& line = fleet_.timeline();
  net::http_response out;
  out.content_type = "image/svg+xml; charset=utf-8";
  if (const auto* device = asked.find("device"); device != nullptr) {
    const auto* application = asked.find("application");
    const auto found =
        find_device(fleet_, application == nullptr ? "-" : std::string_view{*application}, *device);
    if (!found) return refuse(found.fault());
    if (!of.empty()) {
      out.body = draw_commands(fleet_.commands_of(found->key, commands_of_device), *found);
      return out;
    }
    const auto row = last_session(line.of(found->ref, spans_of_way), line, found->key.device.str());
    const auto zero =
        row.bars.empty()
            ? line.started().wall
            : line.started().wall + std::chrono::duration_cast<wall_time::duration>(
                                        std::chrono::duration<double, std::milli>{row.bars.front().begin_ms});
    out.body = draw_waterfall(
        {row}, {found->key.device.str() + ": its last way to its hub", "from " + format_rfc3339(zero)});
    return out;
  }
  const auto& all = first_ways_.get(fleet_.now().mono, [&] {
    return first_sessions(line, page_limit, [this](device_ref ref) { return fleet_.key_of(ref); });
  });
  const std::vector<waterfall_row> rows{
      all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), *limit))};
  auto note = std::to_string(rows.size()) + " devices, in the order in which they began";
  if (line.first_kept() > 0) note += "; earlier spans have been overwritten";
  out.body = draw_waterfall(rows, {"The way of each device to its hub", note});
  return out;
}

} // namespace causeway::watch
