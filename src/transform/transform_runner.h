// SPDX-License-Identifier: Apache-2.0
// Runs events through the jq programs of applications, each in a child process of its own
// (causeway-transform), so that a program that loops, grows or crashes costs nothing but its own events.
// Loop's thread only.
//
// Promise: the events of an application are answered in the order of run(). An event whose program ends the
// child by its appetite (time, memory) is answered transform_limit; one during which the child ends otherwise
// gets a second try, and is then answered transform_refused. The others with the child are sent again to the
// next one, which is started after a growing pause.
#pragma once

#include "base/backoff.h"
#include "base/frames.h"
#include "model/door.h"
#include "model/transform_totals.h"
#include "net/process.h"
#include "net/task_group.h"
#include "net/wake_up.h"

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

namespace causeway::transform {

struct transform_program {
  application_id application;
  std::string text; // jq
};

struct transform_options {
  std::string executable; // of causeway-transform
  // What one event may take by the clock, which ends a child that hangs; its own limit is of processor time.
  milliseconds patience{30'000};
  backoff_policy restart{milliseconds{100}, milliseconds{10'000}, 2.0, 0.25};
  // Events that wait or are with the child, an application. Further ones are refused: transform_busy.
  std::size_t max_waiting = 4'096;
  std::size_t max_waiting_bytes = 32 * 1024 * 1024;
};

using model::transform_totals;

class transform_runner {
public:
  // Never called from inside run(). Errors: transform_refused, with jq's words; transform_limit.
  using sink = std::function<void(model::ticket, result<std::vector<std::string>>)>;

  // random: uniform in [0, 1).
  transform_runner(net::loop& on, net::task_group& tasks, transform_options options,
                   std::vector<transform_program> programs, std::function<double()> random, sink answer);
  ~transform_runner();
  transform_runner(const transform_runner&) = delete;
  transform_runner& operator=(const transform_runner&) = delete;

  void start();
  // Precondition: the application has a program. event, a JSON text, must stay until the answer. Errors, at
  // once: transform_busy.
  result<void> run(const application_id& application, model::ticket which, std::string_view event);
  std::vector<std::pair<application_id, transform_totals>> totals() const;

private:
  struct line;
  net::task<> keep(line* self);
  net::task<> serve(line* self);
  net::task<> write(line* self);
  net::task<> watch();
  bool take(line& self, const frame& what);
  void answer(line& self, result<std::vector<std::string>> with);
  void child_ended(line& self, int status);

  net::loop& loop_;
  net::task_group& tasks_;
  transform_options options_;
  std::function<double()> random_;
  sink answer_;
  std::vector<std::unique_ptr<line>> lines_;
  std::unordered_map<application_id, line*> by_application_;
};

// Whether the program compiles, in a child process that has then ended. Errors: transform_invalid with jq's
// words; transform_missing when the child cannot be had.
net::task<result<void>> check_transform(net::loop* on, std::string executable, std::string program);

} // namespace causeway::transform
