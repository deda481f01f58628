// SPDX-License-Identifier: Apache-2.0
// Ports of a bridge that only looks, or only provisions: nothing is attached, formatted or answered. Loop's
// thread only.
#pragma once

#include "model/formatter.h"
#include "model/hub_link.h"
#include "model/journal.h"
#include "model/provisioner.h"

namespace causeway::app {

struct silent_hub final : model::hub_link {
  void attach(device_ref, const model::assignment&, const model::connect_wish&) override {}
  void detach(device_ref) override {}
  void hurry(device_ref) override {}
  void send(device_ref, spool_seq, const model::message&) override {}
};

struct silent_formatter final : model::formatter {
  void format(model::ticket, const model::event&, moment) override {}
};

struct silent_answers final : model::answers {
  void on_answer(model::ticket, model::answer) override {}
};

// A disk that takes nothing: for looking.
struct silent_store : model::spool, model::device_store {
  result<void> append(model::append_request) override { return error{errc::store_closed}; }
  void mark_done(spool_seq) override {}
  void dead_letter(spool_seq, const error&) override {}
  void read_back(std::vector<spool_seq>) override {}
  void save_device(const model::device_record&) override {}
  void save_assignment(device_ref, const model::assignment&) override {}
  void forget_assignment(device_ref) override {}
  void forget_device(device_ref, const model::device_key&) override {}
};

// Says what an assignment would be known by, and finds nothing.
class silent_provisioner final : public model::provisioner {
public:
  // as must live as long.
  explicit silent_provisioner(const model::provisioner& as) : as_{as} {}
  void find_hub(device_ref, const azure_name&, const identity&, const model::connect_wish&) override {}
  void call_off(device_ref) override {}
  void hurry(device_ref) override {}
  std::string fingerprint(const azure_name& section) const override { return as_.fingerprint(section); }

private:
  const model::provisioner& as_;
};

} // namespace causeway::app
