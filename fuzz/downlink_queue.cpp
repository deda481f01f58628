// SPDX-License-Identifier: Apache-2.0
// What the stack shows of a device's downlinks, and what it answers to a push.
#include "tts/downlink_queue.h"
#include "target.h"
#include "tts/downlink_push.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace causeway;
  const auto input = fuzz::text_of(bytes, size);
  const auto queue = tts::parse_downlink_queue(input);
  if (!queue) CAUSEWAY_CHECK(queue.fault().code() == errc::stack_protocol);
  const auto record = tts::parse_network_record(input, {application_id{"lab-app"}, device_id{"abp-a-3"}});
  if (!record) CAUSEWAY_CHECK(record.fault().code() == errc::stack_protocol);
  // Only a 4xx in the stack's own words says that nothing was taken.
  for (const int status : {201, 302, 500, 504})
    CAUSEWAY_CHECK(tts::read_push_answer(status, input).how == model::push_end::unanswered);
  CAUSEWAY_CHECK(tts::read_push_answer(200, input).how == model::push_end::taken);
  CAUSEWAY_CHECK(tts::read_push_answer(400, input).how != model::push_end::taken);
  return 0;
}
