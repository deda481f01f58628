// SPDX-License-Identifier: Apache-2.0
// Prints the page of docs/ that its argument names, from what the code says. `--list` prints the names.
#include "base/error.h"
#include "config/key_table.h"
#include "watch/metrics_page.h"

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

namespace {

using causeway::error_class;

constexpr std::string_view note = "<!-- Made from the code by script/docs; edits here are lost. -->\n";

struct class_row {
  error_class cls;
  std::string_view answer;
};
constexpr auto classes = std::to_array<class_row>({
    {error_class::transient, "back off and try again"},
    {error_class::throttled, "try again when the peer said, or slower"},
    {error_class::permanent, "park the device, dead-letter the message, or refuse the request"},
    {error_class::peer, "drop the connection"},
    {error_class::config, "the operator must act"},
});

std::string errors_page() {
  std::string page{"# Errors\n\n"};
  page.append(note).append(
      "\n"
      "Causeway names every fault from one closed catalogue (`src/base/errors.def`). The name is the same in "
      "log lines\n"
      "(`error=`), in metric labels and here. The class says what Causeway does about it.\n\n"
      "| Class | What Causeway does |\n|---|---|\n");
  for (const auto& row : classes)
    page.append("| ").append(to_string(row.cls)).append(" | ").append(row.answer).append(" |\n");
  page.append("\n| Name | Class | What it says |\n|---|---|---|\n");
  for (const auto& entry : causeway::error_catalogue())
    page.append("| `")
        .append(entry.name)
        .append("` | ")
        .append(to_string(entry.cls))
        .append(" | ")
        .append(entry.text)
        .append(" |\n");
  return page;
}

std::string metrics_page() {
  std::string page{"# Metrics\n\n"};
  page.append(note).append(
      "\n"
      "What `/metrics` of the `[admin]` listener exports, in Prometheus' text format or, for who asks for "
      "it, as "
      "OpenMetrics 1.0, which calls a counter's\n"
      "family what it is called here without `_total`. Names and labels are an interface: they do not change "
      "without a line in the changelog. Counters start at zero with the process.\n\n");
  return page.append(causeway::watch::describe_metrics_markdown());
}

std::string config_page() {
  return std::string{"# Configuration\n\n"}.append(note).append("\n").append(
      causeway::config::describe_keys_markdown());
}

struct page {
  std::string_view name;
  std::string (*make)();
};
constexpr auto pages = std::to_array<page>({
    {"config", config_page},
    {"errors", errors_page},
    {"metrics", metrics_page},
});

} // namespace

int main(int argc, char** argv) {
  const std::string_view wanted = argc == 2 ? argv[1] : "";
  for (const auto& entry : pages) {
    const auto text = wanted == "--list"     ? std::string{entry.name} + "\n"
                      : wanted == entry.name ? entry.make()
                                             : std::string{};
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (wanted == entry.name) return 0;
  }
  if (wanted == "--list") return 0;
  std::fputs("usage: docgen --list | PAGE\n", stderr);
  return 2;
}
