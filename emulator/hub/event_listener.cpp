// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/event_listener.h"

#include "emulator/hub/event_connection.h"
#include "net/wake_up.h"

namespace causeway::emulator {
namespace {

constexpr std::size_t max_connections = 1000;
// Above this the client is not read until it has taken what was written.
constexpr std::size_t max_pending_output = 2 * event_connection::max_output;

struct event_client {
  event_client(net::loop& on, event_endpoint& endpoint, net::stream bytes)
      : stream{std::move(bytes)}, output{on}, drained{on}, connection{endpoint, on.now(), [this] {
                                                                        output.notify();
                                                                      }} {}

  net::stream stream;
  net::wake_up output, drained;
  event_connection connection;
  bool reader_done = false;
  bool writer_done = false;
};

net::task<> write_client(std::shared_ptr<event_client> client, net::loop* on) {
  std::string out;
  while (true) {
    const auto now = on->now();
    const auto next = client->connection.tick(now).value_or(now.mono + std::chrono::minutes{1});
    out.clear();
    if (client->connection.take_output(out)) {
      const auto written = co_await client->stream.write(out);
      if (!written) break;
      client->drained.notify();
      continue;
    }
    if (client->connection.finished() || client->reader_done) break;
    co_await client->output.wait_until(next);
  }
  client->writer_done = true;
  client->stream.close();
  client->drained.notify();
}

net::task<> serve_client(net::stream bytes, net::loop* on, net::task_group* tasks, event_endpoint* endpoint) {
  const auto client = std::make_shared<event_client>(*on, *endpoint, std::move(bytes));
  tasks->spawn("event_writer", net::restart_policy::never, [client, on] { return write_client(client, on); });
  std::vector<char> buffer(32 * 1024);
  while (!client->writer_done) {
    const auto got = co_await client->stream.read_some(buffer);
    if (!got) break;
    client->connection.feed({buffer.data(), *got}, on->now());
    client->output.notify();
    if (client->connection.pending_output() > max_pending_output && !client->writer_done)
      co_await client->drained.wait();
  }
  client->connection.feed_end(on->now());
  client->reader_done = true;
  client->output.notify();
}

} // namespace

result<net::listener> start_event_listener(net::loop& on, net::task_group& tasks,
                                           const net::listen_address& address, event_endpoint& endpoint) {
  auto bound = net::listener::bind(on, address);
  if (!bound) return bound.fault();
  bound->serve(tasks, std::nullopt, max_connections,
               [loop = &on, group = &tasks, at = &endpoint](net::stream bytes) {
                 return serve_client(std::move(bytes), loop, group, at);
               });
  return bound;
}

} // namespace causeway::emulator
