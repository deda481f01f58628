// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/webhook_poster.h"

#include <algorithm>
#include <array>

namespace causeway::emulator {
namespace {

using namespace std::chrono_literals;

constexpr auto idle_time_out = 90s; // of Go's client

} // namespace

std::unique_ptr<webhook_connection> webhook_connections::take(const webhook_hook& hook, mono_time now) {
  while (!idle.empty() && idle.front()->idle_since + idle_time_out < now)
    idle.erase(idle.begin());
  const auto found = std::find_if(idle.rbegin(), idle.rend(),
                                  [&](const auto& one) { return one->to->endpoint() == hook.endpoint(); });
  if (found == idle.rend()) return nullptr;
  auto taken = std::move(*found);
  idle.erase(std::next(found).base());
  return taken;
}

void webhook_connections::give(std::unique_ptr<webhook_connection> one, mono_time now) {
  const auto waiting = std::count_if(idle.begin(), idle.end(), [&](const auto& other) {
    return other->to->endpoint() == one->to->endpoint();
  });
  if (static_cast<std::size_t>(waiting) >= most_of_a_host) return;
  one->idle_since = now;
  idle.push_back(std::move(one));
}

void webhook_connections::drop(const webhook_hook& hook) {
  std::erase_if(idle, [&](const auto& one) { return one->to->endpoint() == hook.endpoint(); });
}

void webhook_poster::watch(mono_time now) {
  if (!deadline || *deadline > now || timed_out) return;
  timed_out = true;
  if (line) line->stream.close();
}

net::task<post_result> post_once(webhook_poster* with, std::optional<net::tls_client_context> tls,
                                 std::chrono::milliseconds time_out, std::string_view request) {
  auto& line = *with->line;
  if (!line.stream.is_open()) {
    net::connect_options options;
    options.host = line.to->host();
    options.port = line.to->port();
    options.tls = std::move(tls);
    options.time_out = time_out;
    auto connected = co_await net::connect(std::move(options));
    if (!connected)
      co_return post_result{0, connected.fault().code() == errc::connection_timed_out ? "time_out"
                                                                                      : "connection"};
    line.stream = std::move(connected->bytes);
  }
  const auto written = co_await line.stream.write(request);
  if (!written) co_return post_result{0, with->timed_out ? "time_out" : "connection"};
  std::array<char, 4096> buffer;
  while (true) {
    if (const auto answer = line.reader.next()) {
      line.usable = !answer->last;
      co_return post_result{answer->status, "not_http"};
    }
    const auto got = co_await line.stream.read_some(buffer);
    if (!got) co_return post_result{0, with->timed_out ? "time_out" : "connection"};
    line.reader.feed({buffer.data(), *got});
  }
}

} // namespace causeway::emulator
