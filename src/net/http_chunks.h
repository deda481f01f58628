// SPDX-License-Identifier: Apache-2.0
// The chunked transfer coding (RFC 9112 section 7.1), without I/O. Strict: what two readers could take for
// two different things is malformed. Keeps nothing of what it has read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace causeway::net {

class chunk_reader {
public:
  enum class progress : std::uint8_t {
    need_more, // all of the input is read
    data,      // a part of the body
    done,      // with the end of the trailers; what is left of the input comes behind the request
    malformed,
    body_too_large,
    lines_too_long, // chunk extensions and trailers
  };

  // Limits of the body, and of extensions and trailers together.
  chunk_reader(std::size_t max_body, std::size_t max_lines);
  // Takes bytes from the front of input; data is a view of them. Of no use after anything but need_more and
  // data.
  progress step(std::string_view& input, std::string_view& data);

private:
  enum class place : std::uint8_t {
    size_begin,
    size,
    behind_size,
    extension,
    size_end,
    data,
    data_end_cr,
    data_end_lf,
    trailer_begin,
    trailer_name,
    trailer_value,
    trailer_end,
    end,
  };
  progress on_line_byte(unsigned char byte);
  progress on_size_byte(unsigned char byte);
  progress on_trailer_byte(unsigned char byte);

  std::size_t body_left_, lines_left_;
  place at_ = place::size_begin;
  std::uint64_t size_ = 0; // of the chunk; then what is left of it
  unsigned digits_ = 0;
};

} // namespace causeway::net
