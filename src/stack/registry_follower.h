// SPDX-License-Identifier: Apache-2.0
// What changes in The Things Stack's registry after it was listed (things-stack-wire.md E.5, E.7): asked for
// every so often, by the time of the last change, a minute back, because the stack sets those before it
// commits them; at once where the event stream hints at it. Of all that is asked for here, no more than a
// tenth of what the stack takes in a minute. Before 3.32 a stack cannot be asked what has changed: there the
// hints remain, and a list each hour. A deletion is only a suspicion: the core asks for the device itself.
// Loop's thread only.
#pragma once

#include "base/backoff.h"
#include "model/registry.h"
#include "net/http_client.h"
#include "net/task_group.h"
#include "net/wake_up.h"
#include "stack/registry_client.h"
#include "stack/stack_call.h"
#include "tts/registry_event.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace causeway::stack {

struct follower_options {
  std::string base_url; // as registry_options
  std::string ca_file;
  std::chrono::nanoseconds poll = seconds{60};
  std::chrono::nanoseconds soon = milliseconds{300}; // between a hint and the look: more may come
  std::chrono::nanoseconds relist = seconds{3'600};  // of a stack that cannot be asked what has changed
  std::size_t page_size = 1'000;                     // registry_options'
  std::uint64_t most_pages = 1'016;                  // of one poll: more do not end
  std::size_t few = 10;           // devices hinted at that are read one by one; of more: what has changed
  std::size_t most_hints = 1'000; // of an application, to be looked at
  std::size_t most_streams = 256; // of further applications no events are heard
  milliseconds stream_time_out{3'600'000}; // then it is opened anew
  backoff_policy reconnect{milliseconds{1'000}, milliseconds{60'000}, 2.0, 0.25};
  backoff_policy refused{milliseconds{60'000}, milliseconds{3'600'000}, 2.0, 0.25}; // an operator must act
};

class registry_follower {
public:
  // core and client must live as long; client's watch is taken. random: uniform in [0, 1).
  registry_follower(net::loop& on, net::task_group& tasks, model::registry_events& core,
                    registry_client& client, follower_options options,
                    std::vector<stack_application> applications, std::function<double()> random);
  ~registry_follower();
  // Each application from its first whole listing on.
  void start();

private:
  struct application;
  struct stream;

  void on_listed(const application_id& id, wall_time as_of);
  net::task<> follow(application* of);
  net::task<> look_at_hints(application* of);
  net::task<result<void>> poll(application* of);
  net::task<> read(application* of, device_id device);
  net::task<> hear(application* of);
  net::task<result<void>> hear_once(application* of);
  void hint(application& of, tts::registry_event event);
  void schedule(application& of, mono_time begun, std::uint64_t pages) const;
  // Between two requests of this kind, for a tenth of what the stack takes.
  std::chrono::nanoseconds pace(const application_id& id, registry_client::method of) const;

  net::loop& loop_;
  net::task_group& tasks_;
  model::registry_events& core_;
  registry_client& client_;
  follower_options options_;
  std::function<double()> random_;
  net::http_client streams_;
  std::vector<std::unique_ptr<application>> applications_;
};

} // namespace causeway::stack
