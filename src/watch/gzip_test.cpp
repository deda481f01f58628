// SPDX-License-Identifier: Apache-2.0
#include "watch/gzip.h"

#include <gtest/gtest.h>

#include <zlib.h>

namespace causeway::watch {
namespace {

std::string unpack(std::string packed, std::size_t room) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK); // gzip's frame only
  std::string out(room, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(gzip, what_is_packed_is_read_back) {
  std::string text;
  for (int i = 0; i < 1'000; ++i)
    text += "causeway_x{application=\"a" + std::to_string(i) + "\"} " + std::to_string(i * 7) + "\n";
  const auto packed = pack_gzip(text);
  ASSERT_TRUE(packed);
  EXPECT_LT(packed->size(), text.size() / 4);
  EXPECT_EQ(unpack(*packed, text.size()), text);
  EXPECT_EQ(unpack(*pack_gzip(""), 1), "");
}

TEST(gzip, what_would_take_long_is_not_packed) {
  EXPECT_TRUE(pack_gzip(std::string(most_packed, 'x')));
  EXPECT_FALSE(pack_gzip(std::string(most_packed + 1, 'x')));
}

TEST(gzip, is_for_who_takes_it) {
  for (const auto* wanted : {"gzip", "deflate, GZIP;q=0.5", "*", "br , gzip ; q=1.0", "x-gzip"})
    EXPECT_TRUE(accepts_gzip(wanted)) << wanted;
  for (const auto* refused :
       {"", "identity", "gzip;q=0", "gzip; q=0.000, *", "br, deflate", "*;q=0", ",;,q=0"})
    EXPECT_FALSE(accepts_gzip(refused)) << refused;
}

} // namespace
} // namespace causeway::watch
