// SPDX-License-Identifier: Apache-2.0
#include "tts/downlink_push.h"

#include "base/encoding.h"
#include "base/excerpt.h"
#include "model/downlink_refusals.h"
#include "tts/json_span.h"
#include "tts/stack_error.h"

namespace causeway::tts {
namespace {

using model::push_end;

constexpr std::size_t longest_text = 200;

void append_member(std::string& out, std::string_view name, std::string_view json) {
  out.append("\"").append(name).append("\":").append(json).append(",");
}

push_end end_of(model::downlink_refusal refusal) {
  switch (refusal) {
  case model::downlink_refusal::for_good:
    return push_end::refused;
  case model::downlink_refusal::not_now:
    return push_end::later;
  case model::downlink_refusal::none:
  case model::downlink_refusal::by_network:
  case model::downlink_refusal::transmitted:
    return push_end::unanswered;
  }
  return push_end::unanswered;
}

} // namespace

std::string format_push_path(const model::device_key& device, model::queue_operation operation) {
  return "/as/applications/" + device.application.str() + "/devices/" + device.device.str() + "/down/" +
         std::string{to_string(operation)};
}

std::string format_push(const model::downlink& what, std::string_view correlation_id) {
  std::string out = R"({"downlinks":[{)";
  if (what.f_port) append_member(out, "f_port", std::to_string(*what.f_port));
  if (!what.frm_payload.empty())
    append_member(out, "frm_payload", json_quoted(base64_encode(what.frm_payload)));
  if (!what.decoded_payload.empty()) append_member(out, "decoded_payload", what.decoded_payload);
  append_member(out, "confirmed", what.confirmed ? "true" : "false");
  append_member(out, "priority", json_quoted(to_string(what.priority)));
  if (!what.class_b_c.empty()) append_member(out, "class_b_c", what.class_b_c);
  if (what.max_attempts)
    append_member(out, "confirmed_retry", R"({"max_attempts":)" + std::to_string(*what.max_attempts) + "}");
  out.append(R"("correlation_ids":[)").append(json_quoted(correlation_id)).append("]}]}");
  return out;
}

push_answer read_push_answer(int status, std::string_view body) {
  push_answer made;
  if (status == 200) {
    made.how = push_end::taken;
    return made;
  }
  const auto document = parse_json(body);
  if (!document) return made;
  json_span code, message, details;
  read_members(*document, {{"code", &code}, {"message", &message}, {"details", &details}});
  json_cursor first{details};
  const bool has_details = first.next();
  if (has_details) {
    auto why = read_stack_error(first.value());
    made.name = std::move(why.name);
    made.text = std::move(why.text);
  } else {
    made.text = std::string{excerpt(message.string().value_or(""), longest_text)};
  }
  if (status < 400 || status > 499) return made;
  if (has_details)
    made.how = end_of(model::find_refusal(made.name));
  else if (code.text() == "3") // what it cannot read
    made.how = push_end::refused;
  return made;
}

} // namespace causeway::tts
