// SPDX-License-Identifier: Apache-2.0
#include "watch/gzip.h"

#include "base/http_fields.h"

#include <zlib.h>

#include <algorithm>

namespace causeway::watch {
namespace {

constexpr int window_bits = 15, gzip_frame = 16, memory_level = 8;

bool equals(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower,
                            [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

// "q=0", "q=0.000": not wanted.
bool is_refused(std::string_view parameter) {
  return parameter.starts_with("q=0") && parameter.find_first_not_of("0.", 2) == std::string_view::npos;
}

} // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> any;
  while (!accept_encoding.empty()) {
    const auto end = accept_encoding.find(',');
    const auto one = accept_encoding.substr(0, end);
    accept_encoding.remove_prefix(end == std::string_view::npos ? accept_encoding.size() : end + 1);
    const auto semicolon = one.find(';');
    const auto coding = without_ows(one.substr(0, semicolon));
    const bool wanted =
        semicolon == std::string_view::npos || !is_refused(without_ows(one.substr(semicolon + 1)));
    if (equals(coding, "gzip") || equals(coding, "x-gzip")) return wanted;
    if (coding == "*") any = wanted;
  }
  return any.value_or(false);
}

std::optional<std::string> pack_gzip(std::string_view text) {
  if (text.size() > most_packed) return std::nullopt;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window_bits + gzip_frame, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    return std::nullopt;
  std::string out(deflateBound(&stream, text.size()), '\0');
  // zlib does not write to it.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); // NOLINT
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data()); // NOLINT
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (!whole) return std::nullopt;
  return out;
}

} // namespace causeway::watch
