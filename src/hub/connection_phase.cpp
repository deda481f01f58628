// SPDX-License-Identifier: Apache-2.0
#include "hub/connection_phase.h"

#include "base/earliest.h"

namespace causeway::hub {
namespace {

constexpr std::size_t header_size = 8;

} // namespace

connection_phase::connection_phase(const connection_options& options, mono_time now)
    : options_{options},
      started_{now},
      due_{now + options.open_time_out},
      header_due_{now + options.header_time_out} {}

result<void> connection_phase::on_bytes(std::string_view bytes) {
  head_.append(bytes.substr(0, header_size - head_.size()));
  if (head_.size() == header_size) header_due_.reset();
  constexpr std::string_view amqp = "AMQP";
  if (!has_peer_open() && is_opening() && !amqp.starts_with(head_.substr(0, amqp.size())))
    return error{errc::hub_speaks_no_amqp, "it answers AMQP's header with something else"};
  return {};
}

bool connection_phase::on_peer_open(mono_time now) {
  if (!is_opening() || has_peer_open()) return false;
  peer_opened_ = now;
  return true;
}

void connection_phase::on_complete() {
  at_ = phase::open;
  due_.reset();
}

void connection_phase::on_closing(mono_time now) {
  at_ = phase::closing;
  due_ = now + options_.answer_time_out;
}

result<void> connection_phase::tick(mono_time now) const {
  if (header_due_ && *header_due_ <= now && is_opening())
    return error{errc::hub_speaks_no_amqp, "no answer to AMQP's header within " +
                                               std::to_string(options_.header_time_out.count()) +
                                               " s of the TLS handshake"};
  if (!due_ || *due_ > now) return {};
  if (is_closing()) return error{errc::stopped};
  return error{errc::hub_answer_missing, has_peer_open() ? "$cbs" : "OPEN"};
}

std::optional<mono_time> connection_phase::deadline() const {
  return earliest({due_, header_due_});
}

std::string_view connection_phase::waiting_for(bool has_cbs) const {
  if (!is_opening()) return {};
  if (head_.size() < header_size) return "answer to AMQP's header";
  if (!has_peer_open()) return "OPEN";
  return has_cbs ? "" : "$cbs links";
}

} // namespace causeway::hub
