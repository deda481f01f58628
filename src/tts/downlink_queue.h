// SPDX-License-Identifier: Apache-2.0
// What The Things Stack shows of a device's downlinks: the queue, GET
// /as/applications/{app}/devices/{dev}/down (things-stack-wire.md D.2), and the network server's record, GET
// /ns/applications/{app}/devices/{dev} (real-stack-facts.md 2.1, 2.2). What is not there proves something, so
// nothing that cannot be read counts as not there. Pure; any thread.
#pragma once

#include "base/result.h"
#include "model/downlinks.h"
#include "model/event.h"
#include "model/network_record.h"

#include <string>
#include <string_view>

namespace causeway::tts {

// "/as/applications/app1/devices/dev1/down" and "/ns/applications/app1/devices/dev1?field_mask=…": behind the
// API's base, by GET.
std::string format_queue_path(const model::device_key& device);
std::string format_record_path(const model::device_key& device);

// What such a read comes to, by the HTTP answer's status and what its body says in the stack's words; a page
// of something before the stack says nothing. seen: as far as the body can be read.
model::read_end read_look_answer(int status, std::string_view body);

// In its order. An empty one is `{}` or `{"downlinks":[]}`, and nothing else: any other member is another
// answer's. Errors: stack_protocol.
result<model::downlink_queue> parse_downlink_queue(std::string_view body);

// The paths to ask the network server for. One that it forbids refuses all of them. ids and created_at come
// unasked.
inline constexpr std::string_view network_record_fields =
    "supports_class_b,supports_class_c,multicast,mac_state.device_class,mac_state.recent_uplinks,"
    "mac_state.recent_downlinks,mac_state.last_downlink_at,mac_state.pending_application_downlink,"
    "pending_mac_state.recent_uplinks,session.dev_addr,session.keys.session_key_id,session.last_f_cnt_up,"
    "session.last_n_f_cnt_down,session.last_conf_f_cnt_down,pending_session.dev_addr";

// Errors: stack_protocol, also when it is another device's, or lacks what each record has.
result<model::network_record> parse_network_record(std::string_view body, const model::device_key& asked_for);

} // namespace causeway::tts
