// SPDX-License-Identifier: Apache-2.0
// The server's half of SASL over AMQP 1.0 (spec part 5.3), for what Debian's Proton lacks: mechanisms that
// the caller judges. Stands in front of a server engine: it takes the connection's first bytes, and the
// engine gets what is left, from the AMQP header on. Pure; one thread.
//
// Order: feed() until step is init; accept() or refuse(); then take_output(); after step is done, take_rest()
// once and give the engine everything that comes later. A client that does without SASL goes from more to
// plain.
#pragma once

#include "base/result.h"
#include "base/secret.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::amqp {

inline constexpr std::string_view amqp_header{"AMQP\x00\x01\x00\x00", 8};
inline constexpr std::string_view sasl_header{"AMQP\x03\x01\x00\x00", 8};

struct sasl_init {
  std::string mechanism;
  std::optional<secret> response; // the initial response; PLAIN's has the password in it
  std::string host_name;
};

// What PLAIN's initial response holds (RFC 4616).
struct plain_login {
  std::string authorization; // mostly empty
  std::string user;
  secret password;
};
std::optional<plain_login> parse_plain(std::string_view response);

class sasl_server {
public:
  enum class step {
    more,    // wants more bytes
    plain,   // the client does without SASL: take_rest() has everything
    init,    // the client has chosen: see init(), then accept() or refuse()
    done,    // accepted: take_rest() has what came after the client's sasl-init
    refused, // write take_output(), then close
  };

  // The mechanisms to offer; default: what IoT Hub offers (azure-iot-wire.md B.1).
  explicit sasl_server(std::vector<std::string> mechanisms = {"EXTERNAL", "MSSBCBS", "ANONYMOUS", "PLAIN"});

  // Bytes from the client. Errors: amqp_protocol (no AMQP header, a frame that is no sasl-init or larger than
  // 16 KiB, or too much ahead of the outcome); take_output() then has what still should be written.
  result<step> feed(std::string_view bytes);
  step at() const { return step_; }
  // Precondition of these three: at() == step::init.
  const sasl_init& init() const;
  void accept(); // outcome ok, additional data "Welcome!"
  void refuse(); // outcome auth
  // Moves out what must be written to the client; empty when there is nothing.
  std::string take_output();
  // Moves out the bytes that belong to the engine.
  std::string take_rest();

private:
  result<step> read_header();
  result<step> read_init();
  error fail(std::string what);

  std::vector<std::string> mechanisms_;
  std::string in_, out_;
  sasl_init init_;
  step step_ = step::more;
  bool header_seen_ = false, failed_ = false;
};

} // namespace causeway::amqp
