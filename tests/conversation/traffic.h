// SPDX-License-Identifier: Apache-2.0
// What a world of one gateway and one of several have in common: the emulated hub with its devices, The
// Things Stack that posts uplinks and keeps their answers, and what a core has beside disk and hub link.
#pragma once

#include "cloud/azure_section.h"
#include "core/shard.h"
#include "emulator/hub/hub_service.h"
#include "model/command_translator.h"
#include "model/downlinks.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace causeway::conversation {

identity name_of(std::size_t device);
model::device_key key_of(std::size_t device);
std::vector<core::application_rules> plant_rules();
azure::hub_address plant_hub();

// What gateways are configured to sign with: a string of each device, or one of the policy. One device may
// have the wrong one.
class plant_keys {
public:
  explicit plant_keys(std::size_t devices);
  const std::vector<cloud::azure_section>& sections(hub::auth mode) const {
    return mode == hub::auth::policy ? by_policy_ : by_device_;
  }
  void give_wrong_key(const identity& name);
  void give_right_key(const identity& name);

private:
  std::vector<cloud::azure_section> by_device_, by_policy_;
};

// The clock, and the hub with all that it goes by.
struct plant {
  explicit plant(std::size_t devices, emulator::hub_options options = {});

  manual_clock clock;
  emulator::identity_registry registry;
  emulator::arrivals arrivals;
  emulator::fault_table faults;
  emulator::hub_service hub;
  plant_keys keys;
};

// The same numbers in each run.
class dice {
public:
  double roll(); // in [0, 1)

private:
  std::uint32_t last_ = 1;
};

// What one core has beside disk and hub: a DPS that answers with the next step, no registry, and the flat
// format.
class surroundings final : public model::provisioner, public model::registry, public model::formatter {
public:
  explicit surroundings(const manual_clock& clock) : clock_{clock} {}
  void answer_to(core::shard* core) { core_ = core; }

  // So long a format takes, as a transform; zero: it answers from inside the call.
  milliseconds format_time{0};
  // Of each event.
  int messages = 1;

  bool step();
  std::optional<mono_time> deadline() const;

private:
  void find_hub(device_ref device, const azure_name& section, const identity& wanted,
                const model::connect_wish& wish) override;
  void call_off(device_ref) override {}
  void hurry(device_ref) override {}
  void look_up(device_ref, const model::device_key&) override {} // no application follows a registry here
  std::string fingerprint(const azure_name&) const override { return {}; }
  void format(model::ticket which, const model::event& event, moment now) override;

  struct formatted {
    mono_time due;
    model::ticket which{};
    result<std::vector<model::message>> messages;
  };

  const manual_clock& clock_;
  core::shard* core_ = nullptr;
  std::deque<std::pair<device_ref, model::assignment>> assignments_; // to be answered
  std::deque<formatted> formats_;                                    // likewise
};

// Where nobody sends commands.
class no_commands final : public model::downlinks, public model::command_translator {
  void push(const model::command_id&, const model::device_key&, const model::downlink&) override { breach(); }
  void empty_queue(const model::command_id&, const model::device_key&) override { breach(); }
  void read_queue(const model::command_id&, const model::device_key&) override { breach(); }
  void read_record(const model::command_id&, const model::device_key&) override { breach(); }
  result<model::downlink> read_c2d(const application_id&, const model::c2d_message&) const override {
    return breach();
  }
  result<model::downlink_call> read_method(const application_id&, const model::method_call&) const override {
    return breach();
  }
  std::optional<model::message> write_report(const model::downlink_report&) const override { return {}; }
  std::string write_answer(const model::command_id&, model::command_state) const override { return {}; }
  std::string write_refusal(const error&) const override { return {}; }
  result<model::twin_reading> read_twin(const application_id&, const std::string&) const override {
    return breach();
  }
  result<model::desired_change> read_change(const application_id&, const std::string&) const override {
    return breach();
  }
  model::twin_report write_twin_answer(const std::string&, const std::string&,
                                       const std::optional<model::twin_answer>&) const override {
    return {};
  }
  std::string read_twin_state(const model::event&) const override { return {}; }
  std::string write_twin_state(const std::string&, const std::string&) const override { return {}; }

  static error breach(); // fails the test
};

// Of a device's uplinks. promised: one that was answered `stored` before the other one was posted comes
// before it; what hangs in a process that stands still is neither stored nor refused, and may come later.
enum class order : std::uint8_t { as_posted, promised };

// The Things Stack's side: what it has posted, and what it was answered.
class webhooks final : public model::answers {
public:
  // may_refuse: an uplink may be answered `unavailable`.
  webhooks(const manual_clock& clock, std::size_t devices, bool may_refuse);

  std::size_t devices() const { return sources_.size(); }
  // The device's next uplink.
  void post(std::size_t device, core::shard& to);
  // The device's last uplink once more, word for word, whatever became of it; its answer is in last_answer.
  void post_again(std::size_t device, core::shard& to);
  // Its last that was answered `stored`; what it is answered at once. Precondition: it has one.
  model::answer repeat_last_stored(std::size_t device, core::shard& to);
  bool has_stored(std::size_t device) const { return !sources_[device].stored.empty(); }
  const std::optional<model::answer>& last_answer() const { return last_answer_; }
  // That gateway is dead, and its HTTP connections with it.
  void break_off(const core::shard& at);

  std::size_t posted() const { return posted_; }
  // Answered `stored`.
  std::size_t stored() const { return stored_; }
  // Answered `unavailable`.
  std::size_t refused() const { return refused_; }
  std::size_t unanswered() const { return waiting_.size(); }
  // How many will never be answered.
  std::size_t broken_off() const { return broken_off_; }

  struct arrived {
    std::size_t distinct = 0, copies = 0;
    std::set<std::size_t> from; // devices
  };
  // By the arrivals: every uplink that was answered `stored` has arrived, each device's in order, copies
  // under the id of the first.
  arrived expect_arrived(const emulator::arrivals& witness, order in = order::as_posted) const;

private:
  struct source {
    std::uint64_t last_marker = 0;
    std::string last_posted; // the event's text
    std::vector<std::uint64_t> stored;
    std::string last_stored;
    // When, by the count of both; by marker.
    std::map<std::uint64_t, std::uint64_t> posted_at, stored_at;
  };
  struct posted_event {
    std::size_t device = 0;
    std::uint64_t marker = 0;
    std::string text;
    const core::shard* at = nullptr;
  };

  std::string text_of(std::size_t device, std::uint64_t marker) const;
  void hand_in(model::ticket which, const std::string& text, std::size_t device, core::shard& to);
  void on_answer(model::ticket which, model::answer what) override;

  const manual_clock& clock_;
  bool may_refuse_;
  std::vector<source> sources_;
  std::map<model::ticket, posted_event> waiting_; // without an answer
  std::optional<model::answer> last_answer_;
  std::uint64_t last_ticket_ = 0, happened_ = 0;
  std::size_t posted_ = 0, stored_ = 0, refused_ = 0, broken_off_ = 0;
};

// Lets this much time pass: step does what can be done now, false when there was nothing; deadline says when
// it is worth calling again.
void run_world_for(manual_clock& clock, milliseconds time, const std::function<bool()>& step,
                   const std::function<std::optional<mono_time>()>& deadline);
// Runs it in pieces until it is not busy any more, at the longest this long. False: it still is.
bool run_world_until_idle(const manual_clock& clock, milliseconds longest, milliseconds piece,
                          const std::function<void(milliseconds)>& run_for,
                          const std::function<bool()>& busy);

} // namespace causeway::conversation
