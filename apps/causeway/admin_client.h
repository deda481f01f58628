// SPDX-License-Identifier: Apache-2.0
// Asks the running gateway over its admin socket.
#pragma once

#include "base/result.h"

#include <boost/json.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace causeway {

// How a command is told where the gateway listens: a configuration that names the socket, or the socket.
struct admin_address {
  std::string configuration;
  std::string socket;
};

class admin_client {
public:
  explicit admin_client(std::string socket) : socket_{std::move(socket)} {}
  // Nothing when the configuration cannot be used; its faults are on stderr then.
  static std::optional<admin_client> at(const admin_address& where);

  // The answer's body. Errors: gateway_not_running, naming the socket and what to do; what the gateway
  // answered; http_protocol.
  result<std::string> get(const std::string& target) const;
  // The same with another method, and without a body.
  result<std::string> call(const std::string& method, const std::string& target,
                           std::chrono::milliseconds patience = std::chrono::seconds{30}) const;
  // As get, read as JSON.
  result<boost::json::object> ask(const std::string& target) const;

private:
  std::string socket_;
};

// Errors: http_protocol.
result<boost::json::object> read_object(const std::string& body);

// "causeway WHAT: name: message" on stderr; 1.
int report(const char* what, const error& why);

} // namespace causeway
