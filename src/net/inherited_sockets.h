// SPDX-License-Identifier: Apache-2.0
// Listening sockets that were opened before this process: systemd's socket activation (sd_listen_fds(3):
// LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES), so that connections wait in the kernel over a restart.
#pragma once

#include "base/result.h"
#include "net/listener.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::net {

class inherited_sockets {
public:
  inherited_sockets() = default; // none
  // What the environment hands to this process. It names them no more then, and no child gets them. What is
  // no listening stream socket is logged and closed. Once, while there is one thread.
  static inherited_sockets take_from_environment();
  inherited_sockets(inherited_sockets&&) noexcept;
  inherited_sockets& operator=(inherited_sockets&&) = delete;
  ~inherited_sockets(); // closes what nobody has taken, and says so

  // The one that is named so (FileDescriptorName=), or else one that listens at this address. Nothing: bind.
  std::optional<listener> take(loop& on, std::string_view name, const listen_address& address);

private:
  struct one {
    int descriptor;
    std::string name;
    listen_address address;
  };
  std::vector<one> all_;
};

} // namespace causeway::net
