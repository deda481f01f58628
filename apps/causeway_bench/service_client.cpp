// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/service_client.h"

#include "azure/connection_string.h"

#include <fmt/format.h>

#include <fstream>
#include <utility>

namespace causeway::bench {

constexpr std::chrono::hours longest_run{24};

result<service_client> service_client::make(net::loop& on, const std::string& emulator, std::uint16_t port) {
  const auto file = emulator + "/service-connection-string-0";
  std::ifstream in{file};
  std::string text;
  if (!std::getline(in, text)) return error{errc::state_unusable, file};
  const auto policy = azure::parse_connection_string(secret{std::move(text)}, file);
  if (!policy) return policy.fault();
  const auto token =
      azure::make_sas_token(policy->hub.host, policy->key, on.now().wall + longest_run, policy->policy);
  return service_client{on, emulator, port, std::string{token.reveal()}};
}

net::task<result<net::http_answer>> service_client::ask(std::string method, std::string path,
                                                        std::string body) {
  net::http_call call;
  call.method = std::move(method);
  call.url = fmt::format("https://localhost:{}/twins/{}?api-version=2021-04-12", port_, path);
  call.headers = {{"Authorization", token_}, {"Content-Type", "application/json"}};
  call.body = std::move(body);
  auto answered = co_await client_->call(std::move(call));
  co_return answered;
}

net::task<result<net::http_answer>> service_client::call_method(std::string device, std::string body) {
  auto answered = co_await ask("POST", std::move(device) + "/methods", std::move(body));
  co_return answered;
}

net::task<result<std::string>> service_client::ask_twin(std::string method, std::string device,
                                                        std::string body) {
  auto path = device;
  auto answered = co_await ask(std::move(method), std::move(path), std::move(body));
  if (!answered) co_return std::move(answered).fault();
  if (answered->status != 200)
    co_return error{errc::http_protocol, fmt::format("{} to {}'s twin", answered->status, device)};
  co_return std::move(answered->body);
}

net::task<result<std::string>> service_client::read_twin(std::string device) {
  auto document = co_await ask_twin("GET", std::move(device), {});
  co_return document;
}

net::task<result<std::string>> service_client::change_twin(std::string device, std::string body) {
  auto document = co_await ask_twin("PATCH", std::move(device), std::move(body));
  co_return document;
}

} // namespace causeway::bench
