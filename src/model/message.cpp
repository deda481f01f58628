// SPDX-License-Identifier: Apache-2.0
#include "model/message.h"

#include <cstdint>
#include <limits>
#include <optional>

namespace causeway::model {
namespace {

constexpr char record_version = 1, correlated_version = 2;
constexpr std::size_t length_bytes = 4;

void append_length(std::string& out, std::size_t length) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(length >> shift & 0xff);
}

void append_field(std::string& out, std::string_view text) {
  append_length(out, text.size());
  out += text;
}

class record_reader {
public:
  explicit record_reader(std::string_view rest) : rest_{rest} {}

  std::optional<std::uint32_t> length() {
    if (rest_.size() < length_bytes) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < length_bytes; ++i)
      value = value << 8 | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(length_bytes);
    return value;
  }

  bool field(std::string& into) {
    const auto size = length();
    if (!size || *size > rest_.size()) return false;
    into.assign(rest_.substr(0, *size));
    rest_.remove_prefix(*size);
    return true;
  }

  std::size_t left() const { return rest_.size(); }

private:
  std::string_view rest_;
};

error corrupt(const char* where) {
  return error{errc::record_corrupt, std::string{"message record: "} + where};
}

} // namespace

std::size_t size_of(const message& m) {
  std::size_t bytes = m.id.size() + m.content_type.size() + m.content_encoding.size() + m.body.size() +
                      m.correlation_id.size();
  for (const auto& [name, value] : m.properties)
    bytes += name.size() + value.size();
  return bytes;
}

std::string encode_message(const message& m) {
  std::string out;
  out.reserve(1 + length_bytes * (6 + 2 * m.properties.size()) + size_of(m));
  out += m.correlation_id.empty() ? record_version : correlated_version;
  append_field(out, m.id);
  append_field(out, m.content_type);
  append_field(out, m.content_encoding);
  if (!m.correlation_id.empty()) append_field(out, m.correlation_id);
  append_length(out, m.properties.size());
  for (const auto& [name, value] : m.properties) {
    append_field(out, name);
    append_field(out, value);
  }
  append_field(out, m.body);
  return out;
}

result<message> decode_message(std::string_view record) {
  if (record.empty()) return corrupt("empty");
  const char version = record.front();
  if (version != record_version && version != correlated_version)
    return corrupt("a version that this Causeway does not know");
  record_reader in{record.substr(1)};
  message m;
  if (!in.field(m.id) || !in.field(m.content_type) || !in.field(m.content_encoding))
    return corrupt("cut off in its head");
  if (version == correlated_version && !in.field(m.correlation_id))
    return corrupt("cut off in its correlation id");
  const auto count = in.length();
  // Before reserving: a damaged count must not ask for more memory than the record could fill.
  if (!count || *count > in.left() / (2 * length_bytes)) return corrupt("the count of properties");
  m.properties.resize(*count);
  for (auto& [name, value] : m.properties)
    if (!in.field(name) || !in.field(value)) return corrupt("cut off in its properties");
  if (!in.field(m.body)) return corrupt("cut off in its body");
  if (in.left() != 0) return corrupt("more bytes than a message has");
  return m;
}

} // namespace causeway::model
