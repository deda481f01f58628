// SPDX-License-Identifier: Apache-2.0
#include "stack/stack_fault.h"

#include "tts/registry_page.h"

namespace causeway::stack {

error stack_fault(const net::http_answer& answer, const application_id& application) {
  auto detail = application.str() + ": HTTP " + std::to_string(answer.status);
  if (const auto words = tts::parse_stack_fault(answer.body); !words.empty()) detail += " " + words;
  // A key that is no key at all, such as half of one, is no matter of the question.
  if (answer.status == 400 && tts::parse_stack_fault_name(answer.body) == "pkg/auth:token")
    return error{errc::registry_unauthorized,
                 detail +
                     "; malformed key: whole it is NNSXS., letters and digits, a point, letters and digits"};
  switch (answer.status) {
  case 401:
  case 403:
    return error{errc::registry_unauthorized, detail};
  case 404:
    return error{errc::registry_application_unknown, detail};
  case 429:
    return error{errc::registry_throttled, detail};
  case 408:
  case 499:
    return error{errc::registry_unavailable, detail};
  default:
    return error{answer.status >= 500 ? errc::registry_unavailable : errc::registry_protocol, detail};
  }
}

error stack_fault(error why) {
  if (why.code() == errc::stopped || why.cls() == error_class::config) return why;
  if (why.code() == errc::body_too_large) return error{errc::registry_protocol, why.detail()};
  return error{errc::registry_unavailable, why.message()};
}

} // namespace causeway::stack
