// SPDX-License-Identifier: Apache-2.0
// What `causeway check` tries when it may ask: each endpoint and each credential of a configuration, once.
// Nothing is registered, sent or stored; a device is attached only where no gateway runs on the state
// directory, since an attach takes the device's links from whoever has them. Loop's thread only.
#pragma once

#include "config/configuration.h"
#include "net/loop.h"

#include <string>
#include <vector>

namespace causeway::app {

enum class verdict : std::uint8_t {
  good, // tried, and well
  note, // not tried, and why; or worth a look
  bad,  // tried: the gateway could not do what the file asks of it
};

struct check_line {
  std::string subject; // "hub contoso.azure-devices.net", "API key of water-meters"
  verdict what = verdict::good;
  std::string text;
};

// All at the same time, each for at most patience. Precondition: check_configuration found no fault. from
// must live until it has ended. The lines in the order of the file's sections.
net::task<std::vector<check_line>> check_online(net::loop* on, const config::configuration* from,
                                                milliseconds patience);

} // namespace causeway::app
