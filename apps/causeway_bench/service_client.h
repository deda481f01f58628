// SPDX-License-Identifier: Apache-2.0
// A service in Azure, as far as it calls methods: the hub's REST interface by the owner's policy. Loop's
// thread only.
#pragma once

#include "net/http_client.h"

#include <cstdint>
#include <memory>
#include <string>

namespace causeway::bench {

class service_client {
public:
  static constexpr std::size_t most_calls = 512; // under way; further ones wait

  // emulator: the directory with its certificate and credentials. Errors: state_unusable, naming the file.
  static result<service_client> make(net::loop& on, const std::string& emulator, std::uint16_t port);

  // body: {"methodName":…,"payload":…}. Errors: those of the client.
  net::task<result<net::http_answer>> call_method(std::string device, std::string body);

private:
  service_client(net::loop& on, const std::string& emulator, std::uint16_t port, std::string token)
      : client_{std::make_unique<net::http_client>(
            on, net::http_client_options{emulator + "/ca.pem", most_calls})},
        port_{port},
        token_{std::move(token)} {}

  std::unique_ptr<net::http_client> client_;
  std::uint16_t port_;
  std::string token_;
};

} // namespace causeway::bench
