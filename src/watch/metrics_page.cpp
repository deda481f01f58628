// SPDX-License-Identifier: Apache-2.0
#include "watch/metrics_page.h"

#include "watch/figure_walk.h"

#include <array>
#include <span>

namespace causeway::watch {
namespace {

// One family a row that has a metric.
class families {
public:
  explicit families(exposition& to) : to_{to} {}

  template <class Of>
  void one(model::figure_table<Of> table, const Of& of) {
    for (const auto& row : table)
      if (begin(row)) add(row, of, "", "");
  }
  template <class Of, class Several>
  void each(const char* label, model::figure_table<Of> table, const Several& several) {
    for (const auto& row : table)
      if (begin(row))
        for (const auto& entry : several)
          add(row, struct_of(entry), label, name_of(entry));
  }

private:
  template <class Of>
  bool begin(const model::figure<Of>& row) {
    if (*row.metric == '\0') return false;
    to_.begin(row.metric, row.kind, row.help);
    return true;
  }
  template <class Of>
  void add(const model::figure<Of>& row, const Of& of, std::string_view whose, std::string_view name) {
    row.from.read(of, [&](std::string_view label, const model::figure_value& value) {
      std::array<std::pair<std::string_view, std::string_view>, 2> labels;
      std::size_t used = 0;
      if (!whose.empty()) labels[used++] = {whose, name};
      if (*row.label != '\0') labels[used++] = {row.label, label};
      to_.sample({labels.data(), used}, value);
    });
  }

  exposition& to_;
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

void add_latencies(const snapshot& now, exposition& to) {
  to.begin_histogram(latency_name, latency_help);
  to.histogram({}, model::latency_bounds_ms, now.shard.latency, now.shard.latency_ms_sum);
  to.begin_histogram(command_name, command_help);
  for (std::size_t i = 0; i < now.commands.latency.size(); ++i) {
    const auto& one = now.commands.latency[i];
    const std::pair<std::string_view, std::string_view> step{command_label,
                                                             to_string(static_cast<model::command_leg>(i))};
    to.histogram({&step, 1}, model::command_bounds_ms, one.counts, one.ms_sum);
  }
}

std::string table_row(const char* name, const char* label, const char* help) {
  std::string row = "| `" + std::string{name} + "` | histogram | ";
  if (*label != '\0') row.append("`").append(label).append("`");
  return row + " | " + help + " |\n";
}

} // namespace

std::string render_metrics(const snapshot& now, exposition_format format) {
  exposition page{format};
  families all{page};
  walk_figures(now, all);
  add_latencies(now, page);
  return std::move(page).finish();
}

std::string describe_metrics_markdown() {
  table_rows rows;
  walk_figures(snapshot{}, rows);
  return "| Name | Type | Labels | Meaning |\n|---|---|---|---|\n" + rows.text +
         table_row(latency_name, "", latency_help) + table_row(command_name, command_label, command_help);
}

} // namespace causeway::watch
