// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/floor_program.h"

#include "azure/connection_string.h"
#include "causeway_bench/floor_uplink.h"

#include <fmt/format.h>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace causeway::bench {
namespace {

constexpr milliseconds erase_delay{50}; // how long what is done waits for company, as in the gateway
constexpr seconds between_ticks{1};
constexpr std::string_view stored = R"({"outcome":"stored"})", refused = R"({"error":"refused"})";

secret read_secret(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  std::string line;
  if (!std::getline(in, line)) throw std::runtime_error{file + " cannot be read"};
  return secret{std::move(line)};
}

template <class T>
T value_or_throw(result<T> from) {
  if (!from) throw std::runtime_error{from.fault().message()};
  return std::move(*from);
}

} // namespace

floor_program::floor_program(floor_settings settings)
    : settings_{std::move(settings)}, client_tls_{make_floor_client(settings_.ca_file)} {
  files_.epoll = ::epoll_create1(EPOLL_CLOEXEC);
  files_.bell = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (files_.epoll < 0 || files_.bell < 0) throw std::runtime_error{"no epoll or no eventfd"};
  if (!settings_.certificate_file.empty())
    server_tls_ = make_floor_server(settings_.certificate_file, settings_.key_file);
  watch(files_.bell, EPOLLIN);
  for (const auto& one : settings_.applications)
    add_application(one, client_tls_.get());
  spool_ = std::make_unique<floor_spool>(settings_.directory + "/spool.db", files_.bell);
  files_.webhook = listen(settings_.webhook_port);
  files_.admin = listen(settings_.admin_port);
}

floor_program::~floor_program() = default; // the kernel closes the files

void floor_program::add_application(const floor_application& what, ssl_ctx_st* tls) {
  auto& made = applications_.emplace_back();
  made.target = "/webhook/" + what.id;
  made.authorization = what.authorization;
  const auto hub = value_or_throw(azure::parse_hub_address(settings_.hub));
  auto key = azure::signing_key{secret{}};
  std::string policy;
  if (what.by_policy) {
    auto how = value_or_throw(
        azure::parse_connection_string(read_secret(settings_.connection_string_file), "connection_string"));
    policy = how.policy;
    key = std::move(how.key);
  } else {
    key = value_or_throw(azure::signing_key::parse(read_secret(settings_.group_key_file), "group_key"));
  }
  auto name = what.devices.begin();
  for (const auto count : floor_placement(static_cast<std::uint32_t>(what.devices.size()))) {
    const auto number = static_cast<std::uint32_t>(lines_.size());
    floor_hub_options options{
        hub, fmt::format("floor-{}-{}", ::getpid(), number), policy, key.clone(), {name, name + count}};
    std::vector<std::uint32_t> places;
    for (std::uint32_t place = 0; place < count; ++place, ++name) {
      made.devices.emplace(*name, static_cast<std::uint32_t>(devices_.size()));
      places.push_back(static_cast<std::uint32_t>(devices_.size()));
      auto& there = devices_.emplace_back();
      there.line = number;
      there.place = place;
    }
    auto socket = floor_socket::connect(hub.host, hub.port, tls);
    const int file = socket.file();
    lines_.push_back(std::make_unique<hub_line>(
        hub_line{std::move(socket), floor_hub{std::move(options)}, std::move(places), true}));
    line_by_file_.emplace(file, number);
    watch(file, EPOLLIN);
  }
}

int floor_program::listen(std::uint16_t port) {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(file, SOMAXCONN) != 0)
    throw std::runtime_error{fmt::format("port {} cannot be listened on", port)};
  watch(file, EPOLLIN);
  return file;
}

// Anew, or what is waited for has changed.
void floor_program::watch(int file, std::uint32_t events) {
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.fd = file;
  if (::epoll_ctl(files_.epoll, EPOLL_CTL_MOD, file, &wanted) != 0)
    ::epoll_ctl(files_.epoll, EPOLL_CTL_ADD, file, &wanted);
}

void floor_program::run() {
  while (true)
    turn();
}

void floor_program::turn() {
  stages_.begin_round(floor_stage::wait);
  std::array<epoll_event, 256> events;
  auto now = std::chrono::steady_clock::now();
  const auto due = done_since_ ? std::min(next_tick_, *done_since_ + erase_delay) : next_tick_;
  const auto patience = std::chrono::ceil<milliseconds>(std::max(due - now, mono_time::duration{0}));
  const int count = ::epoll_wait(files_.epoll, events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(patience.count()));
  for (int i = 0; i < count; ++i)
    on_file(events[static_cast<std::size_t>(i)].data.fd, events[static_cast<std::size_t>(i)].events);
  now = std::chrono::steady_clock::now();
  if (now >= next_tick_) {
    next_tick_ = now + between_ticks;
    for (const auto& line : lines_) {
      line->amqp.tick(now);
      line->is_touched = true;
    }
  }
  if (!done_.empty() && !done_since_) done_since_ = now;
  // What is done goes along with the next row.
  if (!fresh_.empty() || (done_since_ && now >= *done_since_ + erase_delay)) hand_over();
  write_out();
}

void floor_program::on_file(int file, std::uint32_t happened) {
  if (const auto found = clients_.find(file); found != clients_.end())
    return on_client(*found->second, happened);
  if (const auto line = line_by_file_.find(file); line != line_by_file_.end())
    return on_hub(*lines_[line->second], happened);
  if (file == files_.bell) return on_durable();
  accept_from(file, file == files_.admin);
}

void floor_program::accept_from(int listener, bool of_admin) {
  stages_.enter(floor_stage::http_in);
  const int file = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (file < 0) return;
  auto* const tls = of_admin ? nullptr : server_tls_.get();
  clients_.emplace(file, std::make_unique<client>(
                             client{floor_socket{file, tls}, {}, of_admin, false, false, next_serial_++}));
  watch(file, EPOLLIN);
}

void floor_program::on_client(client& from, std::uint32_t happened) {
  stages_.enter(floor_stage::http_in);
  const int file = from.socket.file();
  if ((happened & EPOLLOUT) != 0) {
    if (!from.socket.flush()) return drop(file);
    if (!from.socket.has_output()) watch(file, EPOLLIN);
  }
  if ((happened & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) return;
  if (!from.socket.read(from.reader.input())) return drop(file);
  read_requests(from);
}

void floor_program::read_requests(client& from) {
  const int file = from.socket.file();
  while (!from.busy) {
    floor_request request;
    const auto step = from.reader.next(request);
    if (step == floor_request_reader::step::more) return;
    if (step == floor_request_reader::step::broken) return drop(file);
    from.busy = true;
    from.last = request.last;
    take(from, request);
    if (!clients_.contains(file)) return;
  }
}

void floor_program::take(client& from, const floor_request& request) {
  if (!from.of_admin) return take_uplink(from, request);
  if (request.target == "/readyz") return answer(from, is_ready() ? 200 : 503, "{}");
  if (request.target == "/metrics") return answer(from, 200, metrics());
  answer(from, 404, refused);
}

void floor_program::take_uplink(client& from, const floor_request& request) {
  const auto app = std::find_if(applications_.begin(), applications_.end(),
                                [&](const auto& one) { return one.target == request.target; });
  if (app == applications_.end() || request.method != "POST") return answer(from, 404, refused);
  if (request.authorization != app->authorization) return answer(from, 401, refused);
  stages_.enter(floor_stage::event);
  auto uplink = read_floor_uplink(request.body);
  const auto named = std::string_view{app->target}.substr(sizeof "/webhook/" - 1);
  const auto found =
      uplink && uplink->application == named ? app->devices.find(uplink->device) : app->devices.end();
  if (found == app->devices.end()) return answer(from, 400, refused);
  auto& made = not_durable_.emplace_back(std::make_unique<message>());
  made->row = {next_seq_++, uplink->key, std::move(uplink->encoded)};
  made->device = found->second;
  made->client = from.socket.file();
  made->serial = from.serial;
  fresh_.push_back(&made->row);
  stages_.enter(floor_stage::http_in);
}

void floor_program::answer(client& to, int status, std::string_view body) {
  stages_.enter(floor_stage::http_out);
  const int file = to.socket.file();
  to.busy = false;
  if (!to.socket.write(make_answer(status, body)) || (to.last && !to.socket.has_output())) return drop(file);
  if (to.socket.has_output()) watch(file, EPOLLIN | EPOLLOUT);
}

void floor_program::drop(int file) {
  clients_.erase(file); // and closes it, which ends epoll's interest
}

void floor_program::on_hub(hub_line& line, std::uint32_t happened) {
  if ((happened & EPOLLOUT) != 0) {
    if (!line.socket.flush()) throw std::runtime_error{"the hub has gone"};
    if (!line.socket.has_output()) watch(line.socket.file(), EPOLLIN);
  }
  stages_.enter(floor_stage::hub_in);
  bytes_.clear();
  if (!line.socket.read(bytes_)) throw std::runtime_error{"the hub has gone"};
  stages_.enter(floor_stage::amqp);
  line.is_touched = true;
  if (bytes_.empty()) return;
  line.amqp.feed(bytes_);
  for (const auto place : line.amqp.accepted()) {
    auto& who = devices_[line.devices[place]];
    done_.push_back(who.durable.front()->row.seq);
    who.durable.pop_front();
    who.is_sending = false;
    send_next(who);
  }
  line.amqp.accepted().clear();
}

void floor_program::on_durable() {
  stages_.enter(floor_stage::hand_over);
  std::uint64_t rings = 0;
  if (::read(files_.bell, &rings, sizeof rings) < 0) return;
  if (spool_->is_broken()) throw std::runtime_error{"the disk refuses"};
  const auto last = spool_->durable();
  while (!not_durable_.empty() && not_durable_.front()->row.seq <= last) {
    auto now_durable = std::move(not_durable_.front());
    not_durable_.pop_front();
    const int file = now_durable->client;
    const auto asker = clients_.find(file);
    auto& who = devices_[now_durable->device];
    const auto serial = now_durable->serial;
    who.durable.push_back(std::move(now_durable));
    if (asker != clients_.end() && asker->second->serial == serial) {
      answer(*asker->second, 200, stored);
      if (clients_.contains(file)) read_requests(*asker->second);
    }
    stages_.enter(floor_stage::amqp);
    send_next(who);
    stages_.enter(floor_stage::hand_over);
  }
}

void floor_program::send_next(device& who) {
  if (who.is_sending || who.durable.empty()) return;
  who.is_sending = true;
  auto& line = *lines_[who.line];
  line.amqp.send(who.place, who.durable.front()->row.encoded);
  line.is_touched = true;
}

void floor_program::hand_over() {
  stages_.enter(floor_stage::hand_over);
  spool_->hand_over(fresh_, done_);
  done_since_.reset();
}

// Everything since the last turn in one.
void floor_program::write_out() {
  for (const auto& line : lines_) {
    if (!std::exchange(line->is_touched, false)) continue;
    stages_.enter(floor_stage::amqp);
    bytes_.clear();
    line->amqp.take_output(bytes_);
    stages_.enter(floor_stage::hub_out);
    if (bytes_.empty()) continue;
    if (!line->socket.write(bytes_)) throw std::runtime_error{"the hub has gone"};
    if (line->socket.has_output()) watch(line->socket.file(), EPOLLIN | EPOLLOUT);
  }
}

bool floor_program::is_ready() const {
  return std::all_of(lines_.begin(), lines_.end(), [](const auto& line) { return line->amqp.is_ready(); });
}

// What the rig asks of the gateway too, under the gateway's names.
std::string floor_program::metrics() {
  std::string out = "# the floor\n";
  const auto add = [&](std::string_view name, auto value) { out += fmt::format("{} {}\n", name, value); };
  add("causeway_spool_messages", next_seq_ - 1 - spool_->erased());
  add("causeway_store_commits_total", spool_->commits());
  const auto loop = stages_.times(), writer = spool_->times();
  for (std::size_t i = 0; i < floor_stage_names.size(); ++i)
    add(fmt::format("causeway_floor_seconds{{stage=\"{}\"}}", floor_stage_names[i]), loop[i] + writer[i]);
  return out;
}

} // namespace causeway::bench
