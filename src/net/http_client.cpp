// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"

#include "base/encoding.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <curl/curl.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <unordered_map>
#include <unordered_set>

namespace causeway::net {
namespace {

constexpr std::size_t kept_handles = 64;
constexpr std::size_t most_header_bytes = 256 * 1024;
// For a connection, also where the answer may take its time.
constexpr std::chrono::milliseconds longest_connect{30'000};

// One call: waiting, then running, then done. Its coroutine waits on the timer.
struct transfer {
  explicit transfer(const asio::any_io_executor& executor) : timer{executor} {}
  ~transfer() { curl_slist_free_all(headers); }

  http_call request;
  http_answer answer;
  asio::steady_timer timer; // expires at the time-out; cancelled when done
  CURL* easy = nullptr;     // while running
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> reason{};
  std::size_t header_bytes = 0;
  bool too_large = false;
  bool has_left = false; // before_sending has let it
  bool is_withheld = false;
  bool done = false;
  std::optional<error> fault;
};

// One socket of libcurl's. asio watches it and never closes it. Those of connections stay registered until
// libcurl closes them: leaving and entering epoll for each request would be a good part of its cost.
struct watched {
  explicit watched(const asio::any_io_executor& executor) : descriptor{executor} {}
  asio::posix::stream_descriptor descriptor;
  int wanted = 0;       // CURL_POLL_*
  bool reading = false; // a wait is under way
  bool writing = false;
};

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& t = *static_cast<transfer*>(user);
  if (t.request.on_bytes) {
    long status = 0;
    curl_easy_getinfo(t.easy, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) return t.request.on_bytes({bytes, size * count}) ? size * count : 0;
  }
  if (t.answer.body.size() + size * count > t.request.max_answer) {
    t.too_large = true;
    return 0;
  }
  t.answer.body.append(bytes, size * count);
  return size * count;
}

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& t = *static_cast<transfer*>(user);
  const std::string_view line{bytes, size * count};
  t.header_bytes += line.size();
  if (t.header_bytes > most_header_bytes) {
    t.too_large = true;
    return 0;
  }
  // Each status line begins anew: what came before belonged to a 1xx answer.
  if (line.starts_with("HTTP/")) t.answer.headers.clear();
  if (const auto colon = line.find(':'); colon != std::string_view::npos && !line.starts_with("HTTP/"))
    t.answer.headers.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  return line.size();
}

int on_ready_to_send(void* user, char*, char*, int, int) {
  auto& t = *static_cast<transfer*>(user);
  if (t.has_left || !t.request.before_sending()) {
    t.is_withheld = !t.has_left;
    return CURL_PREREQFUNC_ABORT;
  }
  t.has_left = true;
  return CURL_PREREQFUNC_OK;
}

std::string host_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto begin = scheme == std::string::npos ? 0 : scheme + 3;
  return url.substr(begin, url.find_first_of("/?#", begin) - begin);
}

errc code_of(CURLcode code) {
  switch (code) {
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
    return errc::name_unresolved;
  case CURLE_COULDNT_CONNECT:
    return errc::connection_refused;
  case CURLE_OPERATION_TIMEDOUT:
    return errc::connection_timed_out;
  case CURLE_PEER_FAILED_VERIFICATION:
    return errc::tls_untrusted;
  case CURLE_SSL_CACERT_BADFILE:
    return errc::certificate_unusable;
  case CURLE_SSL_CONNECT_ERROR:
    return errc::tls_handshake;
  case CURLE_ABORTED_BY_CALLBACK: // libcurl wanted to send it again
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_PARTIAL_FILE:
  case CURLE_GOT_NOTHING:
    return errc::connection_lost;
  default:
    return errc::http_protocol;
  }
}

bool make_final(curl_socket_t socket, std::chrono::milliseconds within) {
  const linger reset{1, 0};
  const auto silence = static_cast<unsigned>(within.count());
  return ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0 &&
         ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof silence) == 0;
}

std::chrono::nanoseconds curl_time(CURL* easy, CURLINFO which) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy, which, &microseconds);
  return std::chrono::microseconds{microseconds};
}

void read_timing(CURL* easy, http_answer& answer) {
  answer.total = curl_time(easy, CURLINFO_TOTAL_TIME_T);
  long opened = 0;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &opened);
  if (opened == 0) return;
  const auto dns = curl_time(easy, CURLINFO_NAMELOOKUP_TIME_T);
  const auto tcp = curl_time(easy, CURLINFO_CONNECT_TIME_T);
  const auto tls = curl_time(easy, CURLINFO_APPCONNECT_TIME_T);
  answer.timing.dns = dns;
  answer.timing.tcp = std::max(tcp - dns, std::chrono::nanoseconds{0});
  answer.timing.tls = std::max(tls - tcp, std::chrono::nanoseconds{0});
}

} // namespace

struct http_client::state : std::enable_shared_from_this<http_client::state> {
  state(loop& on, http_client_options o) : executor{on.executor()}, options{std::move(o)}, timer{executor} {}

  asio::any_io_executor executor;
  http_client_options options;
  CURLM* multi = nullptr;
  CURLSH* shared = nullptr; // TLS sessions, which all handles may resume
  asio::steady_timer timer; // when libcurl wants to be called without an event
  std::uint64_t timer_settings = 0;
  std::unordered_set<curl_socket_t> of_connections; // opened and closed through the callbacks below
  std::unordered_map<curl_socket_t, std::shared_ptr<watched>> sockets;
  std::unordered_set<std::shared_ptr<transfer>> running;
  std::deque<std::shared_ptr<transfer>> waiting;
  std::vector<CURL*> idle; // handles to use again
  bool closed = false;

  void open();
  void close();
  void prepare(transfer& t);
  void start_waiting();
  void leave(const std::shared_ptr<transfer>& t); // out of libcurl and of the queue
  void finish(const std::shared_ptr<transfer>& t, CURLcode code);
  void collect();
  void act(curl_socket_t socket, int events);
  void watch(curl_socket_t socket, const std::shared_ptr<watched>& w);
  void await(curl_socket_t socket, const std::shared_ptr<watched>& w, bool write);
  static int on_socket(CURL*, curl_socket_t socket, int what, void* user, void*);
  static int on_timer(CURLM*, long milliseconds, void* user);
  static curl_socket_t on_open_socket(void* user, curlsocktype purpose, curl_sockaddr* address);
  static int on_close_socket(void* user, curl_socket_t socket);
  void unwatch(curl_socket_t socket);
  void watch_anew(curl_socket_t socket);
  static task<result<http_answer>> call(std::shared_ptr<state> s, http_call request);
};

void http_client::state::open() {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  shared = curl_share_init();
  CAUSEWAY_CHECK(global == CURLE_OK && multi != nullptr && shared != nullptr);
  curl_share_setopt(shared, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &state::on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &state::on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.max_connections));
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(options.max_connections));
}

void http_client::state::close() {
  closed = true;
  std::vector<std::shared_ptr<transfer>> pending{waiting.begin(), waiting.end()};
  pending.insert(pending.end(), running.begin(), running.end());
  for (const auto& t : pending) {
    leave(t);
    t->done = true;
    t->fault = error{errc::stopped};
    t->timer.cancel();
  }
  for (auto* easy : idle)
    curl_easy_cleanup(easy);
  idle.clear();
  curl_multi_cleanup(multi);
  multi = nullptr;
  curl_share_cleanup(shared);
  shared = nullptr;
  timer.cancel();
  for (auto& [socket, w] : sockets)
    w->descriptor.release();
  sockets.clear();
}

void http_client::state::prepare(transfer& t) {
  if (idle.empty()) {
    t.easy = curl_easy_init();
    CAUSEWAY_CHECK(t.easy);
    curl_easy_setopt(t.easy, CURLOPT_SHARE, shared); // outlives curl_easy_reset
  } else {
    t.easy = idle.back();
    idle.pop_back();
  }
  auto* easy = t.easy;
  const auto& r = t.request;
  curl_easy_setopt(easy, CURLOPT_URL, r.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t.reason.data());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &t);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &t);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &t);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &on_close_socket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
  if (!options.unix_socket.empty())
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, options.unix_socket.c_str());
  if (!options.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr); // or the system's store would be trusted as well
  }
  if (r.before_sending) {
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &on_ready_to_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, &t);
  }
  // The time-out is the transfer's own timer, which also counts the wait for a turn.
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::min(r.time_out, longest_connect).count()));

  if (r.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  const bool has_body = !r.body.empty() || r.method == "POST" || r.method == "PUT" || r.method == "PATCH";
  if (has_body) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(r.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r.body.data());
  }
  if (r.method != "GET" && r.method != "HEAD")
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r.method.c_str());

  bool typed = false;
  for (const auto& [name, value] : r.headers) {
    typed = typed || equals_ignoring_case(name, "Content-Type");
    // libcurl's spelling of a header without a value is "name;".
    const auto line = value.empty() ? name + ";" : name + ": " + value;
    t.headers = curl_slist_append(t.headers, line.c_str());
  }
  // libcurl would call a body a form, and wait for "100 Continue" before a large one.
  if (has_body && !typed) t.headers = curl_slist_append(t.headers, "Content-Type:");
  t.headers = curl_slist_append(t.headers, "Expect:");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t.headers);
}

void http_client::state::start_waiting() {
  while (!closed && !waiting.empty() && running.size() < options.max_connections) {
    const auto t = waiting.front();
    waiting.pop_front();
    prepare(*t);
    running.insert(t);
    curl_multi_add_handle(multi, t->easy);
  }
}

void http_client::state::leave(const std::shared_ptr<transfer>& t) {
  if (running.erase(t) == 0) {
    std::erase(waiting, t);
    return;
  }
  auto* easy = std::exchange(t->easy, nullptr);
  curl_multi_remove_handle(multi, easy);
  curl_easy_reset(easy);
  if (idle.size() < kept_handles)
    idle.push_back(easy);
  else
    curl_easy_cleanup(easy);
}

void http_client::state::finish(const std::shared_ptr<transfer>& t, CURLcode code) {
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    t->answer.status = static_cast<int>(status);
    read_timing(t->easy, t->answer);
  } else if (t->is_withheld) {
    t->fault = error{errc::stopped};
  } else if (t->too_large) {
    t->fault = error{errc::body_too_large, host_of(t->request.url) + ": the answer is larger than " +
                                               std::to_string(t->request.max_answer) + " bytes"};
  } else {
    const std::string reason = t->reason[0] != '\0' ? t->reason.data() : curl_easy_strerror(code);
    long system = 0;
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &system);
    const bool unconnected = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST;
    const bool out_of_files = unconnected && (system == EMFILE || system == ENFILE);
    t->fault =
        error{out_of_files ? errc::open_files_limit : code_of(code), host_of(t->request.url) + ": " + reason};
  }
  leave(t);
  t->done = true;
  t->timer.cancel();
}

void http_client::state::collect() {
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    // Copied, because finish() takes the handle out, and the message goes with it.
    auto* const easy = message->easy_handle;
    const auto code = message->data.result;
    const auto found =
        std::find_if(running.begin(), running.end(), [=](const auto& t) { return t->easy == easy; });
    if (found != running.end()) finish(std::shared_ptr<transfer>{*found}, code);
  }
  start_waiting();
}

void http_client::state::act(curl_socket_t socket, int events) {
  int still = 0;
  curl_multi_socket_action(multi, socket, events, &still);
  collect();
}

void http_client::state::watch(curl_socket_t socket, const std::shared_ptr<watched>& w) {
  if ((w->wanted & CURL_POLL_IN) != 0 && !w->reading) await(socket, w, false);
  if ((w->wanted & CURL_POLL_OUT) != 0 && !w->writing) await(socket, w, true);
}

void http_client::state::await(curl_socket_t socket, const std::shared_ptr<watched>& w, bool write) {
  (write ? w->writing : w->reading) = true;
  const auto direction =
      write ? asio::posix::stream_descriptor::wait_write : asio::posix::stream_descriptor::wait_read;
  w->descriptor.async_wait(
      direction, [s = shared_from_this(), socket, w, write](const boost::system::error_code& ec) {
        (write ? w->writing : w->reading) = false;
        if (ec == asio::error::operation_aborted || s->closed || !w->descriptor.is_open()) return;
        // libcurl may have lost interest since the wait began.
        if ((w->wanted & (write ? CURL_POLL_OUT : CURL_POLL_IN)) == 0) return;
        s->act(socket, ec ? CURL_CSELECT_ERR : write ? CURL_CSELECT_OUT : CURL_CSELECT_IN);
        if (!s->closed && w->descriptor.is_open()) s->watch(socket, w);
      });
}

curl_socket_t http_client::state::on_open_socket(void* user, curlsocktype, curl_sockaddr* address) {
  const auto socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) return CURL_SOCKET_BAD;
  auto& s = *static_cast<state*>(user);
  if (s.options.final_within && !make_final(socket, *s.options.final_within)) {
    ::close(socket);
    return CURL_SOCKET_BAD;
  }
  s.of_connections.insert(socket);
  s.watch_anew(socket);
  return socket;
}

// libcurl 7.88 closes a socket that was never connected without the callback below. Another one may get its
// number, and libcurl takes it for granted that it is watched as the former was.
void http_client::state::watch_anew(curl_socket_t socket) {
  const auto found = sockets.find(socket);
  if (found == sockets.end()) return;
  const auto wanted = found->second->wanted;
  unwatch(socket);
  if (wanted != 0) on_socket(nullptr, socket, wanted, this, nullptr);
}

int http_client::state::on_close_socket(void* user, curl_socket_t socket) {
  auto& s = *static_cast<state*>(user);
  s.unwatch(socket);
  s.of_connections.erase(socket);
  return ::close(socket);
}

void http_client::state::unwatch(curl_socket_t socket) {
  const auto found = sockets.find(socket);
  if (found == sockets.end()) return;
  found->second->wanted = 0;
  found->second->descriptor.release();
  sockets.erase(found);
}

// Inside a call to libcurl: must not call it.
int http_client::state::on_socket(CURL*, curl_socket_t socket, int what, void* user, void*) {
  auto& s = *static_cast<state*>(user);
  if (what == CURL_POLL_REMOVE) {
    if (!s.of_connections.contains(socket))
      s.unwatch(socket); // the resolver's, which it closes by itself
    else if (const auto found = s.sockets.find(socket); found != s.sockets.end())
      found->second->wanted = 0;
    return 0;
  }
  auto& w = s.sockets[socket];
  if (!w) {
    w = std::make_shared<watched>(s.executor);
    boost::system::error_code ec;
    w->descriptor.assign(socket, ec);
    if (ec) {
      s.sockets.erase(socket);
      return -1;
    }
  }
  w->wanted = what;
  s.watch(socket, w);
  return 0;
}

int http_client::state::on_timer(CURLM*, long milliseconds, void* user) {
  auto& s = *static_cast<state*>(user);
  s.timer.cancel();
  const auto setting = ++s.timer_settings;
  if (milliseconds < 0) return 0;
  if (milliseconds == 0) { // with each new request: no timer is needed for it
    asio::post(s.executor, [weak = s.weak_from_this(), setting] {
      const auto live = weak.lock();
      if (live && !live->closed && live->timer_settings == setting) live->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
  }
  s.timer.expires_after(std::chrono::milliseconds{milliseconds});
  s.timer.async_wait([weak = s.weak_from_this()](const boost::system::error_code& ec) {
    const auto live = weak.lock();
    if (!ec && live && !live->closed) live->act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

task<result<http_answer>> http_client::state::call(std::shared_ptr<state> s, http_call request) {
  if (s->closed) co_return error{errc::stopped};
  if (s->waiting.size() >= s->options.max_waiting)
    co_return error{errc::connection_refused, host_of(request.url) + ": too many requests waiting"};
  const auto t = std::make_shared<transfer>(s->executor);
  t->request = std::move(request);
  t->timer.expires_after(t->request.time_out);
  s->waiting.push_back(t);
  s->start_waiting();

  const auto [ec] = co_await t->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!t->done) {
    s->leave(t);
    s->start_waiting();
    if (ec) co_return error{errc::stopped};
    const auto spent = std::to_string(t->request.time_out.count());
    co_return error{errc::connection_timed_out,
                    host_of(t->request.url) + ": no answer within " + spent + " ms"};
  }
  if (t->fault) co_return std::move(*t->fault);
  co_return std::move(t->answer);
}

std::string_view http_answer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

http_client::http_client(loop& on, http_client_options options)
    : state_{std::make_shared<state>(on, std::move(options))} {
  state_->open();
}

http_client::~http_client() {
  state_->close();
}

task<result<http_answer>> http_client::call(http_call request) {
  return state::call(state_, std::move(request));
}

} // namespace causeway::net
