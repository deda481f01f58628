// SPDX-License-Identifier: Apache-2.0
#include "causeway_transform/jq_program.h"

#include "transform/transform_protocol.h"

// jq's headers are C: casts of theirs come in by macros.
extern "C" {
#include <jq.h>
}

#include <optional>

namespace causeway {
namespace {

namespace limits = transform::protocol;

std::string text_of(jv value) {
  std::string text{jv_string_value(value), static_cast<std::size_t>(jv_string_length_bytes(jv_copy(value)))};
  jv_free(value);
  return text;
}

// As jq shows an error: a string as it is, anything else as JSON.
std::string words_of(jv message) {
  if (jv_get_kind(message) == JV_KIND_STRING) return text_of(message);
  return "(not a string): " + text_of(jv_dump_string(message, 0));
}

error too_much(const std::string& what) {
  return error{errc::transform_limit, what};
}

} // namespace

struct jq_program::state {
  jq_state* jq = nullptr;
  std::string complaints; // while it compiles

  static void complain(void* self, jv message) {
    auto& to = static_cast<state*>(self)->complaints;
    const auto words = words_of(jq_format_error(message));
    if (!to.empty() && to.back() != '\n') to += '\n';
    to += words;
  }
  // An event that the program ended with, or halted at.
  std::optional<std::string> fault_of(jv last);
};

std::optional<std::string> jq_program::state::fault_of(jv last) {
  if (jq_halted(jq)) {
    jv_free(last);
    jv status = jq_get_exit_code(jq);
    const bool well = jv_get_kind(status) != JV_KIND_NUMBER || jv_number_value(status) == 0.0;
    jv_free(status);
    jv message = jq_get_error_message(jq);
    if (well) {
      jv_free(message);
      return std::nullopt;
    }
    if (jv_get_kind(message) == JV_KIND_INVALID) {
      jv_free(message);
      return "halt_error";
    }
    return words_of(message);
  }
  if (!jv_invalid_has_msg(jv_copy(last))) {
    jv_free(last);
    return std::nullopt;
  }
  return words_of(jv_invalid_get_msg(last));
}

void jq_program::end::operator()(state* which) const {
  if (which->jq != nullptr) jq_teardown(&which->jq);
  delete which;
}

jq_program::jq_program(std::unique_ptr<state, end> s) : state_{std::move(s)} {}

result<jq_program> jq_program::compile(const std::string& text, void (*out_of_memory)(void*)) {
  std::unique_ptr<state, end> made{new state};
  made->jq = jq_init();
  if (made->jq == nullptr) return error{errc::transform_missing, "jq cannot be started"};
  jq_set_nomem_handler(made->jq, out_of_memory, nullptr);
  jq_set_error_cb(made->jq, state::complain, made.get());
  // jq_init leaves them as the memory was (jq 1.6): `input` would call whatever was there.
  jq_set_input_cb(made->jq, nullptr, nullptr);
  jq_set_debug_cb(made->jq, nullptr, nullptr);
  jq_set_attr(made->jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
  if (jq_compile(made->jq, text.c_str()) == 0) {
    auto words = std::move(made->complaints);
    while (!words.empty() && words.back() == '\n')
      words.pop_back();
    return error{errc::transform_invalid, words};
  }
  return jq_program{std::move(made)};
}

result<std::vector<std::string>> jq_program::run(std::string_view event) {
  auto* const jq = state_->jq;
  jv input = jv_parse_sized(event.data(), static_cast<int>(event.size()));
  if (!jv_is_valid(input)) return error{errc::transform_refused, words_of(jv_invalid_get_msg(input))};
  std::vector<std::string> outputs;
  std::size_t bytes = 0;
  jq_start(jq, input, 0);
  jv value = jq_next(jq);
  for (; jv_is_valid(value); value = jq_next(jq)) {
    outputs.push_back(text_of(jv_dump_string(value, 0)));
    bytes += outputs.back().size();
    if (outputs.size() > limits::outputs)
      return too_much("more than " + std::to_string(limits::outputs) + " outputs");
    if (bytes > limits::output_bytes)
      return too_much("outputs of more than " + std::to_string(limits::output_bytes) + " bytes");
  }
  if (auto fault = state_->fault_of(value)) return error{errc::transform_refused, std::move(*fault)};
  return outputs;
}

} // namespace causeway
