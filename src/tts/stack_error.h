// SPDX-License-Identifier: Apache-2.0
// An error as The Things Stack writes it: the first of `details` of an answer, the `error` of a
// downlink_failed (things-stack-wire.md E.6). Pure; any thread.
#pragma once

#include "tts/json_span.h"

#include <string>

namespace causeway::tts {

struct stack_error {
  std::string name; // "pkg/auth:token"; empty: it has none
  std::string text; // in the stack's words with its attributes, shortened
};

// Of an object with namespace, name, message_format and attributes.
stack_error read_stack_error(const json_span& details);

} // namespace causeway::tts
