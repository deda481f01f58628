// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub_listener.h"

#include "emulator/hub_connection.h"
#include "net/wake_up.h"

#include <vector>

namespace causeway::emulator {
namespace {

constexpr std::size_t max_connections = 20'000;
// Above this the client is not read until it has taken what was written.
constexpr std::size_t max_pending_output = 4U * 1024 * 1024;

struct hub_client {
  hub_client(net::loop& on, hub_service& hub, net::stream bytes)
      : stream{std::move(bytes)}, output{on}, drained{on}, connection{hub, on.now(), [this] {
                                                                        output.notify();
                                                                      }} {}

  net::stream stream;
  net::wake_up output, drained;
  hub_connection connection;
  bool reader_done = false;
  bool writer_done = false;
};

net::task<> write_client(std::shared_ptr<hub_client> client, net::loop* on) {
  std::string out;
  while (true) {
    const auto now = on->now();
    const auto next = client->connection.tick(now);
    out.clear();
    if (client->connection.take_output(out)) {
      const auto written = co_await client->stream.write(out);
      if (!written) break;
      client->drained.notify();
      continue;
    }
    if (client->connection.finished() || client->reader_done) break;
    co_await client->output.wait_until(next.value_or(now.mono + std::chrono::minutes{1}));
  }
  client->writer_done = true;
  client->stream.close();
  client->drained.notify();
}

net::task<> serve_client(net::stream bytes, net::loop* on, net::task_group* tasks, hub_service* hub) {
  if (hub->faults().active(fault_kind::hub_refuse_connections)) {
    hub->faults().use(fault_kind::hub_refuse_connections, "*");
    ++hub->totals().connections_refused;
    bytes.close();
    co_return;
  }
  const auto client = std::make_shared<hub_client>(*on, *hub, std::move(bytes));
  tasks->spawn("hub_writer", net::restart_policy::never, [client, on] { return write_client(client, on); });

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

result<hub_listener> hub_listener::start(net::loop& on, net::task_group& tasks,
                                         const net::listen_address& address, net::tls_server_context tls,
                                         hub_service& hub) {
  auto listener = net::listener::bind(on, address);
  if (!listener) return listener.fault();
  listener->serve(tasks, std::move(tls), max_connections, [&on, &tasks, &hub](net::stream bytes) {
    return serve_client(std::move(bytes), &on, &tasks, &hub);
  });
  return hub_listener{std::move(*listener)};
}

} // namespace causeway::emulator
