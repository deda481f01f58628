// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/listener.h"

#include <vector>

namespace causeway {

// So many different ports of 127.0.0.1 that were free a moment ago. Errors: address_unavailable.
result<std::vector<std::uint16_t>> find_free_ports(net::loop& on, std::size_t count);

} // namespace causeway
