// SPDX-License-Identifier: Apache-2.0
#include "watch/metrics_page.h"

#include "watch/figure_walk.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <span>
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

constexpr const char* command_name = "causeway_command_latency_seconds";
constexpr const char* command_help = "From the coming of a hub's message, or call, to each step of its "
                                     "command; of those that came since the start";
constexpr const char* command_label = "step";

// counts: one more than there are bounds, for what is above all.
prometheus::ClientMetric histogram(std::span<const std::uint32_t> bounds_ms,
                                   std::span<const std::uint64_t> counts, std::uint64_t ms_sum) {
  prometheus::ClientMetric metric;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    const bool last = i == bounds_ms.size();
    metric.histogram.bucket.push_back(
        {below, last ? std::numeric_limits<double>::infinity() : bounds_ms[i] / 1000.0});
  }
  metric.histogram.sample_count = below;
  metric.histogram.sample_sum = static_cast<double>(ms_sum) / 1000.0;
  return metric;
}

prometheus::MetricFamily family(const char* name, const char* help) {
  prometheus::MetricFamily made;
  made.name = name;
  made.help = help;
  made.type = prometheus::MetricType::Histogram;
  return made;
}

prometheus::MetricFamily latency_family(const model::shard_totals& totals) {
  auto made = family(latency_name, latency_help);
  made.metric.push_back(histogram(model::latency_bounds_ms, totals.latency, totals.latency_ms_sum));
  return made;
}

prometheus::MetricFamily command_family(const model::command_totals& totals) {
  auto made = family(command_name, command_help);
  for (std::size_t i = 0; i < totals.latency.size(); ++i) {
    const auto& one = totals.latency[i];
    auto metric = histogram(model::command_bounds_ms, one.counts, one.ms_sum);
    metric.label.push_back({command_label, std::string{to_string(static_cast<model::command_leg>(i))}});
    made.metric.push_back(std::move(metric));
  }
  return made;
}

std::string table_row(const char* name, const char* label, const char* help) {
  std::string row = "| `" + std::string{name} + "` | histogram | ";
  if (*label != '\0') row.append("`").append(label).append("`");
  return row + " | " + help + " |\n";
}

} // namespace

std::string render_metrics(const snapshot& now) {
  families page;
  walk_figures(now, page);
  page.all.push_back(latency_family(now.shard));
  page.all.push_back(command_family(now.commands));
  return prometheus::TextSerializer{}.Serialize(page.all);
}

std::string describe_metrics_markdown() {
  table_rows rows;
  walk_figures(snapshot{}, rows);
  return "| Name | Type | Labels | Meaning |\n|---|---|---|---|\n" + rows.text +
         table_row(latency_name, "", latency_help) + table_row(command_name, command_label, command_help);
}

} // namespace causeway::watch
