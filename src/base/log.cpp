// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/log_tail.h"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <utility>

namespace causeway::log {
namespace {

constexpr std::size_t queued_lines = 8192;
constexpr std::chrono::seconds patience{1};

struct logger {
  std::atomic<level> threshold{level::info};
  std::atomic<format> shape{format::logfmt};
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> kept;
  std::shared_ptr<spdlog::logger> out;
};

logger& instance() {
  static logger one;
  return one;
}

std::string_view name_of(level at) {
  switch (at) {
  case level::debug:
    return "debug";
  case level::info:
    return "info";
  case level::warning:
    return "warning";
  case level::error:
    return "error";
  case level::off:
    break;
  }
  return "off";
}

// Also what only quoted text escapes: peers, whose words these may be, must not reach the reader's terminal.
bool needs_quotes(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](unsigned char c) {
           return c <= ' ' || c >= '\x7f' || c == '=' || c == '"' || c == '\\';
         });
}

std::string render_logfmt(level at, std::string_view event, std::initializer_list<field> fields) {
  std::string text = "time=" + format_rfc3339(std::chrono::system_clock::now());
  text.append(" level=").append(name_of(at)).append(" event=").append(event);
  for (const auto& f : fields) {
    text.append(" ").append(f.key).append("=");
    text += needs_quotes(f.value) ? json_quoted(f.value) : f.value;
  }
  return text;
}

std::string render_json(level at, std::string_view event, std::initializer_list<field> fields) {
  std::string text = "{\"time\":\"" + format_rfc3339(std::chrono::system_clock::now()) + "\"";
  text.append(",\"level\":\"").append(name_of(at)).append("\",\"event\":").append(json_quoted(event));
  for (const auto& f : fields)
    text.append(",").append(json_quoted(f.key)).append(":").append(json_quoted(f.value));
  return text + "}";
}

} // namespace

void start(level threshold, format shape) {
  auto& self = instance();
  self.threshold = threshold;
  self.shape = shape;
  self.pool = std::make_shared<spdlog::details::thread_pool>(queued_lines, 1);
  self.kept = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(tail_lines);
  // What is kept comes first: nobody may be reading stderr.
  const spdlog::sinks_init_list sinks{self.kept, std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  self.out = std::make_shared<spdlog::async_logger>("causeway", sinks, self.pool,
                                                    spdlog::async_overflow_policy::overrun_oldest);
  self.out->set_pattern("%v");
  self.out->flush_on(spdlog::level::warn);
}

bool stop() {
  auto& self = instance();
  if (!self.out) return true;
  self.out->flush();
  self.out.reset();
  std::promise<void> written;
  auto done = written.get_future();
  // Joins the logger's thread after the queue is written, and waits for room to say so.
  std::thread{[pool = std::move(self.pool), written = std::move(written)]() mutable {
    pool.reset();
    written.set_value();
  }}.detach();
  return done.wait_for(patience) == std::future_status::ready;
}

std::vector<std::string> tail(std::size_t most) {
  const auto& kept = instance().kept;
  if (!kept || most == 0) return {}; // to spdlog 0 means all
  auto lines = kept->last_formatted(most);
  for (auto& one : lines)
    one.erase(one.find_last_not_of("\r\n") + 1);
  return lines;
}

bool enabled(level at) {
  return at >= instance().threshold.load(std::memory_order_relaxed);
}

void line(level at, std::string_view event, std::initializer_list<field> fields) {
  auto& self = instance();
  if (!enabled(at)) return;
  const auto text = self.shape.load(std::memory_order_relaxed) == format::json
                        ? render_json(at, event, fields)
                        : render_logfmt(at, event, fields);
  if (self.out) {
    self.out->log(at >= level::warning ? spdlog::level::warn : spdlog::level::info, text);
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

} // namespace causeway::log
