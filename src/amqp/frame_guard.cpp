// SPDX-License-Identifier: Apache-2.0
#include "amqp/frame_guard.h"

#include "amqp/frame_head.h"
#include "amqp/primitive.h"

#include <algorithm>

namespace causeway::amqp {
namespace {

constexpr std::uint64_t open_code = 0x10, begin_code = 0x11, attach_code = 0x12, transfer_code = 0x14,
                        detach_code = 0x16, end_code = 0x17;

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
    if (auto longer = lengthened(whole_); !longer.empty()) whole_ = std::move(longer);
    refusal_ = refusal_of(whole_);
    return refusal_ != nullptr ? std::string_view{} : std::string_view{whole_};
  }
  std::size_t passed = 0;
  while (refusal_ == nullptr && passed < bytes.size()) {
    std::size_t size = 0;
    const auto how = measure(bytes.substr(passed), size);
    if (how == verdict::incomplete) break;
    if (how == verdict::malformed) {
      malformed_ = true;
      return std::exchange(bytes, {});
    }
    if (auto longer = lengthened(bytes.substr(passed, size)); !longer.empty()) {
      if (passed != 0) break; // first what came before it
      bytes.remove_prefix(size);
      whole_ = std::move(longer);
      return whole_;
    }
    refusal_ = refusal_of(bytes.substr(passed, size));
    if (refusal_ == nullptr) passed += size;
  }
  const auto out = bytes.substr(0, passed);
  bytes.remove_prefix(passed);
  if (passed == 0 && refusal_ == nullptr) held_ = std::exchange(bytes, {});
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

// Fields (2.7.1): container-id, hostname, max-frame-size, channel-max, idle-time-out.
std::string frame_guard::lengthened(std::string_view frame) {
  constexpr std::size_t idle_time_out = 4;
  if (frame.starts_with("AMQP")) return {};
  const auto head = read_frame_head(frame);
  if (!head.is(frame_type::amqp) || !head.is_sound()) return {};
  auto body = frame.substr(head.body);
  if (performative_of(body) != open_code) return {};
  const auto performative = decode(body);
  const auto* const fields = fields_of(performative);
  const auto* const announced = fields == nullptr ? nullptr : field<std::uint32_t>(*fields, idle_time_out);
  if (announced == nullptr || *announced == 0 || *announced >= least_idle_time_out) return {};
  auto longer = *fields;
  longer[idle_time_out].v = least_idle_time_out;
  value content;
  content.v = std::move(longer);
  value whole;
  whole.v =
      described{performative->as<described>()->descriptor, std::make_shared<const value>(std::move(content))};
  std::string encoded;
  encode(encoded, whole);
  std::string out;
  put_unsigned(out, static_cast<std::uint32_t>(frame_head::size + encoded.size()));
  out += std::string_view{"\x02\x00", 2};
  put_unsigned(out, head.channel);
  return out + encoded;
}

const char* frame_guard::refusal_of(std::string_view frame) {
  if (malformed_ || frame.starts_with("AMQP")) return nullptr;
  const auto head = read_frame_head(frame);
  if (!head.is(frame_type::amqp) || !head.is_sound()) return nullptr;
  auto body = frame.substr(head.body);
  const auto code = performative_of(body);
  if (code == end_code) end(head.channel);
  if (code != begin_code && code != attach_code && code != transfer_code && code != detach_code)
    return nullptr;
  const auto performative = decode(body);
  const auto* const fields = fields_of(performative);
  if (fields == nullptr) return "a performative cannot be decoded";
  if (code == begin_code && !may_begin(head.channel, *fields))
    return "a begin on a channel that has a session, or for a session that has a channel";
  if (code == attach_code && !may_attach(head.channel, *fields))
    return "an attach without a handle, or with one that is in use";
  if (code == transfer_code && !may_transfer(head.channel, *fields))
    return "a transfer that is not whole, or the first of a delivery without its delivery-id";
  if (code == detach_code) detach(head.channel, *fields);
  return nullptr;
}

std::vector<frame_guard::attached>* frame_guard::links_of(std::uint16_t channel) {
  const auto session = sessions_.find(channel);
  return session == sessions_.end() ? nullptr : &session->second.links;
}

frame_guard::attached* frame_guard::find(std::vector<attached>& links, std::uint32_t handle) {
  const auto found =
      std::find_if(links.begin(), links.end(), [=](const attached& one) { return one.handle == handle; });
  return found == links.end() ? nullptr : &*found;
}

// Fields (2.7.2): remote-channel, of the session that this one answers; handle-max is the fifth.
bool frame_guard::may_begin(std::uint16_t channel, const value_list& fields) {
  if (!is_null_or<std::uint16_t>(fields, 0) || sessions_.contains(channel)) return false;
  const auto* const ours = field<std::uint16_t>(fields, 0);
  if (ours != nullptr) {
    if (answered_.size() <= *ours) answered_.resize(*ours + std::size_t{1}, none);
    if (answered_[*ours] != none) return false;
    answered_[*ours] = channel;
  }
  sessions_[channel].answers = ours == nullptr ? none : *ours;
  if (const auto* const most = field<std::uint32_t>(fields, 4)) handle_max_ = std::min(handle_max_, *most);
  return true;
}

void frame_guard::end(std::uint16_t channel) {
  const auto session = sessions_.find(channel);
  if (session == sessions_.end()) return;
  if (const int ours = session->second.answers; ours != none)
    answered_[static_cast<std::size_t>(ours)] = none;
  sessions_.erase(session);
}

void frame_guard::end_ours(std::uint16_t channel) {
  if (channel >= answered_.size() || answered_[channel] == none) return;
  sessions_.at(static_cast<std::uint16_t>(answered_[channel])).answers = none;
  answered_[channel] = none;
}

void frame_guard::sent(std::string_view bytes) {
  constexpr std::size_t with_code = frame_head::size + 3; // Proton writes the descriptor in its short form
  while (!bytes.empty()) {
    const bool in_head = sent_rest_ == 0;
    const auto wanted =
        in_head ? (sent_head_.size() < frame_head::size ? frame_head::size : with_code) - sent_head_.size()
                : sent_rest_;
    const auto part = bytes.substr(0, wanted);
    bytes.remove_prefix(part.size());
    if (!in_head) {
      sent_rest_ -= part.size();
      continue;
    }
    sent_head_ += part;
    if (part.size() < wanted) return;
    const auto head = read_frame_head(sent_head_);
    const bool is_header = sent_head_.starts_with("AMQP");
    if (sent_head_.size() == frame_head::size && !is_header && head.frame >= with_code) continue;
    if (sent_head_.size() == with_code && head.is(frame_type::amqp) &&
        performative_of(std::string_view{sent_head_}.substr(frame_head::size)) == end_code)
      end_ours(head.channel);
    sent_rest_ = is_header ? 0 : head.frame - sent_head_.size();
    sent_head_.clear();
  }
}

// Fields (2.7.3): name, handle.
bool frame_guard::may_attach(std::uint16_t channel, const value_list& fields) {
  const auto* const handle = field<std::uint32_t>(fields, 1);
  if (handle == nullptr) return false;
  auto* const links = links_of(channel);
  if (links == nullptr) return true; // Proton refuses it
  if (find(*links, *handle) != nullptr) return false;
  links->push_back({*handle});
  return true;
}

// Fields (2.7.7): handle. One that is not in use Proton refuses.
void frame_guard::detach(std::uint16_t channel, const value_list& fields) {
  const auto* const handle = field<std::uint32_t>(fields, 0);
  auto* const links = links_of(channel);
  if (handle != nullptr && links != nullptr)
    std::erase_if(*links, [=](const attached& one) { return one.handle == *handle; });
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
  auto* const links = links_of(channel);
  auto* const link = links == nullptr ? nullptr : find(*links, *handle);
  if (link == nullptr) return true; // Proton refuses it
  // One that is aborted at once must be named, too: Proton looks at "more" first.
  const bool is_named = field<std::uint32_t>(fields, 1) != nullptr;
  if (is_set(fields, 5) && !is_named && !link->goes_on) return false;
  link->goes_on = is_set(fields, 5) && !is_set(fields, 9);
  return true;
}

} // namespace causeway::amqp
