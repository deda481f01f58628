// SPDX-License-Identifier: Apache-2.0
#include "net/http_chunks.h"

#include <algorithm>

namespace causeway::net {
namespace {

constexpr unsigned most_digits = 16; // of 64 bits

int hex_value(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_space(unsigned char c) {
  return c == ' ' || c == '\t';
}

// Visible, blank or beyond ASCII: what a field's value or an extension may have.
bool is_text(unsigned char c) {
  return is_space(c) || (c > 0x20 && c != 0x7f);
}

bool is_token(unsigned char c) {
  const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  return alphanumeric ||
         (c != 0 && std::string_view{"!#$%&'*+-.^_`|~"}.find(static_cast<char>(c)) != std::string_view::npos);
}

} // namespace

chunk_reader::chunk_reader(std::size_t max_body, std::size_t max_lines)
    : body_left_{max_body}, lines_left_{max_lines} {}

chunk_reader::progress chunk_reader::step(std::string_view& input, std::string_view& data) {
  while (!input.empty()) {
    if (at_ == place::data) {
      data = input.substr(0, std::min<std::uint64_t>(size_, input.size()));
      input.remove_prefix(data.size());
      size_ -= data.size();
      if (size_ == 0) at_ = place::data_end_cr;
      return progress::data;
    }
    const auto byte = static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    if (const auto outcome = on_line_byte(byte); outcome != progress::need_more) return outcome;
  }
  return progress::need_more;
}

chunk_reader::progress chunk_reader::on_line_byte(unsigned char byte) {
  switch (at_) {
  case place::data_end_cr:
    at_ = place::data_end_lf;
    return byte == '\r' ? progress::need_more : progress::malformed;
  case place::data_end_lf:
    at_ = place::size_begin;
    return byte == '\n' ? progress::need_more : progress::malformed;
  case place::trailer_begin:
  case place::trailer_name:
  case place::trailer_value:
  case place::trailer_end:
  case place::end:
    return on_trailer_byte(byte);
  default:
    return on_size_byte(byte);
  }
}

chunk_reader::progress chunk_reader::on_size_byte(unsigned char byte) {
  const int digit = hex_value(byte);
  if (at_ == place::size_begin) {
    if (digit < 0) return progress::malformed;
    at_ = place::size;
    size_ = 0;
    digits_ = 0;
  }
  if (at_ == place::size && digit >= 0) {
    if (++digits_ > most_digits) return progress::malformed;
    size_ = size_ * 16 + static_cast<unsigned>(digit);
    return progress::need_more;
  }
  if (at_ == place::size_end) {
    if (byte != '\n') return progress::malformed;
    if (size_ > body_left_) return progress::body_too_large;
    body_left_ -= size_;
    at_ = size_ == 0 ? place::trailer_begin : place::data;
    return progress::need_more;
  }
  if (byte == '\r' && at_ != place::behind_size) {
    at_ = place::size_end;
    return progress::need_more;
  }
  if (lines_left_-- == 0) return progress::lines_too_long;
  if (at_ == place::extension) return is_text(byte) ? progress::need_more : progress::malformed;
  // Blanks may stand before an extension, and nowhere else.
  if (!is_space(byte) && byte != ';') return progress::malformed;
  at_ = byte == ';' ? place::extension : place::behind_size;
  return progress::need_more;
}

chunk_reader::progress chunk_reader::on_trailer_byte(unsigned char byte) {
  if (at_ == place::end) return byte == '\n' ? progress::done : progress::malformed;
  if (at_ == place::trailer_end) {
    at_ = place::trailer_begin;
    return byte == '\n' ? progress::need_more : progress::malformed;
  }
  if (byte == '\r' && at_ != place::trailer_name) {
    at_ = at_ == place::trailer_begin ? place::end : place::trailer_end;
    return progress::need_more;
  }
  if (lines_left_-- == 0) return progress::lines_too_long;
  if (at_ == place::trailer_value) return is_text(byte) ? progress::need_more : progress::malformed;
  const bool named = at_ == place::trailer_name;
  at_ = named && byte == ':' ? place::trailer_value : place::trailer_name;
  return is_token(byte) || at_ == place::trailer_value ? progress::need_more : progress::malformed;
}

} // namespace causeway::net
