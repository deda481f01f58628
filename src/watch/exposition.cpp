// SPDX-License-Identifier: Apache-2.0
#include "watch/exposition.h"

#include "base/http_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace causeway::watch {
namespace {

std::string format_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
  if (whole) return std::to_string(static_cast<std::int64_t>(value));
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.begin(), text.end(), value).ptr;
  return {text.begin(), end};
}

std::string format_value(const model::figure_value& value) {
  return std::visit(
      [](const auto& of) -> std::string {
        using kind = std::decay_t<decltype(of)>;
        if constexpr (std::is_same_v<kind, wall_time>)
          return format_number(std::chrono::duration<double>(of.time_since_epoch()).count());
        else if constexpr (std::is_same_v<kind, double>)
          return format_number(of);
        else if constexpr (std::is_arithmetic_v<kind>)
          return std::to_string(static_cast<std::uint64_t>(of));
        else
          return "0"; // nothing; a fault is shown by the status only
      },
      value);
}

// OpenMetrics wants bounds to look like what they are, numbers with a fraction: 1.0.
std::string format_bound(std::uint32_t ms, exposition_format format) {
  auto text = format_number(ms / 1000.0);
  if (format == exposition_format::open_metrics && text.find('.') == std::string::npos) text += ".0";
  return text;
}

// In help texts of Prometheus' format a quotation mark stands for itself.
void append_escaped(std::string& to, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n')
      to += "\\n";
    else if (c == '\\' || (quotes && c == '"'))
      (to += '\\') += c;
    else
      to += c;
  }
}

// OpenMetrics' units are the end of the name; those that it knows and that are used here.
std::optional<std::string_view> unit_of(std::string_view name) {
  for (const std::string_view unit : {"seconds", "bytes", "ratio"})
    if (name.size() > unit.size() && name.ends_with(unit) && name[name.size() - unit.size() - 1] == '_')
      return unit;
  return std::nullopt;
}

// The next of a list, which it loses.
std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto taken = without_ows(rest.substr(0, end));
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return taken;
}

double quality(std::string_view text) {
  double value = 0; // what cannot be read is not wanted
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

} // namespace

exposition_format choose_format(std::string_view accept) {
  double open = 0, plain = 0;
  while (!accept.empty()) {
    auto range = take_until(accept, ',');
    const auto type = take_until(range, ';');
    double q = 1;
    bool known = true;
    while (!range.empty()) {
      auto value = take_until(range, ';');
      const auto name = take_until(value, '=');
      if (name == "q") q = quality(value);
      if (name == "version" && type == "application/openmetrics-text")
        known = value == "1.0.0" || value == "\"1.0.0\"";
    }
    if (type == "application/openmetrics-text" && known) open = std::max(open, q);
    if (type == "text/plain") plain = std::max(plain, q);
  }
  return open > 0 && open >= plain ? exposition_format::open_metrics : exposition_format::prometheus_text;
}

std::string_view content_type_of(exposition_format format) {
  return format == exposition_format::open_metrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

void exposition::describe(std::string_view name, std::string_view type, std::string_view help) {
  const bool open = format_ == exposition_format::open_metrics;
  out_.append("# HELP ").append(name) += ' ';
  append_escaped(out_, help, open);
  out_.append("\n# TYPE ").append(name).append(" ").append(type) += '\n';
  if (const auto unit = unit_of(name); open && unit)
    out_.append("# UNIT ").append(name).append(" ").append(*unit) += '\n';
  name_ = name;
}

void exposition::begin(std::string_view name, model::figure_kind kind, std::string_view help) {
  const bool counts = kind == model::figure_kind::counter;
  auto family = name;
  // There the family is called without what its samples end in.
  if (counts && format_ == exposition_format::open_metrics) family.remove_suffix(sizeof "_total" - 1);
  describe(family, counts ? "counter" : "gauge", help);
  name_ = name;
}

void exposition::line(std::string_view suffix, labels of, std::string_view bound, std::string_view value) {
  out_.append(name_).append(suffix);
  char before = '{';
  const auto label = [&](std::string_view name, std::string_view text) {
    (out_ += before).append(name).append("=\"");
    append_escaped(out_, text, true);
    out_ += '"';
    before = ',';
  };
  for (const auto& [name, text] : of)
    label(name, text);
  if (!bound.empty()) label("le", bound);
  if (before == ',') out_ += '}';
  out_.append(" ").append(value) += '\n';
}

void exposition::sample(labels of, const model::figure_value& value) {
  line("", of, {}, format_value(value));
}

void exposition::begin_histogram(std::string_view name, std::string_view help) {
  describe(name, "histogram", help);
}

void exposition::histogram(labels of, std::span<const std::uint32_t> bounds_ms,
                           std::span<const std::uint64_t> counts, std::uint64_t ms_sum) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    line("_bucket", of, i == bounds_ms.size() ? "+Inf" : format_bound(bounds_ms[i], format_),
         std::to_string(below));
  }
  line("_count", of, {}, std::to_string(below));
  line("_sum", of, {}, format_number(static_cast<double>(ms_sum) / 1000.0));
}

std::string exposition::finish() && {
  if (format_ == exposition_format::open_metrics) out_ += "# EOF\n";
  return std::move(out_);
}

} // namespace causeway::watch
