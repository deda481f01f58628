// SPDX-License-Identifier: Apache-2.0
#include "watch/waterfall.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>
#include <tuple>

namespace causeway::watch {
namespace {

constexpr std::size_t most_rows = 2'000;
constexpr double label_width = 190, chart_width = 900, margin = 20, least_bar = 0.6;
constexpr int legend_columns = 4;
constexpr double legend_line = 18;

// Waiting is pale, work is strong: what a picture shows at a glance is how much of a start is waiting.
constexpr std::array<std::string_view, model::phases> colours{
    "#d8dee6", // dps.queue
    "#1f5fa8", // dps.register
    "#f2c66d", // dps.wait
    "#4d94dd", // dps.poll
    "#e6e0d4", // hub.queue
    "#8c6bb1", // dns
    "#41ab5d", // tcp
    "#006d2c", // tls
    "#66c2a4", // open
    "#c994c7", // cbs.link
    "#dd5f9b", // cbs
    "#e6550d", // attach
    "#636363", // first_send
    "#9ecae1", // command.store
    "#f0e8d0", // command.turn
    "#3182bd", // command.push
    "#fdd0a2", // command.send
    "#e6ab02", // command.ack
};

std::string number(double value) {
  std::array<char, 48> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.2f", value);
  std::string out(text.data(), static_cast<std::size_t>(std::max(size, 0)));
  while (out.ends_with('0'))
    out.pop_back();
  if (out.ends_with('.')) out.pop_back();
  return out;
}

std::string duration(double ms) {
  if (ms < 1'000) return number(ms) + " ms";
  std::array<char, 48> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.3g s", ms / 1'000);
  if (ms >= 100'000) return number(std::round(ms / 1'000)) + " s";
  return {text.data(), static_cast<std::size_t>(std::max(size, 0))};
}

// XML 1.0 has no place for most control characters, escaped or not.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

// 1, 2 or 5 times a power of ten, so that about eight ticks are on the axis.
double tick_of(double span) {
  const double rough = span / 8;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double step : {1.0, 2.0, 5.0})
    if (rough <= step * power) return step * power;
  return 10 * power;
}

std::string rectangle(double x, double y, double width, double height, std::string_view fill) {
  return "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(width) + "\" height=\"" +
         number(height) + "\" fill=\"" + std::string{fill} + "\"";
}

std::string label(double x, double y, const std::string& text, std::string_view how = {}) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\"" + std::string{how} + ">" + escape(text) +
         "</text>\n";
}

struct frame {
  double begin = 0, end = 1; // ms
  double row_height = 18;
  double top = 64, bottom = 0;
  std::size_t rows = 0;

  double x_of(double ms) const { return label_width + (ms - begin) / (end - begin) * chart_width; }
};

bool is_usable(const waterfall_bar& bar) {
  return std::isfinite(bar.begin_ms) && std::isfinite(bar.duration_ms) && bar.duration_ms >= 0;
}

frame frame_of(const std::vector<waterfall_row>& rows) {
  frame f;
  f.rows = std::min(rows.size(), most_rows);
  double begin = std::numeric_limits<double>::max(), end = std::numeric_limits<double>::lowest();
  for (std::size_t i = 0; i < f.rows; ++i)
    for (const auto& bar : rows[i].bars) {
      if (!is_usable(bar)) continue;
      begin = std::min(begin, bar.begin_ms);
      end = std::max(end, bar.begin_ms + bar.duration_ms);
    }
  if (begin > end) begin = end = 0;
  f.begin = begin;
  f.end = std::max(end, begin + 1);
  f.row_height = f.rows <= 60 ? 18 : std::clamp(1'600.0 / static_cast<double>(f.rows), 2.0, 12.0);
  f.bottom = f.top + f.row_height * static_cast<double>(f.rows);
  return f;
}

std::string draw_axis(const frame& f) {
  std::string out = "<g stroke=\"#dddddd\" fill=\"none\">\n";
  const double tick = tick_of(f.end - f.begin);
  std::string texts;
  for (double at = 0; at <= f.end - f.begin; at += tick) {
    const auto x = number(f.x_of(f.begin + at));
    out.append("<line x1=\"").append(x).append("\" y1=\"").append(number(f.top));
    out.append("\" x2=\"").append(x).append("\" y2=\"").append(number(f.bottom)).append("\"/>\n");
    texts += label(f.x_of(f.begin + at), f.top - 6, duration(at), " text-anchor=\"middle\" fill=\"#666666\"");
  }
  return out + "</g>\n" + texts;
}

bool is_waiting(model::phase what) {
  return what == model::phase::dps_queue || what == model::phase::dps_wait ||
         what == model::phase::hub_queue || what == model::phase::command_turn ||
         what == model::phase::command_send;
}

std::string draw_bar(const std::string& row, const waterfall_bar& bar, const frame& f, double y,
                     double height) {
  const double width = std::max(bar.duration_ms / (f.end - f.begin) * chart_width, least_bar);
  auto out = rectangle(f.x_of(bar.begin_ms), y, width, height, colour_of(bar.what));
  if (!bar.fault.empty()) out += " stroke=\"#c00000\" stroke-width=\"1.5\"";
  return out + "><title>" + escape(row) + ": " + std::string{model::to_string(bar.what)} + ", " +
         duration(bar.duration_ms) + " from " + duration(bar.begin_ms - f.begin) +
         (bar.fault.empty() ? std::string{} : ", " + escape(bar.fault)) + "</title></rect>\n";
}

std::string draw_rows(const std::vector<waterfall_row>& rows, const frame& f) {
  const bool labelled = f.row_height >= 10;
  const double height = f.row_height * (labelled ? 0.8 : 1.0);
  std::string out;
  for (std::size_t i = 0; i < f.rows; ++i) {
    const double y = f.top + f.row_height * static_cast<double>(i);
    if (labelled)
      out += label(label_width - 8, y + height - 3, rows[i].label, " text-anchor=\"end\" fill=\"#222222\"");
    // A device waits while its connection is made: what is done is drawn over the waiting.
    for (const bool waiting : {true, false})
      for (const auto& bar : rows[i].bars)
        if (is_usable(bar) && is_waiting(bar.what) == waiting)
          out += draw_bar(rows[i].label, bar, f, y, height);
  }
  return out;
}

struct phase_sum {
  double ms = 0;
  std::size_t count = 0, faults = 0;
};

// Returns the lines it took.
int draw_legend(const std::vector<waterfall_row>& rows, const frame& f, double top, std::string& out) {
  std::array<phase_sum, model::phases> sums{};
  std::set<std::tuple<std::uint32_t, model::phase, double>> counted;
  for (std::size_t i = 0; i < f.rows; ++i)
    for (const auto& bar : rows[i].bars) {
      if (!is_usable(bar)) continue;
      if (bar.shared != 0 && !counted.emplace(bar.shared, bar.what, bar.begin_ms).second) continue;
      auto& sum = sums[static_cast<std::size_t>(bar.what)];
      sum.ms += bar.duration_ms;
      ++sum.count;
      if (!bar.fault.empty()) ++sum.faults;
    }
  int drawn = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums[i].count == 0) continue;
    const double x = margin + (drawn % legend_columns) * ((label_width + chart_width) / legend_columns);
    const int line = drawn / legend_columns;
    const double y = top + line * legend_line;
    out += rectangle(x, y - 10, 12, 12, colours[i]) + "/>\n";
    auto text = std::string{model::to_string(static_cast<model::phase>(i))} + " " + duration(sums[i].ms) +
                " in " + std::to_string(sums[i].count);
    if (sums[i].faults != 0) text += ", " + std::to_string(sums[i].faults) + " not well";
    out += label(x + 18, y, text);
    ++drawn;
  }
  return (drawn + legend_columns - 1) / legend_columns;
}

} // namespace

std::string_view colour_of(model::phase what) {
  return colours[static_cast<std::size_t>(what) % colours.size()];
}

std::string draw_waterfall(const std::vector<waterfall_row>& rows, const waterfall_text& text) {
  const auto f = frame_of(rows);
  std::string legend;
  const double legend_top = f.bottom + 30;
  const int lines = draw_legend(rows, f, legend_top, legend);
  const double height = legend_top + legend_line * lines + margin;
  const double width = label_width + chart_width + 2 * margin;
  std::string note = text.note;
  if (rows.size() > f.rows)
    note += (note.empty() ? "" : "; ") + std::to_string(rows.size() - f.rows) + " further rows are left out";

  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(width) + "\" height=\"" +
                    number(height) + "\" viewBox=\"0 0 " + number(width) + " " + number(height) +
                    "\" font-family=\"sans-serif\" font-size=\"11\">\n";
  out += rectangle(0, 0, width, height, "#ffffff") + "/>\n";
  out += label(margin, 22, text.title, " font-size=\"15\" font-weight=\"bold\"");
  if (!note.empty()) out += label(margin, 40, note, " fill=\"#666666\"");
  out += draw_axis(f);
  out += draw_rows(rows, f);
  out += legend;
  return out + "</svg>\n";
}

} // namespace causeway::watch
