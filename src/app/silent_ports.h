// SPDX-License-Identifier: Apache-2.0
// Ports of a bridge that only looks, or only provisions: nothing is attached, formatted or answered. Loop's
// thread only.
#pragma once

#include "core/ports.h"

namespace causeway::app {

struct silent_hub final : core::hub_link {
  void attach(device_ref, const core::assignment&, const core::connect_wish&) override {}
  void detach(device_ref) override {}
  void hurry(device_ref) override {}
  void send(device_ref, spool_seq, const core::message&) override {}
};

struct silent_formatter final : core::formatter {
  void format(core::ticket, const core::uplink&, moment) override {}
};

struct silent_answers final : core::answers {
  void on_answer(core::ticket, core::answer) override {}
};

// A disk that takes nothing: for looking.
struct silent_store : core::spool, core::device_store {
  result<void> append(core::append_request) override { return error{errc::store_closed}; }
  void mark_done(spool_seq) override {}
  void dead_letter(spool_seq, const error&) override {}
  void read_back(std::vector<spool_seq>) override {}
  void save_device(const core::device_record&) override {}
  void save_assignment(device_ref, const core::assignment&) override {}
  void forget_assignment(device_ref) override {}
  void forget_device(device_ref, const core::device_key&) override {}
};

// Says what an assignment would be known by, and finds nothing.
class silent_provisioner final : public core::provisioner {
public:
  // as must live as long.
  explicit silent_provisioner(const core::provisioner& as) : as_{as} {}
  void find_hub(device_ref, const azure_name&, const identity&, const core::connect_wish&) override {}
  void call_off(device_ref) override {}
  void hurry(device_ref) override {}
  std::string fingerprint(const azure_name& section) const override { return as_.fingerprint(section); }

private:
  const core::provisioner& as_;
};

} // namespace causeway::app
