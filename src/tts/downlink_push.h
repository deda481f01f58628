// SPDX-License-Identifier: Apache-2.0
// A push as The Things Stack's REST route takes it, and what its answer says of the item
// (things-stack-wire.md D.1, D.2; real-stack-facts.md 1.2, 1.3, 2.5). Pure; any thread.
#pragma once

#include "model/downlink.h"
#include "model/downlinks.h"
#include "model/event.h"

#include <string>
#include <string_view>

namespace causeway::tts {

// "/as/applications/app1/devices/dev1/down/push": behind the API's base, by POST.
std::string format_push_path(const model::device_key& device, model::queue_operation operation);

// {"downlinks":[…]} of one item, because one bad item refuses a whole list; known by this one correlation id.
std::string format_push(const model::downlink& what, std::string_view correlation_id);

// What empties a queue, sent as a replace.
inline constexpr std::string_view empty_push = R"({"downlinks":[]})";

struct push_answer {
  // taken, refused, later, or unanswered: it says nothing of the item
  model::push_end how = model::push_end::unanswered;
  std::string name, text; // of the error: "pkg/applicationserver:no_f_port" and the stack's words
};
// status: of the HTTP answer.
push_answer read_push_answer(int status, std::string_view body);

} // namespace causeway::tts
