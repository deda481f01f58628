// SPDX-License-Identifier: Apache-2.0
#include "causeway/admin_client.h"

#include "causeway/load_configuration.h"
#include "net/http_client.h"
#include "watch/printable.h"

#include <iostream>
#include <memory>

namespace causeway {
namespace {

constexpr std::size_t largest_answer = 64 * 1024 * 1024;

struct question {
  net::loop loop;
  net::task_group tasks{loop};
  std::string socket, method, target;
  std::chrono::milliseconds patience{};
  std::optional<result<net::http_answer>> answer;
};

net::task<> put(question* q) {
  net::http_client_options options;
  options.unix_socket = q->socket;
  net::http_client client{q->loop, options};
  net::http_call call;
  call.method = q->method;
  call.url = "http://gateway" + q->target;
  call.time_out = q->patience;
  call.max_answer = largest_answer;
  auto answer = co_await client.call(std::move(call));
  q->answer.emplace(std::move(answer));
  q->loop.stop();
}

error refusal(const net::http_answer& answer) {
  boost::system::error_code bad;
  const auto body = boost::json::parse(answer.body, bad);
  const auto* object = bad ? nullptr : body.if_object();
  const auto* name = object == nullptr ? nullptr : object->if_contains("error");
  const auto* message = object == nullptr ? nullptr : object->if_contains("message");
  if (name != nullptr && name->is_string() && message != nullptr && message->is_string())
    if (const auto code = find_error(std::string_view{name->get_string()})) {
      // The catalogue's own words are in front of the message already.
      auto detail = std::string{message->get_string()};
      const auto text = std::string{describe(*code).text} + ": ";
      if (detail.starts_with(text)) detail.erase(0, text.size());
      return error{*code, detail};
    }
  return error{errc::http_protocol, "the gateway answered HTTP " + std::to_string(answer.status)};
}

} // namespace

std::optional<admin_client> admin_client::at(const admin_address& where) {
  if (!where.socket.empty()) return admin_client{where.socket};
  const auto settings = load_configuration(where.configuration);
  if (!settings) return std::nullopt;
  return admin_client{settings->admin.socket.string()};
}

result<std::string> admin_client::get(const std::string& target) const {
  return call("GET", target);
}

result<std::string> admin_client::call(const std::string& method, const std::string& target,
                                       std::chrono::milliseconds patience) const {
  question q;
  q.method = method;
  q.socket = socket_;
  q.target = target;
  q.patience = patience;
  q.tasks.spawn("ask", net::restart_policy::never, [&q] { return put(&q); });
  q.loop.run();
  if (!q.answer) return error{errc::internal, "no answer"};
  auto& answer = *q.answer;
  if (!answer)
    return error{errc::gateway_not_running,
                 socket_ + " (" + std::string{answer.fault().name()} + ")" +
                     "; start it with `causeway run`, or name its socket with --socket (as [admin] socket; "
                     "its owner alone may ask)"};
  if (answer->status != 200) return refusal(*answer);
  return std::move(answer->body);
}

result<boost::json::object> admin_client::ask(const std::string& target) const {
  auto body = get(target);
  if (!body) return std::move(body).fault();
  return read_object(*body);
}

result<boost::json::object> read_object(const std::string& body) {
  boost::system::error_code bad;
  auto value = boost::json::parse(body, bad);
  if (bad || !value.is_object()) return error{errc::http_protocol, "the gateway's answer is no JSON object"};
  return std::move(value.get_object());
}

int report(const char* what, const error& why) {
  std::cerr << "causeway " << what << ": " << why.name() << ": " << watch::printable(why.message()) << '\n';
  return 1;
}

} // namespace causeway
