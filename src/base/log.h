// SPDX-License-Identifier: Apache-2.0
// Structured log lines to stderr: logfmt or JSON. (level, event) names the line; keys are listed in
// docs/operations.md. Any thread. Never blocks the caller: the queue is bounded (8,192 lines); when it is
// full the oldest line is dropped.
#pragma once

#include "base/error.h"
#include "base/ids.h"

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace causeway::log {

enum class level : std::uint8_t { debug, info, warning, error, off };
enum class format : std::uint8_t { logfmt, json };

struct field {
  std::string_view key;
  std::string value;

  field(std::string_view k, std::string_view v) : key{k}, value{v} {}
  field(std::string_view k, const char* v) : key{k}, value{v} {}
  field(std::string_view k, const std::string& v) : key{k}, value{v} {}
  template <std::integral Number>
  field(std::string_view k, Number v) : key{k}, value{std::to_string(v)} {}
  template <class Tag>
  field(std::string_view k, const text_id<Tag>& v) : key{k}, value{v.str()} {}
};

// Once, before the first line that should be seen; without it lines go to stderr as logfmt at level info.
void start(level threshold, format shape);
// Writes what is queued and ends the logger's thread. False: nobody has read stderr for a second, so that the
// thread hangs in its write; the process can then only be ended by _exit, for exit would wait for stderr's
// lock.
bool stop();

bool enabled(level at);
void line(level at, std::string_view event, std::initializer_list<field> fields = {});

inline void debug(std::string_view event, std::initializer_list<field> fields = {}) {
  if (enabled(level::debug)) line(level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<field> fields = {}) {
  line(level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<field> fields = {}) {
  line(level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<field> fields = {}) {
  line(level::error, event, fields);
}

} // namespace causeway::log
