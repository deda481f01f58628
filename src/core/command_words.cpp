// SPDX-License-Identifier: Apache-2.0
// The table's words, for people.
#include "core/command_transitions.h"

#include "base/check.h"

#include <array>

namespace causeway::core {
namespace {

template <std::size_t Size, class What>
std::string_view word_of(const std::array<std::string_view, Size>& words, What what) {
  const auto at = static_cast<std::size_t>(what);
  CAUSEWAY_CHECK(at < words.size());
  return words[at];
}

} // namespace

std::string_view to_string(command_stage what) {
  constexpr std::array<std::string_view, command_stages> words{
      "stored",  "pushing",   "queued",   "sent",    "acknowledged", "nacked",  "failed",
      "expired", "cancelled", "replaced", "cleared", "no word",      "in doubt"};
  return word_of(words, what);
}

std::string_view to_string(command_event what) {
  constexpr std::array<std::string_view, command_events> words{
      "push began",      "push taken",      "push refused", "push not made", "never arrived", "found queued",
      "found scheduled", "cannot be known", "queued",       "sent",          "nack",          "ack",
      "failed for good", "failed for now",  "given up",     "timed out",     "called off",    "queue cleared",
      "queue replaced",  "nothing heard"};
  return word_of(words, what);
}

std::string_view to_string(command_given what) {
  constexpr std::array<std::string_view, 3> words{"", "it is confirmed", "not older than the last step"};
  return word_of(words, what);
}

} // namespace causeway::core
