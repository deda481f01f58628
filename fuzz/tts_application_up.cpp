// SPDX-License-Identifier: Apache-2.0
// The body of a webhook, through to the message that IoT Hub gets in each format.
#include "formats/devmobile.h"
#include "formats/flat.h"
#include "formats/location.h"
#include "formats/things_stack.h"
#include "model/message.h"
#include "target.h"
#include "tts/messages.h"

#include <boost/json.hpp>

#include <algorithm>

namespace {

using namespace causeway;

constexpr std::size_t max_id = 128; // IoT Hub's message-id

void check_json_object(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = 256;
  boost::system::error_code fault;
  const auto parsed = boost::json::parse({text.data(), text.size()}, fault, {}, options);
  CAUSEWAY_CHECK(!fault && parsed.is_object());
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

void check_message(const model::message& made) {
  check_json_object(made.body);
  CAUSEWAY_CHECK(model::size_of(made) <= model::max_message_bytes);
  CAUSEWAY_CHECK(!made.id.empty() && made.id.size() <= max_id && is_ascii(made.id));
  for (const auto& [name, value] : made.properties)
    CAUSEWAY_CHECK(!name.empty() && is_ascii(name) && is_ascii(value));
  const auto stored = model::decode_message(model::encode_message(made));
  CAUSEWAY_CHECK(stored && *stored == made);
}

void check_event(std::string_view body, const tts::path_ids& path,
                 tts::masking mask = tts::masking::possible) {
  const auto event = tts::parse_application_up(body, path, mask);
  if (!event) return;
  CAUSEWAY_CHECK(is_valid_tts_id(event->from.application.str()) && is_valid_tts_id(event->from.device.str()));
  CAUSEWAY_CHECK(event->dev_eui.empty() || is_valid_eui(event->dev_eui.str()));
  CAUSEWAY_CHECK(event->raw == body);
  if (const auto fields = fields_of(*event); !fields.empty()) check_json_object(fields);
  if (const auto* frame = model::uplink_of(*event))
    CAUSEWAY_CHECK(frame->has_payload || (frame->frm_payload.empty() && frame->normalized_payload.empty()));
  formats::format_context for_central;
  for_central.iot_central = true;
  for (const auto& messages :
       {formats::format_flat(*event, {}), formats::format_flat(*event, for_central),
        formats::format_devmobile(*event, {}), formats::format_things_stack(*event, {})}) {
    if (!messages) continue;
    CAUSEWAY_CHECK(event->kind != model::event_kind::unknown && messages->size() == 1);
    check_message(messages->front());
  }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto body = fuzz::text_of(bytes, size);
  check_event(body, {});
  check_event(body, {"app1", "dev1"});
  check_event(body, {"app1", "dev1", true}, tts::masking::none);
  static_cast<void>(formats::add_location(body)); // text that is no object of tts
  return 0;
}
