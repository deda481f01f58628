// SPDX-License-Identifier: Apache-2.0
#include "base/checksum.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace causeway {
namespace {

constexpr std::uint64_t prime_1 = 0x9E3779B185EBCA87ULL;
constexpr std::uint64_t prime_2 = 0xC2B2AE3D27D4EB4FULL;
constexpr std::uint64_t prime_3 = 0x165667B19E3779F9ULL;
constexpr std::uint64_t prime_4 = 0x85EBCA77C2B2AE63ULL;
constexpr std::uint64_t prime_5 = 0x27D4EB2F165667C5ULL;

// Least significant byte first, whatever the machine's order is.
template <std::size_t Bytes>
std::uint64_t number(const char* at) {
  std::uint64_t value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, at, Bytes);
  } else {
    for (std::size_t i = 0; i < Bytes; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
  }
  return value;
}

std::uint64_t mixed(std::uint64_t sum, std::uint64_t input) {
  return std::rotl(sum + input * prime_2, 31) * prime_1;
}

std::uint64_t merged(std::uint64_t hash, std::uint64_t sum) {
  return (hash ^ mixed(0, sum)) * prime_1 + prime_4;
}

} // namespace

std::uint64_t checksum64(std::string_view bytes) {
  const char* at = bytes.data();
  auto left = bytes.size();
  std::uint64_t hash = prime_5;
  if (left >= 32) {
    std::uint64_t a = prime_1 + prime_2, b = prime_2, c = 0, d = 0 - prime_1;
    for (; left >= 32; left -= 32, at += 32) {
      a = mixed(a, number<8>(at));
      b = mixed(b, number<8>(at + 8));
      c = mixed(c, number<8>(at + 16));
      d = mixed(d, number<8>(at + 24));
    }
    hash = std::rotl(a, 1) + std::rotl(b, 7) + std::rotl(c, 12) + std::rotl(d, 18);
    hash = merged(merged(merged(merged(hash, a), b), c), d);
  }
  hash += bytes.size();
  for (; left >= 8; left -= 8, at += 8)
    hash = std::rotl(hash ^ mixed(0, number<8>(at)), 27) * prime_1 + prime_4;
  if (left >= 4) {
    hash = std::rotl(hash ^ number<4>(at) * prime_1, 23) * prime_2 + prime_3;
    left -= 4;
    at += 4;
  }
  for (; left > 0; --left, ++at)
    hash = std::rotl(hash ^ number<1>(at) * prime_5, 11) * prime_1;
  hash = (hash ^ hash >> 33) * prime_2;
  hash = (hash ^ hash >> 29) * prime_3;
  return hash ^ hash >> 32;
}

} // namespace causeway
