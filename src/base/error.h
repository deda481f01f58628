// SPDX-License-Identifier: Apache-2.0
// Errors are values from a closed catalogue (errors.def). The edge that meets a fault names it once;
// everything above branches on the class only. Immutable value types, usable on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace causeway {

enum class error_class : std::uint8_t {
  transient, // back off and try again
  throttled, // try again when told, or slower
  permanent, // park the device or dead-letter the message
  peer,      // drop the connection
  config,    // the operator must act
};

enum class errc : std::uint8_t {
#define CAUSEWAY_ERROR(name, cls, text) name,
#include "base/errors.def"
#undef CAUSEWAY_ERROR
};

struct error_entry {
  errc code;
  std::string_view name;
  error_class cls;
  std::string_view text; // a sentence without a full stop
};

// Every entry, in the order of errors.def.
std::span<const error_entry> error_catalogue();
const error_entry& describe(errc code);
// The code of this name, or nothing.
std::optional<errc> find_error(std::string_view name);
std::string_view to_string(error_class cls);

class error {
public:
  // detail: names the thing (file, device, host) and, where there is one, the way out. No secrets.
  explicit error(errc code, std::string detail = {}) : detail_{std::move(detail)}, code_{code} {}

  errc code() const { return code_; }
  error_class cls() const { return describe(code_).cls; }
  std::string_view name() const { return describe(code_).name; }
  const std::string& detail() const { return detail_; }
  // "<text>: <detail>", for a person.
  std::string message() const;

  // What the peer asked to wait; absent when it did not say.
  std::optional<std::chrono::milliseconds> retry_after() const { return retry_after_; }
  error with_retry_after(std::chrono::milliseconds wait) && {
    retry_after_ = wait;
    return std::move(*this);
  }
  // The same error with "context: " in front of the detail.
  error in(std::string_view context) &&;

  friend bool operator==(const error&, const error&) = default;

private:
  std::string detail_;
  std::optional<std::chrono::milliseconds> retry_after_;
  errc code_;
};

} // namespace causeway
