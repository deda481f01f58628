// SPDX-License-Identifier: Apache-2.0
#include "testbed/free_ports.h"

namespace causeway {

result<std::vector<std::uint16_t>> find_free_ports(net::loop& on, std::size_t count) {
  std::vector<net::listener> held; // until all are found, so that none is found twice
  std::vector<std::uint16_t> ports;
  while (ports.size() < count) {
    auto bound = net::listener::bind(on, {"127.0.0.1", 0});
    if (!bound) return std::move(bound).fault();
    ports.push_back(bound->port());
    held.push_back(std::move(*bound));
  }
  return ports;
}

} // namespace causeway
