// SPDX-License-Identifier: Apache-2.0
// Sessions, links and deliveries: handles on what the engine's Proton connection owns.
#include "amqp/proton_bridge.h"
#include "base/check.h"

#include <proton/connection.h>
#include <proton/disposition.h>
#include <proton/link.h>
#include <proton/session.h>
#include <proton/terminus.h>

namespace causeway::amqp {

void* to_context(std::uintptr_t context) {
  return reinterpret_cast<void*>(context);
}

std::uintptr_t from_context(const void* context) {
  return reinterpret_cast<std::uintptr_t>(context);
}

condition read_condition(pn_condition_t* from) {
  condition out;
  if (from == nullptr || !pn_condition_is_set(from)) return out;
  if (const char* name = pn_condition_get_name(from)) out.name = name;
  if (const char* description = pn_condition_get_description(from)) out.description = description;
  return out;
}

void write_condition(pn_condition_t* to, const condition& from) {
  if (from.empty()) return;
  pn_condition_set_name(to, from.name.c_str());
  if (!from.description.empty()) pn_condition_set_description(to, from.description.c_str());
}

value read_data(pn_data_t* from) {
  if (from == nullptr || pn_data_size(from) == 0) return {};
  pn_data_rewind(from);
  const ssize_t size = pn_data_encoded_size(from);
  if (size <= 0) return {};
  std::string bytes(static_cast<std::size_t>(size), '\0');
  const ssize_t written = pn_data_encode(from, bytes.data(), bytes.size());
  if (written <= 0) return {};
  std::string_view in = std::string_view{bytes}.substr(0, static_cast<std::size_t>(written));
  auto read = decode(in);
  return read ? std::move(*read) : value{};
}

// session

void session::open() {
  pn_session_open(native_);
}
void session::close(const condition& why) {
  write_condition(pn_session_condition(native_), why);
  pn_session_close(native_);
}
void session::free() {
  pn_session_set_context(native_, to_context(freed_context));
  pn_session_free(native_);
  native_ = nullptr;
}
condition session::remote_condition() const {
  return read_condition(pn_session_remote_condition(native_));
}
bool session::remote_begun() const {
  return (pn_session_state(native_) & PN_REMOTE_UNINIT) == 0;
}
bool session::remote_open() const {
  return (pn_session_state(native_) & PN_REMOTE_ACTIVE) != 0;
}
void session::set_context(std::uintptr_t context) {
  pn_session_set_context(native_, to_context(context));
}
std::uintptr_t session::context() const {
  return from_context(pn_session_get_context(native_));
}
link session::sender(const std::string& name) {
  return link{pn_sender(native_, name.c_str())};
}
link session::receiver(const std::string& name) {
  return link{pn_receiver(native_, name.c_str())};
}

// link

namespace {

std::string address_of(pn_terminus_t* terminus) {
  const char* address = pn_terminus_get_address(terminus);
  return address == nullptr ? std::string{} : std::string{address};
}

void write_data(pn_data_t* to, const value& from) {
  pn_data_clear(to);
  if (from.is_null()) return;
  std::string bytes;
  encode(bytes, from);
  pn_data_decode(to, bytes.data(), bytes.size());
}

// The terminus that the peer provides: what we send to, or receive from.
pn_terminus_t* remote_counterpart(pn_link_t* native) {
  return pn_link_is_sender(native) ? pn_link_remote_target(native) : pn_link_remote_source(native);
}

} // namespace

void link::set_source(const std::string& address) {
  pn_terminus_set_address(pn_link_source(native_), address.c_str());
}
void link::set_target(const std::string& address) {
  pn_terminus_set_address(pn_link_target(native_), address.c_str());
}
void link::set_settle_modes(settle_mode snd, receive_mode rcv) {
  pn_link_set_snd_settle_mode(native_, static_cast<pn_snd_settle_mode_t>(snd));
  pn_link_set_rcv_settle_mode(native_, static_cast<pn_rcv_settle_mode_t>(rcv));
}
void link::set_source_filter(const value& symbol_map) {
  write_data(pn_terminus_filter(pn_link_source(native_)), symbol_map);
}
void link::set_properties(const value& symbol_map) {
  write_data(pn_link_properties(native_), symbol_map);
}
void link::set_max_message_size(std::uint64_t bytes) {
  pn_link_set_max_message_size(native_, bytes);
}
void link::copy_remote() {
  pn_terminus_copy(pn_link_source(native_), pn_link_remote_source(native_));
  pn_terminus_copy(pn_link_target(native_), pn_link_remote_target(native_));
  pn_link_set_snd_settle_mode(native_, pn_link_remote_snd_settle_mode(native_));
  pn_link_set_rcv_settle_mode(native_, pn_link_remote_rcv_settle_mode(native_));
  if (pn_data_t* properties = pn_link_remote_properties(native_)) {
    pn_data_rewind(properties);
    pn_data_copy(pn_link_properties(native_), properties);
  }
}
void link::open() {
  pn_link_open(native_);
}
void link::close(const condition& why) {
  write_condition(pn_link_condition(native_), why);
  pn_link_close(native_);
}
void link::refuse(const condition& why) {
  copy_remote();
  pn_terminus_set_type(is_sender() ? pn_link_source(native_) : pn_link_target(native_), PN_UNSPECIFIED);
  open();
  close(why);
}
void link::free() {
  pn_link_set_context(native_, to_context(freed_context));
  pn_link_free(native_);
  native_ = nullptr;
}
void link::set_context(std::uintptr_t context) {
  pn_link_set_context(native_, to_context(context));
}
std::uintptr_t link::context() const {
  return from_context(pn_link_get_context(native_));
}
std::string link::name() const {
  return pn_link_name(native_);
}
amqp::session link::session() const {
  return amqp::session{pn_link_session(native_)};
}
bool link::is_sender() const {
  return pn_link_is_sender(native_);
}
bool link::remote_open() const {
  return (pn_link_state(native_) & PN_REMOTE_ACTIVE) != 0;
}
std::string link::remote_source() const {
  return address_of(pn_link_remote_source(native_));
}
std::string link::remote_target() const {
  return address_of(pn_link_remote_target(native_));
}
value link::remote_source_filter() const {
  return read_data(pn_terminus_filter(pn_link_remote_source(native_)));
}
bool link::remote_terminus_null() const {
  return pn_terminus_get_type(remote_counterpart(native_)) == PN_UNSPECIFIED;
}
value link::remote_properties() const {
  return read_data(pn_link_remote_properties(native_));
}
settle_mode link::remote_settle_mode() const {
  return static_cast<settle_mode>(pn_link_remote_snd_settle_mode(native_));
}
receive_mode link::remote_receive_mode() const {
  return static_cast<receive_mode>(pn_link_remote_rcv_settle_mode(native_));
}
std::uint64_t link::remote_max_message_size() const {
  return pn_link_remote_max_message_size(native_);
}
condition link::remote_condition() const {
  return read_condition(pn_link_remote_condition(native_));
}
int link::credit() const {
  return pn_link_credit(native_);
}

delivery link::send(std::string_view tag, std::string_view encoded, bool settled) {
  CAUSEWAY_CHECK(pn_link_is_sender(native_) && pn_link_credit(native_) > 0);
  pn_delivery_t* sent = pn_delivery(native_, pn_dtag(tag.data(), tag.size()));
  pn_link_send(native_, encoded.data(), encoded.size());
  pn_link_advance(native_);
  if (!settled) return delivery{sent};
  pn_delivery_settle(sent);
  return {};
}

void link::give_back_drained() {
  if (pn_link_get_drain(native_)) pn_link_drained(native_);
}

void link::add_credit(int count) {
  pn_link_flow(native_, count);
}

void link::drain() {
  pn_link_drain(native_, 0);
}

// delivery

std::string delivery::tag() const {
  if (native_ == nullptr) return {};
  const pn_delivery_tag_t tag = pn_delivery_tag(native_);
  return {tag.start, tag.size};
}
bool delivery::remotely_settled() const {
  return native_ == nullptr || pn_delivery_settled(native_);
}

outcome delivery::remote_outcome() const {
  outcome out;
  if (native_ == nullptr) return out;
  switch (pn_delivery_remote_state(native_)) {
  case PN_ACCEPTED:
    out.kind = outcome_kind::accepted;
    break;
  case PN_REJECTED:
    out.kind = outcome_kind::rejected;
    out.reason = read_condition(pn_disposition_condition(pn_delivery_remote(native_)));
    break;
  case PN_RELEASED:
    out.kind = outcome_kind::released;
    break;
  case PN_MODIFIED:
    out.kind = outcome_kind::modified;
    break;
  case PN_RECEIVED:
    out.kind = outcome_kind::received;
    break;
  default:
    break;
  }
  return out;
}

void delivery::settle(const outcome& with) {
  if (native_ == nullptr) return;
  switch (with.kind) {
  case outcome_kind::accepted:
    pn_delivery_update(native_, PN_ACCEPTED);
    break;
  case outcome_kind::rejected:
    write_condition(pn_disposition_condition(pn_delivery_local(native_)), with.reason);
    pn_delivery_update(native_, PN_REJECTED);
    break;
  case outcome_kind::released:
    pn_delivery_update(native_, PN_RELEASED);
    break;
  case outcome_kind::modified:
    pn_delivery_update(native_, PN_MODIFIED);
    break;
  case outcome_kind::none:
  case outcome_kind::received:
    break;
  }
  pn_delivery_settle(native_);
  native_ = nullptr;
}

void delivery::settle() {
  if (native_ == nullptr) return;
  const std::uint64_t state = pn_delivery_remote_state(native_);
  if (!pn_delivery_settled(native_) && state != 0 && pn_delivery_local_state(native_) == 0) {
    if (state == PN_REJECTED)
      pn_condition_copy(pn_disposition_condition(pn_delivery_local(native_)),
                        pn_disposition_condition(pn_delivery_remote(native_)));
    pn_delivery_update(native_, state);
  }
  pn_delivery_settle(native_);
  native_ = nullptr;
}

void delivery::set_context(std::uintptr_t context) {
  if (native_ != nullptr) pn_delivery_set_context(native_, to_context(context));
}
std::uintptr_t delivery::context() const {
  return native_ == nullptr ? 0 : from_context(pn_delivery_get_context(native_));
}

} // namespace causeway::amqp
