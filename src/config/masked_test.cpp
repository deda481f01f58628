// SPDX-License-Identifier: Apache-2.0
#include "config/masked.h"

#include "config/key_table.h"

#include <gtest/gtest.h>

namespace causeway::config {
namespace {

std::string show(const std::string& text) {
  const auto parsed = parse_toml(text);
  EXPECT_TRUE(parsed.root) << parsed.fault;
  return show_masked(*parsed.root, [](std::string_view name) { return name.ends_with("/there.key"); });
}

// "[azure.one.devices.two]" of "azure.NAME.devices.ID".
std::string heading_of(std::string_view section) {
  if (section == "azure.NAME") return "[azure.one]";
  if (section == "azure.NAME.devices.ID") return "[azure.one.devices.two]";
  if (section == "application") return "[[application]]";
  if (section == "application.command.NAME") return "[[application]]\n[application.command.open]";
  return "[" + std::string{section} + "]";
}

TEST(a_masked_configuration, has_no_secret_of_any_key_in_any_form) {
  int planted = 0;
  for (const auto& key : keys()) {
    if (key.kind != value_kind::secret) continue;
    for (const std::string ending : {"", "_file", "_env"}) {
      const auto name = std::string{key.name} + ending;
      const auto shown =
          show(heading_of(key.section) + "\n" + name + " = \"hunter2\" # and hunter2 in a comment\n");
      EXPECT_EQ(shown.find("hunter2"), std::string::npos) << shown;
      EXPECT_NE(shown.find(name + " = ("), std::string::npos) << shown;
      ++planted;
    }
  }
  EXPECT_GE(planted, 33);
}

TEST(a_masked_configuration, keeps_what_is_no_secret) {
  EXPECT_EQ(show(R"([things_stack]
base_url = "https://eu1.example.com"
[azure.field]
id_scope = "0ne00000000"
group_key_file = "/etc/causeway/there.key"
units = 2
[azure.field.devices]
"meter-17" = { key_file = "nowhere" }
[[application]]
id = "water"
events = ["uplink", "join"]
commands = true
[application.command.LightsOn]
port = 10
payload = { value = 1 }
[[application]]
id = "gas"
)"),
            R"([things_stack]
base_url = "https://eu1.example.com"

[azure.field]
id_scope = "0ne00000000"
group_key_file = "/etc/causeway/there.key"
units = 2

[azure.field.devices.meter-17]
key_file = (no such file, not shown)

[application]
id = "water"
events = ["uplink", "join"]
commands = true

[application.command.LightsOn]
port = 10
payload = (a payload, not shown)

[application]
id = "gas"

)");
}

TEST(a_masked_configuration, leaves_out_what_stands_where_it_does_not_belong) {
  const auto shown = show(R"(pasted = "hunter2"
[webhook]
pasword = "hunter2"
listen = "HostName=h;SharedAccessKey=aHVudGVyMg=="
password = { file = "hunter2" }
[vault]
token = "hunter2"
[azure.one.secrets]
token = "hunter2"
)");
  EXPECT_EQ(shown.find("hunter2"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("aHVudGVyMg"), std::string::npos) << shown;
  EXPECT_NE(shown.find("pasword = (an unknown key, not shown)"), std::string::npos) << shown;
  EXPECT_NE(shown.find("[vault]\n(an unknown section, not shown)"), std::string::npos) << shown;
  EXPECT_NE(shown.find("[azure.one.secrets]\n(an unknown section, not shown)"), std::string::npos) << shown;
}

} // namespace
} // namespace causeway::config
