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

net::task<result<net::http_answer>> service_client::call_method(std::string device, std::string body) {
  net::http_call call;
  call.method = "POST";
  call.url = fmt::format("https://localhost:{}/twins/{}/methods?api-version=2021-04-12", port_, device);
  call.headers = {{"Authorization", token_}, {"Content-Type", "application/json"}};
  call.body = std::move(body);
  auto answered = co_await client_->call(std::move(call));
  co_return answered;
}

} // namespace causeway::bench
