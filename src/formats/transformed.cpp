// SPDX-License-Identifier: Apache-2.0
#include "formats/transformed.h"

namespace causeway::formats {

result<std::vector<core::message>> format_transformed(const core::uplink& event,
                                                      const format_context& context,
                                                      std::vector<std::string> outputs) {
  if (letter_of(event.kind) == '\0')
    return error{errc::format_refused, "a kind that this version does not know"};
  std::vector<core::message> messages;
  messages.reserve(outputs.size());
  const auto envelope = make_envelope(event, context);
  for (auto& output : outputs) {
    const auto n = std::to_string(messages.size() + 1);
    // Mostly a path into what this event does not have.
    if (output == "null")
      return error{errc::transform_refused,
                   "output " + n + " is null; to send nothing, put out nothing: `empty`"};
    auto made = envelope;
    made.id += "." + n;
    made.body = std::move(output);
    auto checked = one_message(std::move(made));
    if (!checked) return std::move(checked).fault().in("output " + n);
    messages.push_back(std::move(checked->front()));
  }
  return messages;
}

} // namespace causeway::formats
