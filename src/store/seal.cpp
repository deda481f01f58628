// SPDX-License-Identifier: Apache-2.0
#include "store/seal.h"

#include "base/check.h"
#include "base/checksum.h"

#include <array>
#include <limits>

namespace causeway::store {
namespace {

constexpr char first_byte = 2; // model::encode_message begins with 1
constexpr std::size_t checksum_at = 1, sealed_from = 9;
constexpr std::uint8_t with_eui = 1;

// Little-endian.
void put(std::string& out, std::uint64_t value, std::size_t bytes) {
  std::array<char, 8> all{};
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<char>(value >> (8 * i) & 0xffU);
  out.append(all.data(), bytes);
}

std::uint64_t take(std::string_view& from, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  from.remove_prefix(bytes);
  return value;
}

bool take_text(std::string_view& from, std::string_view& into) {
  if (from.size() < 2) return false;
  const auto size = static_cast<std::size_t>(take(from, 2));
  if (from.size() < size) return false;
  into = from.substr(0, size);
  from.remove_prefix(size);
  return true;
}

error corrupt(const char* why) {
  return error{errc::record_corrupt, why};
}

} // namespace

std::string seal(const record_seal& with, std::string_view content) {
  CAUSEWAY_CHECK(with.application.size() <= std::numeric_limits<std::uint16_t>::max() &&
                 with.device.size() <= std::numeric_limits<std::uint16_t>::max());
  std::string out;
  out.reserve(48 + with.application.size() + with.device.size() + content.size());
  out += first_byte;
  put(out, 0, 8);
  out += static_cast<char>(with.dev_eui ? with_eui : 0);
  put(out, with.seq, 8);
  put(out, static_cast<std::uint64_t>(with.at), 8);
  if (with.dev_eui) put(out, *with.dev_eui, 8);
  for (const auto text : {with.application, with.device}) {
    put(out, text.size(), 2);
    out += text;
  }
  out += content;
  std::string sum;
  put(sum, checksum64(std::string_view{out}.substr(sealed_from)), 8);
  out.replace(checksum_at, 8, sum);
  return out;
}

bool is_sealed(std::string_view record) {
  return !record.empty() && record.front() == first_byte;
}

result<unsealed_record> unseal(std::string_view record) {
  if (!is_sealed(record) || record.size() < sealed_from + 17) return corrupt("no record of this Causeway");
  auto rest = record.substr(checksum_at);
  if (take(rest, 8) != checksum64(rest)) return corrupt("its checksum does not match");
  unsealed_record out;
  const auto flags = take(rest, 1);
  out.seal.seq = take(rest, 8);
  out.seal.at = static_cast<std::int64_t>(take(rest, 8));
  if ((flags & with_eui) != 0) {
    if (rest.size() < 8) return corrupt("cut off in its seal");
    out.seal.dev_eui = take(rest, 8);
  }
  if (!take_text(rest, out.seal.application) || !take_text(rest, out.seal.device))
    return corrupt("cut off in its seal");
  out.content = rest;
  return out;
}

row_digest& row_digest::begin() {
  all_.clear();
  return *this;
}

row_digest& row_digest::add(std::int64_t number) {
  put(all_, static_cast<std::uint64_t>(number), 8);
  return *this;
}

row_digest& row_digest::add(std::string_view text) {
  put(all_, text.size(), 8);
  all_ += text;
  return *this;
}

std::int64_t row_digest::value() const {
  return static_cast<std::int64_t>(checksum64(all_) >> 1);
}

std::int64_t waiting_digest(std::int64_t seq, std::int64_t device, std::int64_t size, std::int64_t at) {
  std::array<char, 32> all{};
  std::size_t next = 0;
  for (const auto number : {seq, device, size, at})
    for (int i = 0; i < 8; ++i)
      all[next++] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xffU);
  return static_cast<std::int64_t>(checksum64({all.data(), all.size()}) >> 33);
}

} // namespace causeway::store
