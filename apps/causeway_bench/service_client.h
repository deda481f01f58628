// SPDX-License-Identifier: Apache-2.0
// A service in Azure, as far as it calls methods and changes twins: the hub's REST interface by the owner's
// policy. Loop's thread only.
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
  // Its twin, as it stands; with a body, {"properties":{"desired":{…}}}, changed by it first. Errors: those
  // of the client; http_protocol when the answer is not 200.
  net::task<result<std::string>> read_twin(std::string device);
  net::task<result<std::string>> change_twin(std::string device, std::string body);

private:
  service_client(net::loop& on, const std::string& emulator, std::uint16_t port, std::string token)
      : client_{std::make_unique<net::http_client>(
            on, net::http_client_options{emulator + "/ca.pem", most_calls})},
        port_{port},
        token_{std::move(token)} {}

  net::task<result<net::http_answer>> ask(std::string method, std::string path, std::string body);
  net::task<result<std::string>> ask_twin(std::string method, std::string device, std::string body);

  std::unique_ptr<net::http_client> client_;
  std::uint16_t port_;
  std::string token_;
};

} // namespace causeway::bench
