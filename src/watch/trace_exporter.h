// SPDX-License-Identifier: Apache-2.0
// Hands the timeline's spans to a collector, a batch at a time, as they are noted. It never disturbs the
// gateway: it holds one batch, tries it again while the collector is away, and when the ring overtakes it,
// counts what it has lost. Loop's thread only.
#pragma once

#include "base/backoff.h"
#include "model/event.h"
#include "net/http_client.h"
#include "net/task_group.h"
#include "watch/exporter_totals.h"
#include "watch/trace_records.h"

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

namespace causeway::watch {

struct exporter_options {
  std::string name; // "otlp", for metrics and the log
  std::string url;
  trace_format format;
  std::string ca_file{}; // empty: the system's
  std::size_t batch = 2'000;
  milliseconds period{1'000};
  // While the collector cannot take them; its Retry-After is obeyed up to the longest of these.
  backoff_policy pauses{milliseconds{1'000}, milliseconds{300'000}, 2.0, 0.25};
  milliseconds time_out{30'000};
};

struct traced_device {
  model::device_key key;
  causeway::identity identity;
  hub_host hub;
};

class trace_exporter {
public:
  // spans must live as long. names: nothing for a device that is gone. random: uniform in [0, 1).
  trace_exporter(net::loop& on, net::task_group& tasks, exporter_options options,
                 const model::timeline& spans, std::function<std::optional<traced_device>(device_ref)> names,
                 std::function<double()> random);
  // Begins with the oldest span that is kept.
  void start();

  const std::string& name() const { return options_.name; }
  const exporter_totals& totals() const { return totals_; }

private:
  struct way { // of one device to its hub: one trace
    mono_time begin{};
    bool arrived = false;
  };
  struct batch {
    std::string body;
    std::size_t spans = 0;
  };

  net::task<> run();
  net::task<bool> collect(batch* into);
  net::task<bool> deliver(batch* what);
  // Nothing: it is settled. Else: how long to wait before it is tried again.
  std::optional<milliseconds> judge(const batch& what, const result<net::http_answer>& answer);
  milliseconds put_off(error why, std::optional<seconds> retry_after);
  span_record record_of(std::uint64_t number);
  mono_time way_of(const model::span& one, device_ref device);
  mono_time command_of(const model::span& one, device_ref device);

  net::loop& loop_;
  net::task_group& tasks_;
  exporter_options options_;
  const model::timeline& spans_;
  std::function<std::optional<traced_device>(device_ref)> names_;
  std::function<double()> random_;
  net::http_client client_;
  std::uint64_t next_ = 0;
  std::unordered_map<device_ref, way> ways_;
  std::unordered_map<device_ref, mono_time> commands_; // when the last one came: a trace each
  backoff pauses_;
  exporter_totals totals_;
};

} // namespace causeway::watch
