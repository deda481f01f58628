// SPDX-License-Identifier: Apache-2.0
#include "model/downlink_refusals.h"

#include <algorithm>
#include <array>

namespace causeway::model {
namespace {

struct known_error {
  std::string_view name;
  downlink_refusal what;
};

using enum downlink_refusal;

constexpr std::array known_errors{
    known_error{"pkg/applicationserver:no_f_port", for_good},
    known_error{"pkg/applicationserver:no_payload", for_good},
    known_error{"pkg/applicationserver:device_not_found", for_good},
    known_error{"pkg/applicationserver:no_device_session", for_good},
    known_error{"pkg/applicationserver:downlink_max_retries_invalid", for_good},
    // The same where the network server says it of an item that it was about to send.
    known_error{"pkg/networkserver:application_downlink_too_long", for_good},
    known_error{"pkg/networkserver:downlink_expired", for_good},
    known_error{"pkg/networkserver:downlink_queue_capacity", for_good},
    known_error{"pkg/errors:validation", for_good},
    known_error{"pkg/messageprocessors/javascript:output_errors", for_good},
    known_error{"pkg/scripting/javascript:script", for_good},
    known_error{"pkg/ratelimit:rate_limit_exceeded", not_now},
    known_error{"pkg/auth/rights:no_application_rights", for_good},
    known_error{"pkg/auth/rights:insufficient_application_rights", for_good},
    known_error{"pkg/auth:token", for_good},
    known_error{"pkg/identityserver:api_key_not_found", for_good},
    known_error{"pkg/identityserver:invalid_authorization", for_good},
    known_error{"pkg/identityserver:api_key_expired", for_good},

    // It has been sent as often as it may be.
    known_error{"pkg/applicationserver:max_retries_reached", for_good},
    known_error{"pkg/networkserver:fixed_paths", by_network},
    known_error{"pkg/networkserver:no_downlink_path", by_network},
    known_error{"pkg/networkserver:absolute_time", by_network},
    known_error{"pkg/networkserver:confirmed_multicast_downlink", by_network},
    known_error{"pkg/networkserver:f_cnt_too_low", by_network},
    known_error{"pkg/networkserver:unknown_session", by_network},
    known_error{"pkg/networkserver:unknown_mac_state", by_network},

    known_error{"pkg/networkserver:transmission", transmitted},
};

} // namespace

downlink_refusal find_refusal(std::string_view name) {
  const auto* const found = std::find_if(known_errors.begin(), known_errors.end(),
                                         [&](const known_error& one) { return one.name == name; });
  return found == known_errors.end() ? none : found->what;
}

} // namespace causeway::model
