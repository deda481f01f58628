// SPDX-License-Identifier: Apache-2.0
#include "formats/things_stack.h"

namespace causeway::formats {

result<std::vector<model::message>> format_things_stack(const model::event& event,
                                                        const format_context& context) {
  if (letter_of(event.kind) == '\0')
    return error{errc::format_refused, "a kind that this version does not know"};
  model::message made = make_envelope(event, context);
  made.body = event.raw;
  return one_message(std::move(made));
}

} // namespace causeway::formats
