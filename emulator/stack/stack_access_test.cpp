// SPDX-License-Identifier: Apache-2.0
#include "emulator/stack/stack_access.h"

#include <gtest/gtest.h>

namespace causeway::emulator {
namespace {

class stack_access_test : public testing::Test {
protected:
  stack_access_test() { registry_.add_application("app-one", "NNSXS.A.B", {}); }
  registry_response get(const std::string& path, const std::string& key, const std::string& query = {}) {
    return access_.handle({"GET", path, query, key.empty() ? "" : "Bearer " + key}, clock_.now());
  }

  manual_clock clock_;
  fault_table faults_;
  stack_registry registry_{faults_, {}, "seed"};
  stack_access access_{registry_};
};

TEST_F(stack_access_test, a_key_is_told_its_rights_and_a_wrong_one_what_is_wrong) {
  const auto told = get("/api/v3/auth_info", "NNSXS.A.B");
  EXPECT_EQ(told.status, 200);
  EXPECT_NE(told.body.find("RIGHT_APPLICATION_TRAFFIC_READ"), std::string::npos);
  EXPECT_NE(told.body.find(R"("application_id":"app-one")"), std::string::npos);
  EXPECT_EQ(get("/api/v3/auth_info", "").body, "{}");
  const auto malformed = get("/api/v3/auth_info", "NNSXS.A");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_NE(malformed.body.find("pkg/auth:token"), std::string::npos);
  const auto unknown = get("/api/v3/auth_info", "NNSXS.X.B");
  EXPECT_EQ(unknown.status, 401);
  EXPECT_NE(unknown.body.find("api_key_not_found"), std::string::npos);
  const auto wrong = get("/api/v3/auth_info", "NNSXS.A.C");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_NE(wrong.body.find("invalid_authorization"), std::string::npos);
  access_.change("app-one", *parse_access_change(R"({"expires_at":"2025-01-01T00:00:00Z"})"));
  EXPECT_NE(get("/api/v3/auth_info", "NNSXS.A.B").body.find("api_key_expired"), std::string::npos);
}

TEST_F(stack_access_test, webhooks_need_the_right_and_have_what_was_asked_for) {
  const std::string path = "/api/v3/as/webhooks/app-one";
  EXPECT_EQ(get(path, "NNSXS.A.B").body, "{}");
  access_.change("app-one",
                 *parse_access_change(
                     R"({"webhooks":[{"ids":{"webhook_id":"h"},"base_url":"u","headers":{"a":"b"}}]})"));
  EXPECT_EQ(get(path, "NNSXS.A.B").body, R"({"webhooks":[{"ids":{"webhook_id":"h"},"base_url":"u"}]})");
  EXPECT_NE(get(path, "NNSXS.A.B", "field_mask=headers").body.find(R"("headers":{"a":"b"})"),
            std::string::npos);
  EXPECT_EQ(get(path, "NNSXS.A.B", "field_mask=nothing").status, 400);
  EXPECT_EQ(get(path, "").status, 403);
  EXPECT_EQ(get("/api/v3/as/webhooks/app-two", "NNSXS.A.B").status, 403);
  access_.change("app-one", *parse_access_change(R"({"rights":["RIGHT_APPLICATION_DEVICES_READ"]})"));
  const auto refused = get(path, "NNSXS.A.B");
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("RIGHT_APPLICATION_TRAFFIC_READ"), std::string::npos);
}

} // namespace
} // namespace causeway::emulator
