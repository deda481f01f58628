// SPDX-License-Identifier: Apache-2.0
// Services in Azure that send commands, devices that speak, join and acknowledge, and a stack that answers
// worse than it must: beside the uplinks of crash. What becomes of it all is read from the emulator alone.
// Loop's thread only.
#pragma once

#include "causeway_bench/command_judge.h"
#include "causeway_bench/service_client.h"
#include "causeway_bench/uplink_rig.h"

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

namespace causeway::bench {

struct command_plan {
  std::uint32_t commands = 1'000; // a third each messages, methods and changes of twins
  seconds duration{300};
  std::uint32_t seed = 1;
  seconds patience{60}; // how long nothing may move until it is given up
  bool by_mqtt = false; // events, beside the webhook
};

class command_traffic {
public:
  // All must live until stop() has returned.
  command_traffic(net::loop& on, net::task_group& tasks, uplink_rig& rig, command_plan plan);
  command_traffic(const command_traffic&) = delete;
  command_traffic& operator=(const command_traffic&) = delete;

  // Makes the devices what they are: of class A or C, some that never acknowledge, some that join again and
  // again, want acks themselves, or do not speak before the end. Errors: the control API's.
  net::task<result<void>> prepare();
  // Begins to send, for the plan's time.
  void start();
  // A gateway is launched, or goes on; it is told to end, or stands still. In turns.
  void gateway_is_there() { evidence_.lives.push_back({on_.now().wall, wall_time::max()}); }
  void gateway_is_gone() { evidence_.lives.back().to = on_.now().wall; }
  // The stack does something wrong once: what, is drawn.
  net::task<result<void>> disturb();
  // Waits until all is told, or nothing has moved for the plan's patience; meanwhile every device speaks.
  // Once, with a gateway that stays. Errors: the control API's; hub_answer_missing when reports could not be
  // read in time.
  net::task<result<command_figures>> finish();
  // Nothing is sent any more; all of its tasks have ended. To be called before it goes.
  net::task<> stop();

private:
  struct device {
    std::string application, name;
    judged_device is;
    bool acknowledges = true, sleeps = false, rejoins = false, wants_acks = false;
    mono_time next_word{};
  };

  static net::task<> send_all(command_traffic* self);
  static net::task<> speak(command_traffic* self);
  static net::task<> read_reports(command_traffic* self);
  static net::task<> call(command_traffic* self, std::size_t which, std::string payload);
  net::task<result<void>> send_message(std::size_t which, std::string payload, bool replaces);
  net::task<result<void>> change_twin(std::size_t which, bool replaces);
  net::task<result<void>> read_twins();
  net::task<result<void>> read_more();
  net::task<result<void>> read_ends();
  net::task<result<void>> gather();
  net::task<result<std::string>> ask(std::string method, std::string path, std::string body);
  net::task<> say(device* who);
  void spawn(const char* name, net::task<> (*work)(command_traffic*));
  double draw() { return std::uniform_real_distribution<double>{0, 1}(random_); }
  std::size_t draw_device();

  net::loop& on_;
  net::task_group& tasks_;
  uplink_rig& rig_;
  command_plan plan_;
  std::mt19937 random_;
  std::optional<service_client> service_;
  std::vector<device> devices_;
  command_evidence evidence_;
  std::unordered_set<std::string> known_reports_;
  std::uint64_t last_read_ = 0, unreadable_ = 0;
  std::size_t running_ = 0; // tasks
  bool sending_ = false, awake_ = false, over_ = false;
  std::string fault_; // of a task
};

} // namespace causeway::bench
