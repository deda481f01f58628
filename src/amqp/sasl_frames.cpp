// SPDX-License-Identifier: Apache-2.0
#include "amqp/sasl_frames.h"

#include "amqp/frame_head.h"
#include "amqp/primitive.h"
#include "amqp/value.h"

#include <algorithm>

namespace causeway::amqp {
namespace {

constexpr std::size_t max_frame =
    16 * 1024; // a SAS token as PLAIN's password outgrows the specification's 512
constexpr std::size_t max_ahead = 64 * 1024; // what a client may pipeline before the outcome

// Performatives (spec part 5.3.3).
constexpr std::uint64_t mechanisms_code = 0x40, init_code = 0x41, outcome_code = 0x44;

value of(auto held) {
  value out;
  out.v = std::move(held);
  return out;
}

void put_frame(std::string& out, std::uint64_t performative, value_list fields) {
  std::string body;
  put_descriptor(body, static_cast<std::uint8_t>(performative));
  encode(body, of(std::move(fields)));
  put_unsigned(out, checked_size(body.size() + 8));
  put_byte(out, 2); // data offset in words of four
  put_byte(out, static_cast<std::uint8_t>(frame_type::sasl));
  put_unsigned(out, std::uint16_t{0});
  out += body;
}

void put_outcome(std::string& out, std::uint8_t outcome, std::string_view additional) {
  value_list fields;
  fields.push_back(of(outcome));
  if (!additional.empty()) fields.push_back(of(binary{std::string{additional}}));
  put_frame(out, outcome_code, std::move(fields));
}

} // namespace

std::optional<plain_login> parse_plain(std::string_view response) {
  const auto first = response.find('\0');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = response.find('\0', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto password = response.substr(second + 1);
  const auto user = response.substr(first + 1, second - first - 1);
  if (user.empty() || password.find('\0') != std::string_view::npos) return std::nullopt;
  return plain_login{std::string{response.substr(0, first)}, std::string{user},
                     secret{std::string{password}}};
}

sasl_server::sasl_server(std::vector<std::string> mechanisms) : mechanisms_{std::move(mechanisms)} {}

error sasl_server::fail(std::string what) {
  failed_ = true;
  in_.clear();
  return error{errc::amqp_protocol, std::move(what)};
}

result<sasl_server::step> sasl_server::feed(std::string_view bytes) {
  if (failed_) return error{errc::amqp_protocol, "bytes after a breach"};
  if (step_ == step::refused) return step_;
  in_.append(bytes);
  if (step_ == step::plain || step_ == step::done) return step_;
  if (in_.size() > max_ahead) return fail("too many bytes ahead of the SASL outcome");
  if (step_ == step::init) return step_;
  if (!header_seen_) {
    auto read = read_header();
    if (!read || !header_seen_) return read;
  }
  return read_init();
}

result<sasl_server::step> sasl_server::read_header() {
  const auto got = std::min(in_.size(), amqp_header.size());
  const std::string_view start = std::string_view{in_}.substr(0, got);
  const bool plain = start == amqp_header.substr(0, got), sasl = start == sasl_header.substr(0, got);
  if (!plain && !sasl) {
    out_ += sasl_header; // the specification's answer to a header that the server does not take (part 2.2)
    return fail("the first bytes are no header of AMQP 1.0");
  }
  if (got < amqp_header.size()) return step_;
  if (plain) return step_ = step::plain;
  header_seen_ = true;
  in_.erase(0, got);
  out_ += sasl_header;
  value_array offered;
  for (const auto& mechanism : mechanisms_)
    offered.items.push_back(of(symbol{mechanism}));
  value_list fields;
  fields.push_back(of(std::move(offered)));
  put_frame(out_, mechanisms_code, std::move(fields));
  return step_;
}

result<sasl_server::step> sasl_server::read_init() {
  if (in_.size() < frame_head::size) return step_;
  const auto head = read_frame_head(in_);
  if (head.frame > max_frame || !head.is_sound() || !head.is(frame_type::sasl)) return fail("no SASL frame");
  if (in_.size() < head.frame) return step_;
  std::string_view body = std::string_view{in_}.substr(head.body, head.frame - head.body);
  const auto performative = decode(body);
  const auto* what = performative ? performative->as<described>() : nullptr;
  const auto* number = what != nullptr ? what->descriptor->as<std::uint64_t>() : nullptr;
  const auto* fields = what != nullptr ? what->content->as<value_list>() : nullptr;
  if (number == nullptr || *number != init_code || fields == nullptr || fields->empty() || !body.empty())
    return fail("no sasl-init");
  const auto* mechanism = fields->front().as<symbol>();
  if (mechanism == nullptr) return fail("sasl-init without a mechanism");
  init_.mechanism = mechanism->text;
  if (fields->size() > 1) {
    const auto* response = (*fields)[1].as<binary>();
    if (response != nullptr)
      init_.response.emplace(response->bytes);
    else if (!(*fields)[1].is_null())
      return fail("sasl-init with an initial response that is no binary");
  }
  if (fields->size() > 2)
    if (const auto* host = (*fields)[2].text()) init_.host_name = *host;
  in_.erase(0, head.frame);
  return step_ = step::init;
}

const sasl_init& sasl_server::init() const {
  CAUSEWAY_CHECK(step_ == step::init);
  return init_;
}

void sasl_server::accept() {
  CAUSEWAY_CHECK(step_ == step::init);
  put_outcome(out_, 0, "Welcome!");
  init_ = {};
  step_ = step::done;
}

void sasl_server::refuse() {
  CAUSEWAY_CHECK(step_ == step::init);
  put_outcome(out_, 1, {});
  init_ = {};
  in_.clear();
  step_ = step::refused;
}

std::string sasl_server::take_output() {
  return std::exchange(out_, {});
}

std::string sasl_server::take_rest() {
  return std::exchange(in_, {});
}

} // namespace causeway::amqp
