// SPDX-License-Identifier: Apache-2.0
#include "cloud/hub_line.h"

namespace causeway::cloud {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;
// A stream that takes everything at once lets nothing else run between two writes: after so many, the others
// have their turn.
constexpr unsigned writes_a_turn = 8;

} // namespace

// While the stream is there. Shared by its reader and its writer, each of which may be the last to go.
struct hub_line::live {
  net::stream stream;
  net::wake_up changed;
  net::wake_up writer_ended;
  bool over = false; // nothing more of the line's is for this stream
  bool writing = true;

  live(net::stream s, net::loop& on) : stream{std::move(s)}, changed{on}, writer_ended{on} {}
};

hub_line::hub_line(net::loop& on, net::task_group& tasks, const net::connector& connect, hub::fleet& of,
                   hub::line& which, std::optional<net::tls_client_context> tls)
    : loop_{on},
      tasks_{tasks},
      connect_{connect},
      fleet_{of},
      line_{which},
      tls_{std::move(tls)},
      ordered_{on} {
  tasks_.spawn("hub." + fleet_.where().address.host + "." + std::to_string(line_.index()),
               net::restart_policy::on_fault, [this] { return serve(); });
}

hub_line::~hub_line() = default;

void hub_line::flush() {
  if (up_) up_->changed.notify();
}

void hub_line::cut() {
  if (up_) up_->stream.close();
}

void hub_line::lose(const error& why) {
  busy_ = false;
  if (up_) {
    up_->over = true;
    up_->stream.close();
    up_->changed.notify();
    up_.reset();
  }
  fleet_.line_lost(line_, why, loop_.now());
}

net::task<> hub_line::write_out(std::shared_ptr<live> on) {
  // However it ends, an exception included: the reader must not wait for it.
  struct at_end {
    live& on;
    ~at_end() {
      on.stream.close();
      on.writing = false;
      on.writer_ended.notify();
    }
  } const ended{*on};
  std::string out;
  unsigned writes = 0;
  while (!on->over && !line_.is_over()) {
    if (writes == writes_a_turn) {
      writes = 0;
      const bool going_on = co_await net::sleep_for(std::chrono::nanoseconds{0});
      if (!going_on) break;
      continue;
    }
    const auto now = loop_.now();
    line_.tick(now);
    fleet_.line_events(line_, now);
    out.clear();
    // Everything that was asked for since the last write goes out in one.
    if (line_.take_output(out)) {
      const auto written = co_await on->stream.write(out);
      if (!written) {
        if (on->over) break; // and the line may be on its next stream
        line_.on_stream_end(written.fault(), loop_.now());
        fleet_.line_events(line_, loop_.now());
        break;
      }
      ++writes;
      continue;
    }
    if (line_.is_over()) break;
    writes = 0;
    if (const auto due = line_.deadline()) {
      static_cast<void>(co_await on->changed.wait_until(*due));
    } else {
      static_cast<void>(co_await on->changed.wait());
    }
  }
}

net::task<> hub_line::carry(std::shared_ptr<live> on) {
  tasks_.spawn("hub.write " + fleet_.where().address.host, net::restart_policy::never,
               [this, on] { return write_out(on); });
  std::string buffer(read_bytes, '\0');
  while (!line_.is_over()) {
    auto got = co_await on->stream.read_some(buffer);
    const auto now = loop_.now();
    if (got)
      line_.on_bytes(std::string_view{buffer}.substr(0, *got), now);
    else
      line_.on_stream_end(got.fault(), now);
    fleet_.line_events(line_, now);
    on->changed.notify();
  }
  on->over = true;
  on->stream.close();
  on->changed.notify();
  while (on->writing) {
    const bool going_on = co_await on->writer_ended.wait();
    if (!going_on) break;
  }
}

// False: the task is to end.
net::task<bool> hub_line::carry_one() {
  busy_ = true;
  net::connect_options target;
  target.host = fleet_.where().address.host;
  target.port = fleet_.where().address.port;
  target.tls = tls_;
  auto connected = co_await connect_(std::move(target));
  if (!connected) {
    if (connected.fault().code() == errc::stopped) co_return false;
    lose(connected.fault());
    co_return true;
  }
  const auto& took = connected->timing;
  if (!fleet_.line_opened(line_, {took.dns, took.tcp, took.tls}, loop_.now())) {
    busy_ = false; // the fleet is leaving: it may be wanted again
    co_return true;
  }
  up_ = std::make_shared<live>(std::move(connected->bytes), loop_);
  co_await carry(up_);
  lose(error{errc::connection_lost});
  co_return true;
}

net::task<> hub_line::serve() {
  // Started again after an exception: what was under way must not wait for ever.
  if (busy_) lose(error{errc::connection_lost});
  while (true) {
    const bool ordered = co_await ordered_.wait();
    if (!ordered) co_return;
    const bool going_on = co_await carry_one();
    if (!going_on) co_return;
  }
}

} // namespace causeway::cloud
