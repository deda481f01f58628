// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/hub_listener.h"

#include "base/log.h"
#include "emulator/hub/delay_line.h"
#include "emulator/hub/hub_connection.h"
#include "net/wake_up.h"

#include <algorithm>
#include <vector>

namespace causeway::emulator {
namespace {

constexpr std::size_t max_connections = 20'000;
// Above this the client is not read until it has taken what was written.
constexpr std::size_t max_pending_output = 4U * 1024 * 1024;

struct hub_client {
  hub_client(net::loop& on, hub_service& hub, net::stream bytes)
      : stream{std::move(bytes)},
        output{on},
        drained{on},
        distance{hub.options().latency.answer},
        is_near{hub.options().latency.answer.count() == 0},
        connection{hub, on.now(), [this] { output.notify(); }} {}

  // What the connection has written sets out.
  void send_off(mono_time now) {
    if (is_near) return;
    std::string bytes;
    if (connection.take_output(bytes)) distance.push(std::move(bytes), now);
  }
  // What has arrived, to the end of `out`.
  bool take(mono_time now, std::string& out) {
    if (is_near) return connection.take_output(out);
    send_off(now);
    if (connection.was_cut() || connection.frozen()) distance.clear();
    return distance.take(now, out);
  }
  bool done() const { return connection.was_cut() || (connection.finished() && distance.empty()); }
  std::size_t pending() const { return connection.pending_output() + distance.bytes(); }

  net::stream stream;
  net::wake_up output, drained;
  delay_line distance;
  bool is_near;
  hub_connection connection;
  bool reader_done = false;
  bool writer_done = false;
};

net::task<> write_client(std::shared_ptr<hub_client> client, net::loop* on) {
  std::string out;
  while (true) {
    const auto now = on->now();
    auto next = client->connection.tick(now).value_or(now.mono + std::chrono::minutes{1});
    out.clear();
    if (client->take(now.mono, out)) {
      const auto written = co_await client->stream.write(out);
      if (!written) break;
      client->drained.notify();
      continue;
    }
    if (client->done() || client->reader_done) break;
    if (const auto arrival = client->distance.next()) next = std::min(next, *arrival);
    co_await client->output.wait_until(next);
  }
  client->writer_done = true;
  client->stream.close();
  client->drained.notify();
}

net::task<> serve_client(net::stream bytes, net::loop* on, net::task_group* tasks, hub_service* hub) {
  const bool refused = hub->faults().use(fault_kind::hub_refuse_connections, "*").has_value();
  if (refused || hub->faults().active(fault_kind::hub_gone)) {
    hub->count_refused_connection();
    bytes.close();
    co_return;
  }
  const auto client = std::make_shared<hub_client>(*on, *hub, std::move(bytes));
  tasks->spawn("hub_writer", net::restart_policy::never, [client, on] { return write_client(client, on); });

  std::vector<char> buffer(32 * 1024);
  while (!client->writer_done) {
    if (client->connection.frozen()) {
      co_await client->drained.wait();
      continue;
    }
    const auto got = co_await client->stream.read_some(buffer);
    if (!got) break;
    const auto now = on->now();
    client->connection.feed({buffer.data(), *got}, now);
    client->send_off(now.mono);
    client->output.notify();
    if (client->pending() > max_pending_output && !client->writer_done) co_await client->drained.wait();
  }
  client->connection.feed_end(on->now());
  client->reader_done = true;
  client->output.notify();
}

// What the hub does by itself: locks and messages that are over, calls that are not answered.
net::task<> pass_time(std::shared_ptr<net::wake_up> due, net::loop* on, hub_service* hub) {
  while (true) {
    const auto now = on->now();
    const auto next = hub->desks().pass(now).value_or(now.mono + std::chrono::hours{1});
    co_await due->wait_until(next);
  }
}

} // namespace

struct hub_listener::state {
  net::loop& on;
  net::task_group& tasks;
  net::listen_address address;
  net::tls_server_context tls;
  hub_service& hub;
  std::optional<net::listener> listener;
  bool closed = false;

  result<void> open() {
    auto bound = net::listener::bind(on, address);
    if (!bound) return bound.fault();
    listener.emplace(std::move(*bound));
    address.port = listener->port(); // the same one when it comes back
    listener->serve(tasks, tls, max_connections, [loop = &on, group = &tasks, at = &hub](net::stream bytes) {
      return serve_client(std::move(bytes), loop, group, at);
    });
    return {};
  }

  void show(bool present) {
    if (closed) return;
    if (!present) {
      listener.reset();
      return;
    }
    if (auto opened = open(); !opened)
      log::error("hub_port_lost", {{"address", address.str()}, {"reason", opened.fault().message()}});
  }
};

result<hub_listener> hub_listener::start(net::loop& on, net::task_group& tasks,
                                         const net::listen_address& address, net::tls_server_context tls,
                                         hub_service& hub) {
  auto s = std::make_shared<state>(state{on, tasks, address, std::move(tls), hub, std::nullopt});
  if (auto opened = s->open(); !opened) return opened.fault();
  const auto due = std::make_shared<net::wake_up>(on);
  hub.desks().on_due([due] { due->notify(); });
  tasks.spawn("hub_time", net::restart_policy::never,
              [due, loop = &on, at = &hub] { return pass_time(due, loop, at); });
  hub.on_presence([s](bool present) { s->show(present); });
  return hub_listener{std::move(s)};
}

std::uint16_t hub_listener::port() const {
  return state_->address.port;
}

void hub_listener::close() {
  state_->closed = true;
  state_->listener.reset();
}

} // namespace causeway::emulator
