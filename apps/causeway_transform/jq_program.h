// SPDX-License-Identifier: Apache-2.0
// One jq program, compiled once and run on one event after the other. It knows nothing but the event: no
// further input, no modules, no files. One thread.
#pragma once

#include "base/result.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace causeway {

class jq_program {
public:
  // out_of_memory: called when jq gets no more; must not return. Errors: transform_invalid with jq's words.
  static result<jq_program> compile(const std::string& text, void (*out_of_memory)(void*));

  // The outputs as JSON texts without white space. Errors: transform_refused with jq's words,
  // transform_limit when they are too many or too long.
  result<std::vector<std::string>> run(std::string_view event);

private:
  struct state;
  struct end {
    void operator()(state* which) const;
  };
  explicit jq_program(std::unique_ptr<state, end> s);
  std::unique_ptr<state, end> state_;
};

} // namespace causeway
