// SPDX-License-Identifier: Apache-2.0
// The parts of the control API that are about the hubs: arrivals, identities, quotas (README.md). Loop's
// thread only.
#pragma once

#include "emulator/control/control_api.h"
#include "emulator/hub/histogram.h"

#include <boost/json.hpp>

namespace causeway::emulator {

// The path begins with /ledger.
net::http_response answer_arrivals_control(const controlled& emulator, const net::http_request& request);
// /devices and /devices/ID
net::http_response answer_devices_control(const controlled& emulator, const net::http_request& request);
// /policies/NAME: the keys of a shared access policy, which can be regenerated.
net::http_response answer_policies_control(const controlled& emulator, const net::http_request& request);
// /quota
net::http_response answer_quota_control(const controlled& emulator, const net::http_request& request);

// {"p50_ms":…,"p99_ms":…,"max_ms":…,"count":…}
boost::json::value quantiles(const histogram& durations);

} // namespace causeway::emulator
