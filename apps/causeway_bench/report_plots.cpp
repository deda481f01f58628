// SPDX-License-Identifier: Apache-2.0
#include "causeway_bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace causeway::bench {
namespace {

constexpr double width = 860;
constexpr double logarithmic_from = 20; // largest over smallest value
constexpr std::array<std::string_view, 8> colours{"#1f6f8b", "#d1495b", "#66a182", "#edae49",
                                                  "#7d5ba6", "#8c6d46", "#2e4057", "#b07aa1"};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string begin_drawing(double height, std::string_view title) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 "
      "{0:.0f} {1:.0f}\" font-family=\"sans-serif\" font-size=\"13\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
      "<text x=\"20\" y=\"28\" font-size=\"17\" font-weight=\"bold\">{2}</text>\n",
      width, height, escaped(title));
}

std::string draw_text(double x, double y, std::string_view anchor, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     escaped(text));
}

std::string draw_line(double x1, double y1, double x2, double y2) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#dddddd\"/>\n",
                     x1, y1, x2, y2);
}

// "12,345", "0.15"
std::string shown(double value) {
  if (value < 100) return fmt::format("{:.3g}", value);
  const auto digits = fmt::format("{:.0f}", value);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

// From a value to a length, linear from 0 or logarithmic over whole powers of ten.
class axis {
public:
  axis(std::vector<double> values, double from, double to) : from_{from}, to_{to} {
    std::erase_if(values, [](double value) { return !(value > 0) || !std::isfinite(value); });
    if (values.empty()) values = {1};
    const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
    logarithmic_ = *largest > logarithmic_from * *smallest;
    if (logarithmic_) {
      low_ = std::floor(std::log10(*smallest));
      high_ = std::max(low_ + 1, std::ceil(std::log10(*largest)));
      // The smallest must not vanish in the axis.
      if (std::log10(*smallest) - low_ < 0.1) low_ -= 1;
      for (double power = low_; power <= high_; ++power)
        marks_.push_back(std::pow(10, power));
    } else {
      const double magnitude = std::pow(10, std::floor(std::log10(*largest)));
      const double share = *largest / magnitude;
      const double step = magnitude * (share <= 2 ? 0.5 : share <= 5 ? 1 : 2);
      high_ = std::ceil(*largest / step) * step;
      for (int i = 0; i * step <= high_ + step / 2; ++i)
        marks_.push_back(i * step);
    }
  }
  double at(double value) const {
    const double scaled =
        logarithmic_ ? std::log10(std::max(value, std::pow(10, low_))) : std::max(value, 0.0);
    return from_ + (to_ - from_) * (scaled - low_) / (high_ - low_);
  }
  const std::vector<double>& marks() const { return marks_; }

private:
  double from_, to_;
  double low_ = 0, high_ = 1; // of the values, or of their logarithms
  bool logarithmic_ = false;
  std::vector<double> marks_;
};

} // namespace

std::string draw_bars(std::string_view title, std::string_view unit, const std::vector<bar>& bars) {
  constexpr double row = 30, top = 50, left = 330, right = width - 90;
  const double bottom = top + row * static_cast<double>(bars.size());
  std::vector<double> values;
  for (const auto& one : bars)
    values.push_back(one.value);
  const axis scale{values, left, right};
  auto out = begin_drawing(bottom + 50, title);
  for (const double mark : scale.marks()) {
    out += draw_line(scale.at(mark), top, scale.at(mark), bottom + 5);
    out += draw_text(scale.at(mark), bottom + 22, "middle", shown(mark));
  }
  out += draw_text((left + right) / 2, bottom + 42, "middle", unit);
  double y = top;
  for (const auto& one : bars) {
    out += draw_text(left - 10, y + 19, "end", one.label);
    const double end = scale.at(one.value);
    out += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"20\" fill=\"{}\"/>\n", left,
                       y + 5, std::max(1.0, end - left), colours[0]);
    out += draw_text(std::max(left + 1, end) + 6, y + 20, "start", shown(one.value));
    y += row;
  }
  return out + "</svg>\n";
}

std::string draw_curves(std::string_view title, std::string_view x_title, std::string_view y_title,
                        const std::vector<curve>& curves) {
  constexpr double top = 66, bottom = 416, left = 80, right = width - 30, legend_row = 20;
  std::vector<double> xs, ys;
  for (const auto& one : curves)
    for (const auto& [x, y] : one.points) {
      xs.push_back(x);
      ys.push_back(y);
    }
  const axis across{xs, left, right};
  const axis up{ys, bottom, top};
  auto out = begin_drawing(bottom + 60 + legend_row * static_cast<double>(curves.size()), title);
  for (const double mark : across.marks()) {
    out += draw_line(across.at(mark), top, across.at(mark), bottom);
    out += draw_text(across.at(mark), bottom + 18, "middle", shown(mark));
  }
  for (const double mark : up.marks()) {
    out += draw_line(left, up.at(mark), right, up.at(mark));
    out += draw_text(left - 8, up.at(mark) + 4, "end", shown(mark));
  }
  out += draw_text((left + right) / 2, bottom + 38, "middle", x_title);
  out += draw_text(left, top - 8, "end", y_title);
  double legend = bottom + 58;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const auto colour = colours[i % colours.size()];
    std::string points;
    for (const auto& [x, y] : curves[i].points) {
      points += fmt::format("{:.1f},{:.1f} ", across.at(x), up.at(y));
      out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/>\n", across.at(x),
                         up.at(y), colour);
    }
    out += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", points,
                       colour);
    out += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"14\" height=\"10\" fill=\"{}\"/>\n", left,
                       legend - 9, colour);
    out += draw_text(left + 22, legend, "start", curves[i].label);
    legend += legend_row;
  }
  return out + "</svg>\n";
}

} // namespace causeway::bench
