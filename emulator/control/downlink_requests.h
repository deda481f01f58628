// SPDX-License-Identifier: Apache-2.0
// The JSON bodies of the control API's requests about downlinks (README.md). Pure. Errors: field_invalid,
// whose detail says what is wrong.
#pragma once

#include "emulator/stack/downlink_service.h"
#include "emulator/stack/webhook_hook.h"

namespace causeway::emulator {

// {"class":"A"|"C","activation":"abp"|"otaa","joined":…,"acknowledges":…,"gateway":…,"tx_result":…,
//  "gateways":[…],"longest":…,"class_c_timeout":SECONDS,"hesitates_every":…}
result<device_change> parse_device_change(std::string_view body);

struct device_word {
  std::string application, device;
  heard_uplink up; // of an uplink
};
// {"application":…,"device":…} and, of an uplink, "f_port","confirmed","ack","mac_answer"
result<device_word> parse_device_word(std::string_view body);

// {"pushes":[{"pattern","count","for_seconds","status","retry_after","queued","queued_after_ms","event",
//  "hang_up","delay_ms"}],
//  "reads":[{"pattern","count","for_seconds","of":"queue"|"record","status","delay_ms"}],
//  "events":{"kinds","drop_every","double_every","swap_every","shuffle","delay_ms"},"rate":N|null,
//  "rate_of":[METHOD…],"rate_per":"device"|"application","push_ms","lock_seconds","most_waiting",
//  "webhook_pool","formatters":{DEVICE:…}};
// what is absent stays as in `now`.
result<downlink_switches> parse_downlink_switches(std::string_view body, downlink_switches now,
                                                  mono_time time);

struct restart_word {
  bool killed = false;
  milliseconds down{1'300}; // as measured
};
// {"by":"stop"|"kill","seconds":1.3}, both optional
result<restart_word> parse_restart(std::string_view body);

struct event_ways {
  bool by_webhook = false, by_mqtt = false;
  std::optional<webhook_settings> webhook; // another one
};
// {"by":"webhook"|"mqtt"|"both"|"none","url":…,"path":…,"headers":{…},"field_mask":[…]}
result<event_ways> parse_event_ways(std::string_view body);

} // namespace causeway::emulator
