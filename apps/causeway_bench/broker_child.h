// SPDX-License-Identifier: Apache-2.0
// A mosquitto as a child process, for devices that send by MQTT (Debian's package mosquitto; no service of
// the system is used). Loop's thread only.
#pragma once

#include "net/process.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace causeway::bench {

class broker_child {
public:
  // May read and write what is below v3/name/; with everything, all topics.
  struct user {
    std::string name, password;
    bool everything = false;
  };

  // directory: made here.
  broker_child(net::loop& on, std::string directory, std::uint16_t port);
  // Returns when it takes connections. Errors: process_exited, naming the program; state_unusable, naming the
  // file.
  net::task<result<void>> start(std::vector<user> users);
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
  net::loop& loop_;
  std::string directory_;
  std::uint16_t port_;
  std::optional<net::process> process_;
};

} // namespace causeway::bench
