// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <array>

namespace causeway {
namespace {

constexpr auto catalogue = std::to_array<error_entry>({
#define CAUSEWAY_ERROR(name, cls, text) {errc::name, #name, error_class::cls, text},
#include "base/errors.def"
#undef CAUSEWAY_ERROR
});

} // namespace

std::span<const error_entry> error_catalogue() {
  return catalogue;
}

const error_entry& describe(errc code) {
  return catalogue[static_cast<std::size_t>(code)];
}

std::optional<errc> find_error(std::string_view name) {
  for (const auto& entry : catalogue)
    if (entry.name == name) return entry.code;
  return std::nullopt;
}

std::string_view to_string(error_class cls) {
  switch (cls) {
  case error_class::transient:
    return "transient";
  case error_class::throttled:
    return "throttled";
  case error_class::permanent:
    return "permanent";
  case error_class::peer:
    return "peer";
  case error_class::config:
    return "config";
  }
  return "unknown";
}

std::string error::message() const {
  std::string text{describe(code_).text};
  if (!detail_.empty()) text.append(": ").append(detail_);
  return text;
}

error error::in(std::string_view context) && {
  detail_ = detail_.empty() ? std::string{context} : std::string{context}.append(": ").append(detail_);
  return std::move(*this);
}

} // namespace causeway
