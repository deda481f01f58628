// SPDX-License-Identifier: Apache-2.0
#include "emulator/hub/identity_registry.h"

#include "base/encoding.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

key_pair some_keys() {
  return {azure::signing_key{secret{"one"}}, azure::signing_key{secret{"two"}}};
}

TEST(derive_keys, matches_the_published_vector) {
  // azure-iot-wire.md A.5, the example of Microsoft's documentation
  const key_pair group{
      azure::signing_key{secret{*base64_decode(
          "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==")}},
      azure::signing_key{secret{"other"}}};
  const auto derived = derive_keys(group, "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6");
  EXPECT_EQ(derived.primary.base64().reveal(), "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=");
  EXPECT_NE(derived.secondary.bytes(), derived.primary.bytes());
}

TEST(identity_registry, answers_to_its_host_names_with_and_without_port) {
  const identity_registry r{{"localhost", "127.0.0.1", "::1"}};
  EXPECT_EQ(r.host(), "localhost");
  EXPECT_TRUE(r.is_host("LOCALHOST"));
  EXPECT_TRUE(r.is_host("localhost:15671"));
  EXPECT_TRUE(r.is_host("127.0.0.1"));
  EXPECT_TRUE(r.is_host("::1"));
  EXPECT_FALSE(r.is_host("localhost.example"));
  EXPECT_FALSE(r.is_host("localhost:port"));
}

TEST(identity_registry, gives_a_new_generation_to_an_identity_made_again) {
  identity_registry r{{"localhost"}};
  const identity id{"a"};
  r.put(id, some_keys(), true);
  const auto first = r.find(id)->generation;
  r.put(id, some_keys(), false);
  EXPECT_EQ(r.find(id)->generation, first);
  EXPECT_FALSE(r.find(id)->enabled);
  EXPECT_TRUE(r.remove(id));
  EXPECT_FALSE(r.remove(id));
  EXPECT_EQ(r.find(id), nullptr);
  r.put(id, some_keys(), true);
  EXPECT_NE(r.find(id)->generation, first);
}

TEST(identity_registry, lists_names_in_pages) {
  identity_registry r{{"localhost"}};
  for (const auto* name : {"c", "a", "b"})
    r.put(identity{name}, some_keys(), true);
  EXPECT_EQ(r.list("", 2), (std::vector<identity>{identity{"a"}, identity{"b"}}));
  EXPECT_EQ(r.list("b", 2), (std::vector<identity>{identity{"c"}}));
}

} // namespace
} // namespace causeway::emulator
