// SPDX-License-Identifier: Apache-2.0
// Families of metrics as text: Prometheus' 0.0.4, and OpenMetrics 1.0. Pure; any thread.
#pragma once

#include "model/figure.h"

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace causeway::watch {

enum class exposition_format : std::uint8_t { prometheus_text, open_metrics };

// What a scraper gets that sends this Accept: OpenMetrics where it names it, in a version that is written
// here and at least as gladly as plain text; otherwise Prometheus' text, which everybody reads.
exposition_format choose_format(std::string_view accept);
std::string_view content_type_of(exposition_format format);

class exposition {
public:
  using labels = std::span<const std::pair<std::string_view, std::string_view>>;

  explicit exposition(exposition_format format) : format_{format} {}

  // name: of a counter with `_total`. Samples of it follow until the next begin.
  void begin(std::string_view name, model::figure_kind kind, std::string_view help);
  void sample(labels of, const model::figure_value& value);
  // counts: of each bucket for itself, one more than there are bounds, for what is above all.
  void begin_histogram(std::string_view name, std::string_view help);
  void histogram(labels of, std::span<const std::uint32_t> bounds_ms, std::span<const std::uint64_t> counts,
                 std::uint64_t ms_sum);
  // The whole text; nothing may follow.
  std::string finish() &&;

private:
  void describe(std::string_view name, std::string_view type, std::string_view help);
  void line(std::string_view suffix, labels of, std::string_view bound, std::string_view value);

  exposition_format format_;
  std::string name_;
  std::string out_;
};

} // namespace causeway::watch
