// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/hub_frames.h"

#include "amqp/frame_head.h"

#include <algorithm>

namespace causeway::emulator {
namespace {

using amqp::value_list;

constexpr std::uint64_t begin_code = 0x11, attach_code = 0x12, flow_code = 0x13, transfer_code = 0x14,
                        detach_code = 0x16, end_code = 0x17;
// Of the client, who is told of 64 KiB: what is larger passes, and the engine refuses it.
constexpr std::size_t longest_frame = 128 * 1024;

template <class T>
const T* field(const value_list& fields, std::size_t at) {
  return at < fields.size() ? fields[at].as<T>() : nullptr;
}

std::uint32_t number(const value_list& fields, std::size_t at, std::uint32_t otherwise = 0) {
  const auto* const found = field<std::uint32_t>(fields, at);
  return found != nullptr ? *found : otherwise;
}

bool is_set(const value_list& fields, std::size_t at) {
  const auto* const flag = field<bool>(fields, at);
  return flag != nullptr && *flag;
}

void set(value_list& fields, std::size_t at, amqp::value to) {
  if (fields.size() <= at) fields.resize(at + 1);
  fields[at] = std::move(to);
}

void append_frame(std::string& out, std::uint16_t channel, std::uint64_t code, value_list fields) {
  std::string body;
  amqp::encode(body, {amqp::described{std::make_shared<const amqp::value>(amqp::value{code}),
                                      std::make_shared<const amqp::value>(amqp::value{std::move(fields)})}});
  const auto size = static_cast<std::uint32_t>(amqp::frame_head::size + body.size());
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    out += static_cast<char>(size >> shift & 0xffU);
  out += '\2'; // the body begins behind two words
  out += '\0';
  out += static_cast<char>(channel >> 8U);
  out += static_cast<char>(channel & 0xffU);
  out += body;
}

struct opened_frame {
  std::uint16_t channel = 0;
  std::uint64_t code = 0;
  value_list fields;
};

// One of those in `codes`; nothing for another, and for what cannot be decoded.
std::optional<opened_frame> open_frame(std::string_view frame, std::initializer_list<std::uint64_t> codes) {
  const auto head = amqp::read_frame_head(frame);
  if (!head.is(amqp::frame_type::amqp) || !head.is_sound()) return std::nullopt;
  auto body = frame.substr(head.body);
  const auto code = amqp::performative_of(body);
  if (!code || std::find(codes.begin(), codes.end(), *code) == codes.end()) return std::nullopt;
  const auto performative = amqp::decode(body);
  const auto* const described = performative ? performative->as<amqp::described>() : nullptr;
  const auto* const fields = described == nullptr ? nullptr : described->content->as<value_list>();
  if (fields == nullptr) return std::nullopt;
  return opened_frame{head.channel, *code, *fields};
}

} // namespace

// Calls each with every whole frame, and with what is no frame: protocol headers, and all that follows
// something malformed.
template <class Each>
void hub_frames::split(framing& state, std::string_view bytes, Each each) {
  state.held += bytes;
  std::string_view rest = state.held;
  while (!rest.empty() && !state.malformed) {
    if (rest.size() < amqp::frame_head::size) break;
    const bool is_header = std::exchange(state.in_header, false);
    const auto head = amqp::read_frame_head(rest);
    const auto size = is_header ? amqp::frame_head::size : head.frame;
    if (!is_header && (size < amqp::frame_head::size || size > longest_frame)) {
      state.malformed = true;
      break;
    }
    if (rest.size() < size) break;
    each(rest.substr(0, size), is_header);
    rest.remove_prefix(size);
  }
  if (state.malformed && !rest.empty()) {
    each(rest, true);
    rest = {};
  }
  state.held.erase(0, state.held.size() - rest.size());
}

std::string hub_frames::from_client(std::string_view bytes) {
  std::string out;
  split(client_, ended_.pass(bytes), [&](std::string_view frame, bool as_it_is) {
    if (as_it_is)
      out += frame;
    else
      out += take_client_frame(frame);
  });
  return out;
}

std::string hub_frames::take_client_frame(std::string_view frame) {
  auto opened = open_frame(frame, {begin_code, attach_code, flow_code, transfer_code, detach_code, end_code});
  if (!opened) return std::string{frame};
  const auto channel = opened->channel;
  switch (opened->code) {
  case begin_code:
    on_client_begin(channel, opened->fields);
    break;
  case attach_code:
    on_client_attach(channel, opened->fields);
    break;
  case transfer_code:
    on_client_transfer(channel, opened->fields);
    break;
  case flow_code:
    if (on_client_flow(channel, opened->fields)) {
      std::string changed;
      append_frame(changed, channel, flow_code, std::move(opened->fields));
      return changed;
    }
    break;
  case detach_code:
    on_client_detach(channel, opened->fields);
    break;
  case end_code:
    on_client_end(channel);
    break;
  default:
    break;
  }
  return std::string{frame};
}

// Fields (2.7.2): remote-channel, next-outgoing-id, incoming-window, outgoing-window, handle-max.
void hub_frames::on_client_begin(std::uint16_t channel, const value_list& fields) {
  if (sessions_.contains(channel)) return; // the engine refuses it
  sessions_[channel].next_incoming = number(fields, 1);
}

// Fields (2.7.3): name, handle, role (true: receiver), …, initial-delivery-count at 9.
void hub_frames::on_client_attach(std::uint16_t channel, const value_list& fields) {
  const auto session = sessions_.find(channel);
  const auto* const name = field<std::string>(fields, 0);
  if (session == sessions_.end() || name == nullptr) return;
  tracked_link made;
  made.name = *name;
  made.client_receives = is_set(fields, 2);
  made.delivery_count = made.limit = number(fields, 9);
  if (!made.client_receives) formats_[made.name] = {};
  session->second.links.insert_or_assign(number(fields, 1), std::move(made));
}

// Fields (2.7.5): handle, delivery-id, delivery-tag, message-format, settled, more, …, aborted at 9.
void hub_frames::on_client_transfer(std::uint16_t channel, const value_list& fields) {
  const auto session = sessions_.find(channel);
  if (session == sessions_.end()) return;
  auto& in = session->second;
  ++in.next_incoming;
  // Said again in good time, as a hub does: nobody who sends fast waits for it.
  if (++in.taken == incoming_window / 2) echoes_.push_back({channel, std::nullopt});
  const auto link = in.links.find(number(fields, 0));
  if (link == in.links.end()) return;
  auto& on = link->second;
  if (!on.goes_on) {
    ++on.delivery_count;
    formats_[on.name].next.push_back(number(fields, 3));
  }
  on.goes_on = is_set(fields, 5) && !is_set(fields, 9);
}

std::uint32_t hub_frames::take_format(const std::string& link) {
  const auto found = formats_.find(link);
  if (found == formats_.end() || found->second.next.empty()) return 0;
  const auto format = found->second.next.front();
  found->second.next.pop_front();
  if (found->second.detached && found->second.next.empty()) formats_.erase(found);
  return format;
}

// Fields (2.7.4): next-incoming-id, incoming-window, next-outgoing-id, outgoing-window, handle,
// delivery-count, link-credit, available, drain, echo. The engine counts what it sends from 0.
bool hub_frames::on_client_flow(std::uint16_t channel, value_list& fields) {
  const auto session = sessions_.find(channel);
  if (session == sessions_.end()) return false;
  const auto* const handle = field<std::uint32_t>(fields, 4);
  if (handle != nullptr) {
    const auto link = session->second.links.find(*handle);
    if (link != session->second.links.end() && link->second.client_receives)
      link->second.limit = number(fields, 5, link->second.delivery_count) + number(fields, 6);
  }
  if (is_set(fields, 9))
    echoes_.push_back({channel, handle == nullptr ? std::nullopt : std::optional{*handle}});
  const auto* const next_incoming = field<std::uint32_t>(fields, 0);
  if (next_incoming == nullptr) return false;
  set(fields, 0, {*next_incoming - first_outgoing_id});
  return true;
}

void hub_frames::forget_formats(const tracked_link& link) {
  if (link.client_receives) return;
  const auto found = formats_.find(link.name);
  if (found == formats_.end()) return;
  auto& of = found->second;
  if (link.goes_on && !of.next.empty()) of.next.pop_back(); // of a message that will never be whole
  of.detached = true;
  if (of.next.empty()) formats_.erase(found);
}

// Fields (2.7.7): handle, closed, error.
void hub_frames::on_client_detach(std::uint16_t channel, const value_list& fields) {
  const auto session = sessions_.find(channel);
  if (session == sessions_.end()) return;
  auto& links = session->second.links;
  const auto link = links.find(number(fields, 0));
  if (link == links.end()) return;
  link->second.detached = true;
  link->second.suspended = !is_set(fields, 1);
  forget_formats(link->second);
  if (link->second.hub_detached) links.erase(link);
}

void hub_frames::on_client_end(std::uint16_t channel) {
  const auto session = sessions_.find(channel);
  if (session == sessions_.end()) return;
  for (const auto& [handle, link] : session->second.links)
    forget_formats(link);
  if (const auto hub_channel = session->second.hub_channel) client_channel_.erase(*hub_channel);
  sessions_.erase(session);
}

void hub_frames::to_client(std::string_view bytes, std::string& out) {
  split(hub_, bytes, [&](std::string_view frame, bool as_it_is) {
    if (as_it_is)
      out += frame;
    else
      out += take_hub_frame(frame);
  });
  answer_echoes(out);
}

hub_frames::tracked_session* hub_frames::session_at_hub(std::uint16_t hub_channel) {
  const auto known = client_channel_.find(hub_channel);
  if (known == client_channel_.end()) return nullptr;
  const auto session = sessions_.find(known->second);
  return session == sessions_.end() ? nullptr : &session->second;
}

hub_frames::tracked_link* hub_frames::link_at_hub(tracked_session& in, std::uint32_t hub_handle) {
  const auto found = std::find_if(in.links.begin(), in.links.end(),
                                  [=](const auto& link) { return link.second.hub_handle == hub_handle; });
  return found == in.links.end() ? nullptr : &found->second;
}

std::string hub_frames::take_hub_frame(std::string_view frame) {
  auto opened = open_frame(frame, {begin_code, attach_code, flow_code, transfer_code, detach_code, end_code});
  if (!opened) return std::string{frame};
  auto& fields = opened->fields;
  auto* const in = session_at_hub(opened->channel);
  bool changed = false;
  switch (opened->code) {
  case begin_code:
    if (const auto* const remote = field<std::uint16_t>(fields, 0)) {
      if (const auto session = sessions_.find(*remote); session != sessions_.end()) {
        session->second.hub_channel = opened->channel;
        session->second.next_outgoing = number(fields, 1) + first_outgoing_id;
        client_channel_[opened->channel] = *remote;
      }
    }
    set(fields, 1, {number(fields, 1) + first_outgoing_id});
    set(fields, 2, {incoming_window});
    set(fields, 3, {outgoing_window});
    set(fields, 4, {handle_max});
    changed = true;
    break;
  case attach_code:
    if (in != nullptr) on_hub_attach(*in, fields);
    break;
  case transfer_code:
    if (in != nullptr) on_hub_transfer(*in, fields);
    break;
  case flow_code:
    on_hub_flow(in, fields);
    changed = true;
    break;
  case detach_code:
    changed = in != nullptr && on_hub_detach(*in, fields);
    break;
  case end_code:
    client_channel_.erase(opened->channel);
    break;
  default:
    break;
  }
  if (!changed) return std::string{frame};
  std::string out;
  append_frame(out, opened->channel, opened->code, std::move(fields));
  return out;
}

void hub_frames::on_hub_attach(tracked_session& in, const value_list& fields) {
  const auto* const name = field<std::string>(fields, 0);
  const bool hub_receives = is_set(fields, 2);
  if (name == nullptr) return;
  for (auto& [handle, link] : in.links) {
    if (link.name != *name || link.client_receives == hub_receives || link.hub_handle) continue;
    link.hub_handle = number(fields, 1);
    if (!hub_receives) link.delivery_count = number(fields, 9);
  }
}

void hub_frames::on_hub_transfer(tracked_session& in, const value_list& fields) {
  ++in.next_outgoing;
  auto* const link = link_at_hub(in, number(fields, 0));
  if (link == nullptr) return;
  if (!link->goes_on) ++link->delivery_count;
  link->goes_on = is_set(fields, 5) && !is_set(fields, 9);
}

void hub_frames::on_hub_flow(tracked_session* in, value_list& fields) {
  set(fields, 1, {incoming_window});
  set(fields, 2, {number(fields, 2) + first_outgoing_id});
  set(fields, 3, {outgoing_window});
  if (in == nullptr) return;
  in->taken = 0;
  const auto* const handle = field<std::uint32_t>(fields, 4);
  auto* const link = handle == nullptr ? nullptr : link_at_hub(*in, *handle);
  if (link == nullptr) return;
  const auto count = number(fields, 5, link->delivery_count);
  link->limit = count + number(fields, 6);
  if (link->client_receives) link->delivery_count = count; // a drain moves it
}

// True when the frame is changed.
bool hub_frames::on_hub_detach(tracked_session& in, value_list& fields) {
  const auto hub_handle = number(fields, 0);
  const auto found = std::find_if(in.links.begin(), in.links.end(),
                                  [=](const auto& link) { return link.second.hub_handle == hub_handle; });
  if (found == in.links.end()) return false;
  const auto& link = found->second;
  const bool as_the_client = link.suspended && (fields.size() < 3 || fields[2].is_null());
  if (as_the_client) set(fields, 1, {false});
  if (link.detached) {
    in.links.erase(found);
  } else {
    found->second.hub_handle.reset();
    found->second.hub_detached = true;
  }
  return as_the_client;
}

void hub_frames::answer_echoes(std::string& out) {
  for (const auto& asked : std::exchange(echoes_, {})) {
    const auto session = sessions_.find(asked.channel);
    if (session == sessions_.end() || !session->second.hub_channel) continue;
    auto& in = session->second;
    value_list fields{{in.next_incoming}, {incoming_window}, {in.next_outgoing}, {outgoing_window}};
    if (asked.handle) {
      const auto link = in.links.find(*asked.handle);
      // Of one that the hub has not attached, or has detached, there is nothing to say.
      if (link == in.links.end() || !link->second.hub_handle || link->second.detached) continue;
      const auto& of = link->second;
      fields.insert(fields.end(), {{*of.hub_handle},
                                   {of.delivery_count},
                                   {of.limit - of.delivery_count},
                                   of.client_receives ? amqp::value{std::uint32_t{0}} : amqp::value{},
                                   {false},
                                   {false}});
    }
    in.taken = 0;
    append_frame(out, *in.hub_channel, flow_code, std::move(fields));
  }
}

} // namespace causeway::emulator
