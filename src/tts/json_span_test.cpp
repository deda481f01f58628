// SPDX-License-Identifier: Apache-2.0
#include "tts/json_span.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace causeway::tts {
namespace {

// Finds a member or element by its path of keys and indexes.
json_span at(json_span from, std::vector<std::string> path) {
  for (const auto& step : path) {
    json_span found;
    std::size_t index = 0;
    for (json_cursor item{from}; item.next(); ++index)
      if (from.is_object() ? item.key() == step : std::to_string(index) == step) found = item.value();
    from = found;
  }
  return from;
}

TEST(json, refuses_what_is_not_json_and_says_where) {
  const std::pair<std::string, std::string> cases[] = {{"", "offset 0"},
                                                       {"   ", "offset 3"},
                                                       {"{", "offset 1"},
                                                       {"{\"a\":}", "offset 5"},
                                                       {"{\"a\":1,}", "offset 7"},
                                                       {"{\"a\":1}x", "offset 7"},
                                                       {"[1 2]", "offset 3"},
                                                       {"{'a':1}", "offset 1"},
                                                       {"[01]", "offset 2"},
                                                       {"\"\xff\"", "offset 1"},
                                                       {"\"\xc0\xaf\"", "offset "},
                                                       {"\"\xed\xa0\x80\"", "offset "},
                                                       {"\"a\nb\"", "offset 2"},
                                                       {"[NaN]", "offset 1"},
                                                       {"// c\n{}", "offset 0"},
                                                       {"\xef\xbb\xbf{}", "offset 0"},
                                                       {"\"\\u12\"", "offset "},
                                                       {"{} {}", "offset 3"}};
  for (const auto& [body, where] : cases) {
    const auto parsed = parse_json(body);
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.fault().code(), errc::json_malformed) << body;
    EXPECT_TRUE(parsed.fault().detail().starts_with(where)) << body << " → " << parsed.fault().detail();
  }
}

TEST(json, refuses_to_be_nested_without_end) {
  for (const char* open : {"[", "{\"a\":"}) {
    std::string body;
    for (int i = 0; i < 1000; ++i)
      body += open;
    const auto parsed = parse_json(body);
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.fault().detail().find("deep"), std::string::npos) << parsed.fault().detail();
  }
  EXPECT_TRUE(parse_json(std::string(max_json_depth, '[') + std::string(max_json_depth, ']')));
  EXPECT_FALSE(parse_json(std::string(max_json_depth + 1, '[') + std::string(max_json_depth + 1, ']')));
}

TEST(json, gives_a_value_as_it_was_written) {
  const auto root = parse_json(
      " { \"a\" : [ 1.50 , {\"b\\\"}\" : \"x\\\\\" } , [ ] ,-0.0e+1 ] , \"c\":null,\"d\" :true }\n");
  ASSERT_TRUE(root);
  EXPECT_TRUE(root->is_object());
  EXPECT_EQ(at(*root, {"a", "0"}).text(), "1.50");
  EXPECT_EQ(at(*root, {"a", "1"}).text(), "{\"b\\\"}\" : \"x\\\\\" }");
  EXPECT_EQ(at(*root, {"a", "1", "b\"}"}).string(), "x\\");
  EXPECT_EQ(at(*root, {"a", "2"}).text(), "[ ]");
  EXPECT_EQ(at(*root, {"a", "3"}).text(), "-0.0e+1");
  EXPECT_FALSE(at(*root, {"c"}).present());
  EXPECT_EQ(at(*root, {"c"}).text(), "null");
  EXPECT_TRUE(at(*root, {"d"}).is_true());
  EXPECT_FALSE(at(*root, {"e"}).present());
}

TEST(json, a_lone_value_is_read_too) {
  EXPECT_EQ(parse_json(" 12 ")->text(), "12");
  EXPECT_EQ(parse_json("\"\\u00e4\\n\"")->string(), "\xc3\xa4\n");
  EXPECT_EQ(parse_json("true")->text(), "true");
  EXPECT_EQ(parse_json("[]")->text(), "[]");
}

TEST(json, compacts_between_tokens_only) {
  EXPECT_EQ(parse_json("{ \"a b\" :\t[ 1 ,\r\n\" x \\\" \" , { } ] }")->compact(),
            "{\"a b\":[1,\" x \\\" \",{}]}");
}

TEST(json, of_several_members_with_one_name_the_last_counts_in_either_spelling) {
  json_span value;
  read_members(*parse_json("{\"f_port\":1,\"f_port\":2}"), {{"f_port", &value}});
  EXPECT_EQ(value.text(), "2");
  read_members(*parse_json("{\"f_port\":1,\"fPort\":3}"), {{"f_port", &value}});
  EXPECT_EQ(value.text(), "3");
  read_members(*parse_json("{\"f_port\":1,\"f\\u005fport\":4}"), {{"f_port", &value}});
  EXPECT_EQ(value.text(), "4");
}

TEST(json, takes_a_name_in_snake_case_and_in_lower_camel_case) {
  EXPECT_TRUE(is_named("downlink_queue_invalidated", "downlink_queue_invalidated"));
  EXPECT_TRUE(is_named("downlinkQueueInvalidated", "downlink_queue_invalidated"));
  EXPECT_TRUE(is_named("settings", "settings"));
  for (const char* other :
       {"", "d", "DownlinkQueueInvalidated", "downlinkQueueInvalidate", "downlink_queueInvalidated",
        "downlinkqueueinvalidated", "downlinkQueueInvalidatedX"})
    EXPECT_FALSE(is_named(other, "downlink_queue_invalidated")) << other;
}

TEST(json, a_megabyte_is_read_in_no_time) {
  std::string body = "{\"a\":[";
  while (body.size() < 1'000'000)
    body += "{\"k\":\"\\\\\\\"v\",\"n\":27.200000762939453},";
  body += "0],\"z\":1}";
  const auto begin = std::chrono::steady_clock::now();
  const auto root = parse_json(body);
  ASSERT_TRUE(root);
  EXPECT_EQ(at(*root, {"z"}).text(), "1");
  // A hundred times what it takes: only a cost that grows with the square of the size reaches it.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{2});
}

TEST(json_span, canonical_text_is_one_for_all_texts_of_a_value) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"b":1,"a":[ 1.0 , -0, 1e21,null,true ],"":{}})", R"({"":{},"a":[1.0,-0,1e21,null,true],"b":1})"},
      {R"(  {"A":"x\u0041\/\n\"\\","a":{"z":[],"y":[[ ]]}} )",
       "{\"A\":\"xA/\n\\\"\\\\\",\"a\":{\"y\":[[]],\"z\":[]}}"},
      {R"({"a":1,"a":2,"\u0061":{"b":3}})", R"({"a":{"b":3}})"},
      {R"("\ud83d\ude00")", "\"\xf0\x9f\x98\x80\""},
      {"[]", "[]"},
      {"7", "7"},
  };
  for (const auto& [text, canonical] : cases) {
    const auto read = parse_json(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->canonical(), canonical) << text;
    EXPECT_EQ(parse_json(read->compact())->canonical(), canonical) << text;
  }
}

} // namespace
} // namespace causeway::tts
