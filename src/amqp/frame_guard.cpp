// SPDX-License-Identifier: Apache-2.0
#include "amqp/frame_guard.h"

#include "amqp/value.h"

#include <algorithm>
#include <optional>

namespace causeway::amqp {
namespace {

constexpr std::size_t header_size = 8; // the protocol's, and a frame's
constexpr std::uint8_t amqp_frame = 0x00;
constexpr std::uint64_t begin_code = 0x11, attach_code = 0x12, transfer_code = 0x14, detach_code = 0x16,
                        end_code = 0x17;

std::uint8_t octet(char c) {
  return static_cast<std::uint8_t>(c);
}

// What a performative's descriptor says, in either form of a ulong that it may have; Proton passes over
// others.
std::uint64_t code_of(std::string_view body) {
  if (body.size() >= 3 && body.starts_with(std::string_view{"\x00\x53", 2})) return octet(body[2]);
  if (body.size() < 10 || !body.starts_with(std::string_view{"\x00\x80", 2})) return 0;
  std::uint64_t code = 0;
  for (const char byte : body.substr(2, 8))
    code = code << 8 | octet(byte);
  return code;
}

// The fields of the performative. Nothing: it cannot be decoded.
std::optional<value_list> fields_of(std::string_view body) {
  const auto performative = decode(body);
  if (!performative) return std::nullopt;
  const auto* const whole = performative->as<described>();
  if (whole == nullptr || whole->content->as<value_list>() == nullptr) return std::nullopt;
  return *whole->content->as<value_list>();
}

// A field of a type that the specification does not give it is not read as Proton would: the frame is
// refused.
template <class T>
bool is_null_or(const value_list& fields, std::size_t at) {
  return at >= fields.size() || fields[at].is_null() || fields[at].as<T>() != nullptr;
}

template <class T>
const T* field(const value_list& fields, std::size_t at) {
  return at < fields.size() ? fields[at].as<T>() : nullptr;
}

bool is_set(const value_list& fields, std::size_t at) {
  const auto* const flag = field<bool>(fields, at);
  return flag != nullptr && *flag;
}

} // namespace

std::string_view frame_guard::next(std::string_view& bytes) {
  if (malformed_) return std::exchange(bytes, {});
  if (!held_.empty()) {
    while (true) {
      std::size_t size = 0;
      const auto how = measure(held_, size);
      malformed_ = how == verdict::malformed;
      if (how != verdict::incomplete) break;
      if (bytes.empty()) return {};
      const auto part = bytes.substr(0, (size == 0 ? header_size : size) - held_.size());
      held_ += part;
      bytes.remove_prefix(part.size());
    }
    whole_ = std::exchange(held_, {});
    refused_ = !may_pass(whole_);
    return refused_ ? std::string_view{} : std::string_view{whole_};
  }
  std::size_t passed = 0;
  while (!refused_ && passed < bytes.size()) {
    std::size_t size = 0;
    const auto how = measure(bytes.substr(passed), size);
    if (how == verdict::incomplete) break;
    if (how == verdict::malformed) {
      malformed_ = true;
      return std::exchange(bytes, {});
    }
    refused_ = !may_pass(bytes.substr(passed, size));
    if (!refused_) passed += size;
  }
  const auto out = bytes.substr(0, passed);
  bytes.remove_prefix(passed);
  if (passed == 0 && !refused_) held_ = std::exchange(bytes, {});
  return out;
}

frame_guard::verdict frame_guard::measure(std::string_view bytes, std::size_t& size) const {
  if (bytes.size() < header_size) return verdict::incomplete;
  size = header_size;
  if (bytes.starts_with("AMQP")) return verdict::whole;
  size = 0;
  for (const char byte : bytes.substr(0, 4))
    size = size << 8 | octet(byte);
  if (size < header_size || (most_frame_ != 0 && size > most_frame_)) return verdict::malformed;
  return size <= bytes.size() ? verdict::whole : verdict::incomplete;
}

bool frame_guard::may_pass(std::string_view frame) {
  const auto begin = std::size_t{4} * octet(frame[4]);
  if (malformed_ || frame.starts_with("AMQP") || octet(frame[5]) != amqp_frame || begin < header_size ||
      begin >= frame.size())
    return true;
  const auto channel = static_cast<std::uint16_t>(octet(frame[6]) << 8 | octet(frame[7]));
  const auto body = frame.substr(begin);
  switch (code_of(body)) {
  case transfer_code:
    return may_transfer(channel, body);
  case attach_code:
  case detach_code: {
    const auto fields = fields_of(body);
    if (!fields) return true; // Proton refuses it, or finds no handle
    const std::size_t at = code_of(body) == attach_code ? 1 : 0;
    if (const auto* const handle = field<std::uint32_t>(*fields, at)) unfinished_.erase({channel, *handle});
    return true;
  }
  case begin_code:
  case end_code:
    unfinished_.erase(unfinished_.lower_bound({channel, 0}), unfinished_.upper_bound({channel, ~0U}));
    return true;
  default:
    return true;
  }
}

// Fields (2.7.5): handle, delivery-id, delivery-tag, message-format, settled, more, rcv-settle-mode, state,
// resume, aborted, batchable.
bool frame_guard::may_transfer(std::uint16_t channel, std::string_view body) {
  const auto fields = fields_of(body);
  if (!fields) return false;
  const auto* const handle = field<std::uint32_t>(*fields, 0);
  const bool sound = handle != nullptr && is_null_or<std::uint32_t>(*fields, 1) &&
                     is_null_or<binary>(*fields, 2) && is_null_or<std::uint32_t>(*fields, 3) &&
                     is_null_or<bool>(*fields, 4) && is_null_or<bool>(*fields, 5) &&
                     is_null_or<std::uint8_t>(*fields, 6) && is_null_or<bool>(*fields, 8) &&
                     is_null_or<bool>(*fields, 9) && is_null_or<bool>(*fields, 10);
  if (!sound) return false;
  const std::pair where{channel, *handle};
  const bool goes_on = is_set(*fields, 5) && !is_set(*fields, 9);
  const bool is_named = field<std::uint32_t>(*fields, 1) != nullptr;
  // One that is aborted at once, too: Proton looks at "more" first.
  if (is_set(*fields, 5) && !is_named && !unfinished_.contains(where)) return false;
  if (goes_on)
    unfinished_.insert(where);
  else
    unfinished_.erase(where);
  return true;
}

} // namespace causeway::amqp
