// SPDX-License-Identifier: Apache-2.0
#include "watch/metrics_page.h"

#include "watch/figure_walk.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <vector>

namespace causeway::watch {
namespace {

double number(const model::figure_value& value) {
  return std::visit(
      [](const auto& of) -> double {
        using kind = std::decay_t<decltype(of)>;
        if constexpr (std::is_same_v<kind, wall_time>)
          return std::chrono::duration<double>(of.time_since_epoch()).count();
        else if constexpr (std::is_arithmetic_v<kind>)
          return static_cast<double>(of);
        else
          return 0; // nothing; a fault is shown by the status only
      },
      value);
}

// One family a row that has a metric.
class families {
public:
  std::vector<prometheus::MetricFamily> all;

  template <class Of>
  void one(model::figure_table<Of> table, const Of& of) {
    for (const auto& row : table)
      if (auto* target = begin(row)) add(*target, row, of, nullptr, {});
  }
  template <class Of, class Several>
  void each(const char* label, model::figure_table<Of> table, const Several& several) {
    for (const auto& row : table)
      if (auto* target = begin(row))
        for (const auto& entry : several)
          add(*target, row, struct_of(entry), label, name_of(entry));
  }

private:
  template <class Of>
  prometheus::MetricFamily* begin(const model::figure<Of>& row) {
    if (*row.metric == '\0') return nullptr;
    prometheus::MetricFamily made;
    made.name = row.metric;
    made.help = row.help;
    made.type = row.kind == model::figure_kind::counter ? prometheus::MetricType::Counter
                                                        : prometheus::MetricType::Gauge;
    return &all.emplace_back(std::move(made));
  }
  template <class Of>
  static void add(prometheus::MetricFamily& target, const model::figure<Of>& row, const Of& of,
                  const char* whose, const std::string& name) {
    row.from.read(of, [&](std::string_view label, const model::figure_value& value) {
      prometheus::ClientMetric metric;
      if (whose != nullptr) metric.label.push_back({whose, name});
      if (*row.label != '\0') metric.label.push_back({row.label, std::string{label}});
      (row.kind == model::figure_kind::counter ? metric.counter.value : metric.gauge.value) = number(value);
      target.metric.push_back(std::move(metric));
    });
  }
};

// The rows of docs/metrics.md.
class table_rows {
public:
  std::string text;

  template <class Of>
  void one(model::figure_table<Of> table, const Of&) {
    write("", table);
  }
  template <class Of, class Several>
  void each(const char* label, model::figure_table<Of> table, const Several&) {
    write(label, table);
  }

private:
  template <class Of>
  void write(const std::string& whose, model::figure_table<Of> table) {
    for (const auto& row : table) {
      if (*row.metric == '\0') continue;
      auto labels = whose;
      if (*row.label != '\0') labels.append(labels.empty() ? "" : ", ").append(row.label);
      text.append("| `").append(row.metric).append("` | ");
      text.append(row.kind == model::figure_kind::counter ? "counter" : "gauge").append(" | ");
      text.append(labels.empty() ? "" : "`" + labels + "`").append(" | ").append(row.help).append(" |\n");
    }
  }
};

constexpr const char* latency_name = "causeway_delivery_latency_seconds";
constexpr const char* latency_help = "From the acceptance of an event to the hub's accept";

prometheus::MetricFamily latency_family(const model::shard_totals& totals) {
  prometheus::ClientMetric metric;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < totals.latency.size(); ++i) {
    below += totals.latency[i];
    const bool last = i == model::latency_bounds_ms.size();
    metric.histogram.bucket.push_back(
        {below, last ? std::numeric_limits<double>::infinity() : model::latency_bounds_ms[i] / 1000.0});
  }
  metric.histogram.sample_count = below;
  metric.histogram.sample_sum = static_cast<double>(totals.latency_ms_sum) / 1000.0;
  prometheus::MetricFamily out;
  out.name = latency_name;
  out.help = latency_help;
  out.type = prometheus::MetricType::Histogram;
  out.metric.push_back(std::move(metric));
  return out;
}

} // namespace

std::string render_metrics(const snapshot& now) {
  families page;
  walk_figures(now, page);
  page.all.push_back(latency_family(now.shard));
  return prometheus::TextSerializer{}.Serialize(page.all);
}

std::string describe_metrics_markdown() {
  table_rows rows;
  walk_figures(snapshot{}, rows);
  return "| Name | Type | Labels | Meaning |\n|---|---|---|---|\n" + rows.text + "| `" + latency_name +
         "` | histogram |  | " + latency_help + " |\n";
}

} // namespace causeway::watch
