// SPDX-License-Identifier: Apache-2.0
// Pushes to The Things Stack's REST route, and the two reads that tell what became of one. A push is one
// request, leaves once and is never taken back; its connection is final (net::http_client_options). Whose
// turn it is, and how many are under way, is the caller's to say. Implements model::downlinks. Loop's thread
// only.
#pragma once

#include "base/backoff.h"
#include "base/service_clocks.h"
#include "model/downlinks.h"
#include "model/stack_totals.h"
#include "net/http_client.h"
#include "net/task_group.h"
#include "stack/stack_call.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace causeway::stack {

struct downlink_options {
  std::string base_url;        // "https://host[:port]", without a slash at the end
  std::string ca_file;         // empty: the system's
  std::size_t most_pushes = 8; // connections of pushes; the reads have as many again
  // A device whose queue is locked answers after 10 s, one behind several abandoned pushes a little later.
  std::chrono::milliseconds push_time_out{40'000};
  std::chrono::milliseconds read_time_out{10'000};
  std::size_t max_answer = 4 * 1024 * 1024;
  service_clocks* clocks = nullptr; // hear of each answer's Date
  backoff_policy later{milliseconds{1'000}, milliseconds{60'000}, 2.0,
                       0.25}; // after a 429 that does not say how long to wait
};

using model::downlink_totals;

class downlinks final : public model::downlinks {
public:
  // core must live as long. The keys of the applications need RIGHT_APPLICATION_TRAFFIC_DOWN_WRITE, for the
  // reads TRAFFIC_READ and DEVICES_READ as well. random: uniform in [0, 1).
  downlinks(net::loop& on, net::task_group& tasks, model::downlink_answers& core, downlink_options options,
            std::vector<stack_application> applications, std::function<double()> random);
  ~downlinks() override;

  // Of an application without a key: refused, with the catalogue's registry_unauthorized for its name.
  void push(const model::command_id& which, const model::device_key& to,
            const model::downlink& what) override;
  void empty_queue(const model::command_id& which, const model::device_key& of) override;
  void read_queue(const model::command_id& which, const model::device_key& of) override;
  void read_record(const model::command_id& which, const model::device_key& of) override;

  // Pushes that have left, or may yet: a stop waits for them, because the end of tasks would abandon them.
  std::size_t under_way() const { return under_way_; }
  const std::map<application_id, downlink_totals>& totals() const { return totals_; }

private:
  struct application;
  struct errand;

  application* find(const application_id& id) const;
  void send(const model::command_id& which, const model::device_key& to, model::queue_operation operation,
            std::string body);
  void read(const model::command_id& which, const model::device_key& of, std::string path,
            net::task<> (downlinks::*by)(std::shared_ptr<errand>));
  net::http_call make_call(const errand& what) const;
  net::task<> push_one(std::shared_ptr<errand> what);
  net::task<> look_at_queue(std::shared_ptr<errand> what);
  net::task<> look_at_record(std::shared_ptr<errand> what);
  static model::read_end end_of_read(const errand& what, const net::http_answer& answer);
  // Nothing: the tasks are being stopped.
  net::task<std::optional<net::http_answer>> look(std::shared_ptr<errand> what);
  void note(errand& what, const net::http_answer& answer);
  model::push_outcome outcome_of(const errand& what, const result<net::http_answer>& answered);

  net::loop& loop_;
  net::task_group& tasks_;
  model::downlink_answers& core_;
  downlink_options options_;
  std::function<double()> random_;
  net::http_client pushing_, reading_;
  std::map<application_id, std::unique_ptr<application>> applications_;
  std::map<application_id, downlink_totals> totals_;
  std::size_t under_way_ = 0;
};

} // namespace causeway::stack
