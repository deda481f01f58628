// SPDX-License-Identifier: Apache-2.0
#include "amqp/frame_guard.h"

#include "amqp/frame_head.h"

namespace causeway::amqp {
namespace {

constexpr std::uint64_t begin_code = 0x11, attach_code = 0x12, transfer_code = 0x14, detach_code = 0x16,
                        end_code = 0x17;

// The fields of the performative; they live as long as `whole`. Null: it cannot be decoded.
const value_list* fields_of(const result<value>& whole) {
  const auto* const performative = whole ? whole->as<described>() : nullptr;
  return performative == nullptr ? nullptr : performative->content->as<value_list>();
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
      const auto part = bytes.substr(0, (size == 0 ? frame_head::size : size) - held_.size());
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
  if (bytes.size() < frame_head::size) return verdict::incomplete;
  size = frame_head::size;
  if (bytes.starts_with("AMQP")) return verdict::whole;
  size = read_frame_head(bytes).frame;
  if (size < frame_head::size || (most_frame_ != 0 && size > most_frame_)) return verdict::malformed;
  return size <= bytes.size() ? verdict::whole : verdict::incomplete;
}

bool frame_guard::may_pass(std::string_view frame) {
  if (malformed_ || frame.starts_with("AMQP")) return true;
  const auto head = read_frame_head(frame);
  if (!head.is(frame_type::amqp) || !head.is_sound()) return true;
  auto body = frame.substr(head.body);
  const auto code = performative_of(body);
  if (code == begin_code || code == end_code)
    unfinished_.erase(unfinished_.lower_bound({head.channel, 0}),
                      unfinished_.upper_bound({head.channel, ~0U}));
  if (code != transfer_code && code != attach_code && code != detach_code) return true;
  const auto performative = decode(body);
  const auto* const fields = fields_of(performative);
  if (code == transfer_code) return fields != nullptr && may_transfer(head.channel, *fields);
  if (fields == nullptr) return true; // Proton refuses it, or finds no handle
  if (const auto* const handle = field<std::uint32_t>(*fields, code == attach_code ? 1 : 0))
    unfinished_.erase({head.channel, *handle});
  return true;
}

// Fields (2.7.5): handle, delivery-id, delivery-tag, message-format, settled, more, rcv-settle-mode, state,
// resume, aborted, batchable.
bool frame_guard::may_transfer(std::uint16_t channel, const value_list& fields) {
  const auto* const handle = field<std::uint32_t>(fields, 0);
  const bool sound = handle != nullptr && is_null_or<std::uint32_t>(fields, 1) &&
                     is_null_or<binary>(fields, 2) && is_null_or<std::uint32_t>(fields, 3) &&
                     is_null_or<bool>(fields, 4) && is_null_or<bool>(fields, 5) &&
                     is_null_or<std::uint8_t>(fields, 6) && is_null_or<bool>(fields, 8) &&
                     is_null_or<bool>(fields, 9) && is_null_or<bool>(fields, 10);
  if (!sound) return false;
  const std::pair where{channel, *handle};
  const bool goes_on = is_set(fields, 5) && !is_set(fields, 9);
  const bool is_named = field<std::uint32_t>(fields, 1) != nullptr;
  // One that is aborted at once, too: Proton looks at "more" first.
  if (is_set(fields, 5) && !is_named && !unfinished_.contains(where)) return false;
  if (goes_on)
    unfinished_.insert(where);
  else
    unfinished_.erase(where);
  return true;
}

} // namespace causeway::amqp
