// SPDX-License-Identifier: Apache-2.0
// A timeline as a picture: one row a device, one bar a phase, time to the right, and below it where the
// seconds went. An SVG that a browser shows on its own. Pure; any thread.
#pragma once

#include "model/timeline.h"

#include <string>
#include <vector>

namespace causeway::watch {

struct waterfall_bar {
  model::phase what{};
  double begin_ms = 0; // since the picture's zero; the earliest bar becomes its left edge
  double duration_ms = 0;
  std::string fault{}; // name of the error it ended with; empty: it ended well
  std::uint32_t shared =
      0; // of a connection, this one, in the rows of all its devices: the sums count it once
};

struct waterfall_row {
  std::string label;
  std::vector<waterfall_bar> bars;
};

struct waterfall_text {
  std::string title;
  std::string note; // a line below it; may be empty
};

// All text is escaped. Rows beyond 2,000 are left out, and the picture says so.
std::string draw_waterfall(const std::vector<waterfall_row>& rows, const waterfall_text& text);
// "#rrggbb", the same in every picture.
std::string_view colour_of(model::phase what);

} // namespace causeway::watch
