// SPDX-License-Identifier: Apache-2.0
#include "watch/trace_exporter.h"

#include "base/http_fields.h"
#include "base/log.h"

#include <boost/json.hpp>

#include <algorithm>

namespace causeway::watch {
namespace {

// Made without a break: about half a millisecond of the loop.
constexpr std::size_t spans_in_a_row = 100;
// Ways that are remembered to give their spans one trace; of further ones each span is a trace.
constexpr std::size_t most_ways = 1'000'000;

net::http_client_options options_of(const exporter_options& from) {
  net::http_client_options options;
  options.ca_file = from.ca_file;
  options.max_connections = 1;
  options.max_waiting = 1;
  return options;
}

bool is_for_now(int status) {
  // 439 is Application Insights' own word for 429.
  return status == 408 || status == 429 || status == 439 || status >= 500;
}

// How many of a batch Application Insights took, which it says with 206 (and OTLP with partialSuccess).
std::size_t refused_in(std::string_view body, std::size_t spans) {
  boost::system::error_code bad;
  const auto answer = boost::json::parse({body.data(), body.size()}, bad);
  if (bad || !answer.is_object()) return 0;
  const auto number = [](const boost::json::value* value) -> std::optional<std::uint64_t> {
    if (value == nullptr) return std::nullopt;
    if (value->is_int64() && value->get_int64() >= 0) return static_cast<std::uint64_t>(value->get_int64());
    std::uint64_t read = 0;
    if (const auto* text = value->if_string(); text != nullptr && text->size() < 10)
      for (const char c : *text) {
        if (c < '0' || c > '9') return std::nullopt;
        read = read * 10 + static_cast<std::uint64_t>(c - '0');
      }
    return read;
  };
  const auto& object = answer.get_object();
  if (const auto taken = number(object.if_contains("itemsAccepted")); taken)
    return spans - std::min<std::size_t>(spans, *taken);
  if (const auto* partial = object.if_contains("partialSuccess"); partial != nullptr && partial->is_object())
    if (const auto refused = number(partial->get_object().if_contains("rejectedSpans")); refused)
      return std::min<std::size_t>(spans, *refused);
  return 0;
}

} // namespace

trace_exporter::trace_exporter(net::loop& on, net::task_group& tasks, exporter_options options,
                               const model::timeline& spans,
                               std::function<std::optional<traced_device>(device_ref)> names,
                               std::function<double()> random)
    : loop_{on},
      tasks_{tasks},
      options_{std::move(options)},
      spans_{spans},
      names_{std::move(names)},
      random_{std::move(random)},
      client_{on, options_of(options_)},
      pauses_{options_.pauses} {}

void trace_exporter::start() {
  tasks_.spawn("export to " + options_.name, net::restart_policy::on_fault, [this] { return run(); });
}

// When the way began that this span is a part of: with the first queue since the device was last attached.
mono_time trace_exporter::way_of(const model::span& one, device_ref device) {
  const bool begins = one.what == model::phase::dps_queue || one.what == model::phase::hub_queue;
  auto found = ways_.find(device);
  if (found == ways_.end()) {
    if (ways_.size() >= most_ways) return one.begin;
    found = ways_.emplace(device, way{one.begin, false}).first;
  } else if (begins && found->second.arrived) {
    found->second = {one.begin, false};
  }
  if (one.what == model::phase::attach && !one.fault) found->second.arrived = true;
  return found->second.begin;
}

// When the command came that this span is of, as far as a device has one at a time: a span does not name it.
mono_time trace_exporter::command_of(const model::span& one, device_ref device) {
  if (one.what == model::phase::command_store && (commands_.size() < most_ways || commands_.contains(device)))
    commands_[device] = one.begin;
  const auto found = commands_.find(device);
  return found == commands_.end() ? one.begin : found->second;
}

span_record trace_exporter::record_of(std::uint64_t number) {
  const auto& one = spans_.at(number);
  span_record to;
  to.what = one.what;
  to.begin = spans_.wall_of(one.begin);
  to.duration = one.duration;
  to.connection = one.connection;
  to.fault = one.fault;
  if (one.device) {
    std::string subject = "#" + std::to_string(index_of(*one.device));
    if (auto named = names_(*one.device)) {
      subject = named->key.application.str() + "/" + named->key.device.str();
      to.application = named->key.application.str();
      to.device = named->key.device.str();
      to.identity = named->identity.str();
      to.hub = named->hub.str();
    }
    to.trace_id = is_of_command(one.what)
                      ? make_trace_id(subject + " command", spans_.wall_of(command_of(one, *one.device)))
                      : make_trace_id(subject, spans_.wall_of(way_of(one, *one.device)));
  } else {
    to.trace_id = make_trace_id("connection " + std::to_string(one.connection), spans_.started().wall);
  }
  to.span_id = make_span_id(to.trace_id, number);
  return to;
}

// False when cancelled.
net::task<bool> trace_exporter::collect(batch* into) {
  into->body = options_.format.prefix;
  into->spans = 0;
  while (into->spans < options_.batch) {
    if (next_ < spans_.first_kept()) {
      totals_.lost += spans_.first_kept() - next_;
      next_ = spans_.first_kept();
    }
    const auto last =
        std::min({spans_.noted(), next_ + spans_in_a_row, next_ + (options_.batch - into->spans)});
    for (; next_ < last; ++next_) {
      if (into->spans++ != 0) into->body += options_.format.separator;
      options_.format.append(into->body, record_of(next_));
    }
    if (next_ >= spans_.noted()) break;
    const bool going_on = co_await net::sleep_for(std::chrono::nanoseconds{0});
    if (!going_on) co_return false;
  }
  into->body += options_.format.suffix;
  co_return true;
}

milliseconds trace_exporter::put_off(error why, std::optional<seconds> retry_after) {
  ++totals_.faults;
  const auto growing = pauses_.next(random_());
  const auto pause = retry_after ? std::min<milliseconds>(*retry_after, options_.pauses.longest) : growing;
  // Once an episode: a collector that is away for a day is no news each minute.
  if (!totals_.last_fault)
    log::warning("export_interrupted", {{"exporter", options_.name},
                                        {"error", why.name()},
                                        {"detail", why.detail()},
                                        {"next_try_ms", pause.count()}});
  totals_.last_fault = std::move(why);
  return pause;
}

std::optional<milliseconds> trace_exporter::judge(const batch& what, const result<net::http_answer>& answer) {
  ++totals_.requests;
  if (!answer) return put_off(answer.fault(), std::nullopt);
  const auto status = answer->status;
  const error refused{errc::export_refused, "HTTP " + std::to_string(status)};
  if (is_for_now(status)) return put_off(refused, parse_retry_after(answer->header("Retry-After")));
  pauses_.reset();
  if (status >= 200 && status < 300) {
    if (totals_.last_fault) log::info("export_resumed", {{"exporter", options_.name}});
    totals_.last_fault.reset();
    const auto dropped = refused_in(answer->body, what.spans);
    totals_.dropped += dropped;
    totals_.exported += what.spans - dropped;
    return std::nullopt;
  }
  // It will say the same again.
  ++totals_.faults;
  totals_.dropped += what.spans;
  if (!totals_.last_fault || totals_.last_fault->detail() != refused.detail())
    log::error("export_refused", {{"exporter", options_.name},
                                  {"error", refused.name()},
                                  {"detail", refused.detail()},
                                  {"spans", what.spans}});
  totals_.last_fault = refused;
  return std::nullopt;
}

// False when cancelled.
net::task<bool> trace_exporter::deliver(batch* what) {
  while (true) {
    net::http_call call;
    call.method = "POST";
    call.url = options_.url;
    call.headers = {{"Content-Type", options_.format.content_type}};
    call.body = what->body;
    call.time_out = options_.time_out;
    const auto answer = co_await client_.call(std::move(call));
    if (!answer && answer.fault().code() == errc::stopped) co_return false;
    const auto pause = judge(*what, answer);
    if (!pause) co_return true;
    const bool going_on = co_await net::sleep_for(*pause);
    if (!going_on) co_return false;
  }
}

net::task<> trace_exporter::run() {
  batch current;
  while (true) {
    if (next_ < spans_.noted()) {
      const bool collected = co_await collect(&current);
      if (!collected) co_return;
      const bool delivered = co_await deliver(&current);
      if (!delivered) co_return;
      current.body.clear();
      if (next_ < spans_.noted() && current.spans >= options_.batch) continue;
    }
    const bool going_on = co_await net::sleep_for(options_.period);
    if (!going_on) co_return;
  }
}

} // namespace causeway::watch
