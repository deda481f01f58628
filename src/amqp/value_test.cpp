// SPDX-License-Identifier: Apache-2.0
#include "amqp/value.h"

#include "amqp/test_bytes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace causeway::amqp {
namespace {

std::string encoded(const value& what) {
  std::string out;
  encode(out, what);
  return out;
}

value decoded(std::string_view bytes) {
  auto read = decode(bytes);
  EXPECT_TRUE(read.has_value());
  EXPECT_TRUE(bytes.empty());
  return read ? *read : value{};
}

bool refused(std::string_view bytes) {
  const auto before = bytes;
  const bool bad = !decode(bytes).has_value();
  EXPECT_EQ(bytes.data() == before.data(), bad);
  return bad;
}

TEST(value, scalars_take_their_shortest_form_and_come_back) {
  const std::pair<value, const char*> table[] = {
      {value{}, "40"},
      {of(true), "41"},
      {of(false), "42"},
      {of(std::uint8_t{255}), "50ff"},
      {of(std::uint16_t{8191}), "601fff"},
      {of(std::uint32_t{0}), "43"},
      {of(std::uint32_t{255}), "52ff"},
      {of(std::uint32_t{256}), "7000000100"},
      {of(std::uint64_t{0}), "44"},
      {of(std::uint64_t{36}), "5324"},
      {of(std::uint64_t{1} << 40), "800000010000000000"},
      {of(std::int8_t{-1}), "51ff"},
      {of(std::int16_t{-2}), "61fffe"},
      {of(std::int32_t{-128}), "5480"},
      {of(std::int32_t{200}), "71000000c8"},
      {of(std::int32_t{-129}), "71ffffff7f"},
      {of(std::int64_t{1}), "5501"},
      {of(std::int64_t{-129}), "81ffffffffffffff7f"},
      {of(1.5F), "723fc00000"},
      {of(-2.0), "82c000000000000000"},
      {of(timestamp{1735689600000}), "83000001941f297c00"},
      {of(uuid{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}),
       "98000102030405060708090a0b0c0d0e0f"},
      {of(binary{"\x01\x02"}), "a0020102"},
      {of(std::string{"localhost"}), "a1096c6f63616c686f7374"},
      {of(symbol{"utf-8"}), "a3057574662d38"},
      {of(value_list{}), "45"},
      {of(value_map{}), "c10100"},
  };
  for (const auto& [what, wire] : table) {
    EXPECT_EQ(hex(encoded(what)), wire);
    EXPECT_EQ(decoded(unhex(wire)), what) << wire;
  }
}

TEST(value, longer_forms_than_needed_are_read_too) {
  EXPECT_EQ(decoded(unhex("5600")), of(false));
  EXPECT_EQ(decoded(unhex("5601")), of(true));
  EXPECT_EQ(decoded(unhex("7000000001")), of(std::uint32_t{1}));
  EXPECT_EQ(decoded(unhex("800000000000000024")), of(std::uint64_t{36}));
  EXPECT_EQ(decoded(unhex("7100000001")), of(std::int32_t{1}));
  EXPECT_EQ(decoded(unhex("810000000000000001")), of(std::int64_t{1}));
  EXPECT_EQ(decoded(unhex("b100000001"
                          "61")),
            of(std::string{"a"}));
  EXPECT_EQ(decoded(unhex("b300000001"
                          "61")),
            of(symbol{"a"}));
  EXPECT_EQ(decoded(unhex("b000000001"
                          "ff")),
            of(binary{"\xff"}));
  EXPECT_EQ(decoded(unhex("c00100")), of(value_list{}));
  EXPECT_EQ(decoded(unhex("d00000000400000000")), of(value_list{}));
  EXPECT_EQ(decoded(unhex("d10000000600000002"
                          "4142")),
            of(value_map{{of(true), of(false)}}));
}

TEST(value, containers_change_to_the_large_form_at_the_limit) {
  const auto list_of = [](std::size_t characters) {
    return of(value_list{of(std::string(characters, 'x'))});
  };
  EXPECT_EQ(hex(encoded(list_of(252))).substr(0, 10), "c0ff01a1fc");
  EXPECT_EQ(hex(encoded(list_of(253))).substr(0, 22), "d00000010300000001a1fd");
  for (const std::size_t size : {0U, 1U, 252U, 253U, 255U, 256U, 70'000U})
    EXPECT_EQ(decoded(encoded(list_of(size))), list_of(size)) << size;
  value_list many(256, of(true));
  EXPECT_EQ(hex(encoded(of(many))).substr(0, 18), "d00000010400000100");
  EXPECT_EQ(decoded(encoded(of(many))), of(many));
}

TEST(value, the_open_of_a_real_hub_is_read_and_written_to_the_byte) {
  // azure-iot-wire.md B.1
  const std::string container = "DeviceGateway_0123456789abcdef0123456789abcdef";
  const std::string wire = unhex("005310c04e0aa12e") + container +
                           unhex("a1096c6f63616c686f7374"
                                 "7000010000"
                                 "601fff"
                                 "700003a980"
                                 "4040404040");
  value_list fields{of(container), of(std::string{"localhost"}), of(std::uint32_t{65536}),
                    of(std::uint16_t{8191}), of(std::uint32_t{240'000})};
  fields.resize(10);
  const auto open = describe(0x10, of(fields));
  EXPECT_EQ(wire.size() + 8, 0x5bU);
  EXPECT_EQ(decoded(wire), open);
  EXPECT_EQ(hex(encoded(open)), hex(wire));
}

TEST(value, dispositions_as_captured_are_read) {
  // azure-iot-wire.md B.5 and B.12
  const auto hub = decoded(unhex("005315c00e0641700000"
                                 "07fd"
                                 "4041005324"
                                 "4540"));
  const auto* fields = hub.as<described>()->content->as<value_list>();
  ASSERT_EQ(fields->size(), 6U);
  EXPECT_EQ((*fields)[1], of(std::uint32_t{0x7fd}));
  EXPECT_EQ((*fields)[4], describe(0x24, of(value_list{})));
  const auto node = decoded(unhex("005315d00000000c0000000541434341"
                                  "00532445"));
  EXPECT_EQ(node.as<described>()->content->as<value_list>()->size(), 5U);
}

TEST(value, arrays_within_arrays_are_encoded_once_each) {
  value nested = of(value_array{{of(std::uint8_t{7})}});
  for (int depth = 0; depth < 30; ++depth)
    nested = of(value_array{{nested}});
  std::string encoded;
  encode(encoded, nested); // was 2^30 encodings, found by fuzz/amqp_value.cpp
  EXPECT_EQ(encoded.size(), 95U);
  EXPECT_EQ(decoded(encoded), nested);
}

TEST(value, arrays_have_one_constructor_for_all) {
  const auto array_of = [](value_list items) { return of(value_array{std::move(items)}); };
  const std::pair<value, const char*> table[] = {
      {array_of({}), "e0020040"},
      {array_of({of(symbol{"ANONYMOUS"}), of(symbol{"PLAIN"})}), "e01202a309414e4f4e594d4f555305504c41494e"},
      {array_of({of(std::uint32_t{0}), of(std::uint32_t{7})}), "e00402520007"},
      {array_of({of(std::uint32_t{0}), of(std::uint32_t{300})}), "e00a0270000000000000012c"},
      {array_of({of(std::int64_t{-1}), of(std::int64_t{300})}), "e0120281ffffffffffffffff000000000000012c"},
      {array_of({of(true), of(false)}), "e00402560100"},
      {array_of({of(value_list{}), of(value_list{of(true)})}), "e00702c00100020141"},
      {array_of({describe(1, of(symbol{"a"})), describe(1, of(symbol{"b"}))}), "e00902005301a301610162"},
  };
  for (const auto& [what, wire] : table) {
    EXPECT_EQ(hex(encoded(what)), wire);
    EXPECT_EQ(decoded(unhex(wire)), what) << wire;
  }
  const auto mixed_sizes = array_of({of(std::string{"a"}), of(std::string(300, 'b')), of(std::string{})});
  EXPECT_EQ(decoded(encoded(mixed_sizes)), mixed_sizes);
  const auto lists =
      array_of({of(value_list{}), of(value_list{of(std::string(300, 'b'))}), of(value_list{of(true)})});
  EXPECT_EQ(decoded(encoded(lists)), lists);
  EXPECT_EQ(decoded(unhex("e00100")), array_of({}));
}

TEST(value, malformed_bytes_are_refused_and_not_taken) {
  const char* table[] = {
      "",             // nothing
      "70000000",     // number cut off
      "98000102",     // uuid cut off
      "a10561",       // string cut off
      "b1ffffffff61", // length beyond the bytes
      "a102c328",     // no UTF-8
      "a301ff",
      "5602",       // boolean 2
      "c0",         // list without a size
      "c000",       // list without a count
      "c00101",     // one item declared, none there
      "c0020140ff", // fine as a list of one, see below
      "c0030140",   // list cut off
      "c003014040", // list with more bytes than items
      "d0ffffffffffffffff",
      "d000000005ffffffff40", // count beyond the bytes
      "c1030140",             // map with a key alone
      "c103014040",
      "e0",
      "e003024041", // elements without bytes
      "f000000005ffffffff40",
      "f000000006ffffffff5001",
      "e00302a301",           // array cut off
      "e0050250010203",       // array with bytes left over
      "e0090200530100530250", // a descriptor of a descriptor
      "00",                   // described, of nothing
      "005310",
      "0041",
      "7300000041", // char and decimals are not taken
      "7400000000",
      "3f", // no such type
      "ff",
  };
  for (const auto* wire : table) {
    if (std::string_view{wire} == "c0020140ff") {
      const auto bytes = unhex(wire);
      std::string_view in = bytes;
      EXPECT_TRUE(decode(in).has_value());
      EXPECT_EQ(hex(in), "ff");
      continue;
    }
    EXPECT_TRUE(refused(unhex(wire))) << wire;
  }
}

TEST(value, every_prefix_of_a_value_is_refused) {
  const auto whole = encoded(describe(
      0x28, of(value_list{of(std::string{"text"}), of(value_map{{of(symbol{"k"}), of(std::int32_t{1000})}}),
                          of(value_array{{of(symbol{"a"}), of(symbol{"b"})}}), of(std::string(300, 'x'))})));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_TRUE(refused(std::string_view{whole}.substr(0, size))) << size;
}

TEST(value, depth_is_limited) {
  const auto nested = [](int depth) {
    value what;
    for (int i = 0; i < depth; ++i)
      what = of(value_list{what});
    return encoded(what);
  };
  EXPECT_FALSE(refused(nested(32)));
  EXPECT_TRUE(refused(nested(33)));
  EXPECT_TRUE(refused(std::string(1'000'000, '\0')));
}

TEST(value, many_small_values_in_few_bytes_are_refused) {
  EXPECT_FALSE(refused(encoded(of(value_list(99'999)))));
  EXPECT_TRUE(refused(encoded(of(value_list(100'000)))));
}

TEST(value, integers_are_read_whatever_their_width) {
  EXPECT_EQ(of(std::uint8_t{200}).integer(), 200);
  EXPECT_EQ(of(std::int64_t{-5}).integer(), -5);
  EXPECT_EQ(of(std::uint64_t{7}).integer(), 7);
  EXPECT_FALSE(of(std::numeric_limits<std::uint64_t>::max()).integer());
  EXPECT_FALSE(of(true).integer());
  EXPECT_FALSE(of(std::string{"1"}).integer());
  EXPECT_FALSE(of(1.0).integer());
}

// Found by fuzzing: a float that is no number is not equal to itself.
TEST(value, an_array_described_by_nan_is_encoded_as_it_came) {
  const auto bytes = unhex("e00a0200727fc00000500102");
  std::string_view in{bytes};
  const auto read = decode(in);
  ASSERT_TRUE(read) << read.fault().message();
  std::string out;
  encode(out, *read);
  EXPECT_EQ(hex(out), hex(bytes));
}

TEST(value, maps_are_searched_by_string_and_symbol) {
  const auto map =
      of(value_map{{of(symbol{"a"}), of(true)}, {of(std::string{"b"}), of(false)}, {of(true), value{}}});
  EXPECT_EQ(*map.find("a"), of(true));
  EXPECT_EQ(*map.find("b"), of(false));
  EXPECT_EQ(map.find("c"), nullptr);
  EXPECT_EQ(value{}.find("a"), nullptr);
}

} // namespace
} // namespace causeway::amqp
