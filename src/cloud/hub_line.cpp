// SPDX-License-Identifier: Apache-2.0
#include "cloud/hub_line.h"

#include "base/encoding.h"
#include "cloud/hub_fleet.h"

namespace causeway::cloud {
namespace {

// A connection that has lived this long starts the pauses from the first one again.
constexpr seconds lasting{10};
constexpr std::size_t read_bytes = 64 * 1024;
// A stream that takes everything at once lets nothing else run between two writes: after so many, the others
// have their turn.
constexpr unsigned writes_a_turn = 8;

} // namespace

// While the connection is there. Shared by its reader and its writer, each of which may be the last to go.
struct hub_line::live {
  net::stream stream;
  hub::connection connection;
  net::wake_up changed;
  net::wake_up writer_ended;
  bool over = false;
  bool writing = true;
  std::optional<mono_time> opened_at;
  std::optional<error> fault; // why it is over
  std::vector<hub::sent> refused;

  live(net::stream s, hub::connection_options options, hub::token_source& tokens, net::loop& on)
      : stream{std::move(s)},
        connection{std::move(options), tokens, on.now()},
        changed{on},
        writer_ended{on} {}
};

hub_line::hub_line(pool_state& pool, hub_fleet& hub, std::uint32_t index)
    : pool_{pool}, hub_{hub}, index_{index}, woken_{pool.loop} {}

hub_line::~hub_line() = default;

void hub_line::start() {
  pool_.tasks.spawn("hub." + hub_.address().host + "." + std::to_string(index_),
                    net::restart_policy::on_fault, [this] { return keep_up(); });
}

hub::connection* hub_line::open() {
  return up_ && up_->opened_at && !up_->over ? &up_->connection : nullptr;
}

void hub_line::flush() {
  if (up_) up_->changed.notify();
}

std::uint64_t hub_line::tokens_put() const {
  return up_ ? up_->connection.counters().put_tokens : 0;
}

void hub_line::refuse(hub::sent what) {
  up_->refused.push_back(std::move(what));
  up_->changed.notify();
}

void hub_line::close() {
  if (!up_) return;
  up_->connection.close(pool_.loop.now());
  up_->changed.notify();
}

bool hub_line::cut() {
  if (!up_) return false;
  up_->stream.close();
  return true;
}

void hub_line::renew_tokens() {
  if (open() == nullptr) return;
  up_->connection.renew_tokens(pool_.loop.now());
  up_->changed.notify();
}

std::string hub_line::waits_for() const {
  if (connecting_) return "the connection to the hub (name, TCP, TLS)";
  if (!up_ || up_->over) return {};
  const auto owed = up_->connection.waiting_for();
  return owed.empty() ? std::string{} : "the hub's " + std::string{owed};
}

void hub_line::deliver_events(live& on) {
  const auto now = pool_.loop.now().mono;
  for (auto refused = std::exchange(on.refused, {}); auto& one : refused)
    hub_.on_not_sent(one);
  const bool over = on.connection.is_closed();
  if (over && !on.over) {
    on.over = true; // so that what the core does now goes to the next connection
    hub_.on_over(*this);
  }
  // A kind that is not here does not compile.
  struct hands_on {
    hub_line& line;
    live& on;
    mono_time now;
    bool over;
    void operator()(const hub::attached& what) const { line.hub_.on_attached(line, what); }
    void operator()(const hub::sent& what) const { line.hub_.on_sent(what); }
    void operator()(const hub::detached& what) const { line.hub_.on_detached(line, what, over); }
    void operator()(const hub::closed& what) const { on.fault = what.why; }
    void operator()(const hub::opened& what) const {
      on.opened_at = now;
      line.pool_.note(model::phase::open, now - what.cbs - what.open, what.open, {}, line.number_);
      line.pool_.note(model::phase::cbs_link, now - what.cbs, what.cbs, {}, line.number_);
      line.hub_.on_open(line, what);
    }
  };
  for (const auto& event : on.connection.take_events())
    std::visit(hands_on{*this, on, now, over}, event);
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
  while (!on->over) {
    if (writes == writes_a_turn) {
      writes = 0;
      const bool going_on = co_await net::sleep_for(std::chrono::nanoseconds{0});
      if (!going_on) break;
      continue;
    }
    const auto now = pool_.loop.now();
    if (const auto due = on->connection.deadline(); due && *due <= now.mono) on->connection.tick(now);
    deliver_events(*on);
    out.clear();
    // Everything that was asked for since the last write goes out in one.
    if (on->connection.take_output(out)) {
      const auto written = co_await on->stream.write(out);
      if (!written) {
        on->connection.on_stream_end(written.fault(), pool_.loop.now());
        deliver_events(*on);
        break;
      }
      ++writes;
      continue;
    }
    if (on->connection.is_closed()) break;
    writes = 0;
    const auto due = on->connection.deadline();
    if (due) {
      static_cast<void>(co_await on->changed.wait_until(*due));
    } else {
      static_cast<void>(co_await on->changed.wait());
    }
  }
}

net::task<error> hub_line::carry(net::connected_stream how, mono_time begun) {
  number_ = ++pool_.connections;
  pool_.note(model::phase::dns, begun, how.timing.dns, {}, number_);
  pool_.note(model::phase::tcp, begun + how.timing.dns, how.timing.tcp, {}, number_);
  pool_.note(model::phase::tls, begun + how.timing.dns + how.timing.tcp, how.timing.tls, {}, number_);

  hub::connection_options options;
  options.host = hub_.address().id();
  options.container_id = "causeway-" +
                         hex_encode(std::to_string(pool_.loop.now().wall.time_since_epoch().count())) + "-" +
                         std::to_string(number_);
  options.mode = hub_.tokens().mode();
  options.client_version = "causeway/" CAUSEWAY_VERSION;
  options.two_links_a_session = hub_.two_links_a_session();
  since_ = pool_.loop.now().mono;
  auto on = std::make_shared<live>(std::move(how.bytes), std::move(options), hub_.tokens(), pool_.loop);
  up_ = on;
  hub_.on_made(*this);
  pool_.tasks.spawn("hub.write " + hub_.address().host, net::restart_policy::never,
                    [this, on] { return write_out(on); });
  std::string buffer(read_bytes, '\0');
  while (!on->over) {
    auto got = co_await on->stream.read_some(buffer);
    if (!got) {
      on->connection.on_stream_end(got.fault(), pool_.loop.now());
      deliver_events(*on);
      break;
    }
    on->connection.on_bytes(std::string_view{buffer}.substr(0, *got), pool_.loop.now());
    deliver_events(*on);
    on->changed.notify();
  }
  on->over = true;
  on->stream.close();
  on->changed.notify();
  while (on->writing) {
    const bool going_on = co_await on->writer_ended.wait();
    if (!going_on) break;
  }
  proven_ = on->opened_at && pool_.loop.now().mono - *on->opened_at > lasting;
  auto fault = on->fault.value_or(error{errc::connection_lost});
  const bool closed = fault.code() == errc::peer_closed || fault.code() == errc::connection_lost;
  if (closed && on->connection.is_mute() && hub_.section().tls) fault = hub_.name_mute(std::move(fault));
  co_return fault;
}

void hub_line::abandon() {
  up_->connection.on_stream_end(error{errc::connection_lost}, pool_.loop.now());
  deliver_events(*up_);
  up_->stream.close();
  up_->changed.notify();
  hub_.on_gone(*this);
  up_.reset();
}

net::task<> hub_line::keep_up() {
  // Started again after an exception: what the connection still held must not wait for ever.
  connecting_ = false;
  if (up_) abandon();
  while (!pool_.closing) {
    if (!hub_.wants(*this)) {
      const bool going_on = co_await woken_.wait();
      if (!going_on) co_return;
      continue;
    }
    const auto begun = pool_.loop.now().mono;
    if (const auto start = hub_.may_connect(*this, begun); start > begun) {
      if (start == mono_time::max()) {
        const bool going_on = co_await woken_.wait();
        if (!going_on) co_return;
      } else {
        static_cast<void>(co_await woken_.wait_until(start));
      }
      continue;
    }
    slot.reset();
    net::connect_options target;
    target.host = hub_.address().host;
    target.port = hub_.address().port;
    target.tls = hub_.section().tls;
    connecting_ = true;
    since_ = begun;
    auto connected = co_await net::connect(std::move(target));
    connecting_ = false;
    proven_ = false;
    std::optional<error> fault;
    if (pool_.closing) co_return;
    if (connected) {
      fault = co_await carry(std::move(*connected), begun);
      hub_.on_gone(*this);
      up_.reset();
    } else {
      fault = std::move(connected).fault();
      if (fault->code() == errc::stopped) co_return;
    }
    if (pool_.closing) co_return;
    hub_.on_lost(*this, *fault, proven_);
  }
}

} // namespace causeway::cloud
