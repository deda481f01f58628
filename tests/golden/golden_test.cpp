// SPDX-License-Identifier: Apache-2.0
// Every sample of The Things Stack in every format: what is sent, or why nothing is. With
// CAUSEWAY_WRITE_GOLDEN=1 in the environment the files are written instead of compared.
#include "app/trial.h"
#include "config/loader.h"
#include "net/run_task.h"
#include "tts/messages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace causeway {
namespace {

const std::filesystem::path data{CAUSEWAY_TEST_DATA};

struct golden_format {
  const char* name;   // the folder's
  std::string choice; // in [[application]]
  const char* azure = "hub";
};

const golden_format formats[]{
    {"flat", "format = \"flat\""},
    {"flat-iot-central", "format = \"flat\"", "central"},
    {"things-stack", "format = \"things-stack\""},
    {"devmobile", "format = \"devmobile\""},
    {"transform", "transform_file = \"" + (data / "transforms/measurements.jq").string() + "\""},
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return file ? text.str() : "(cannot be read: " + path.string() + ")\n";
}

// No files and no variables.
class no_secrets final : public config::secret_reader {
public:
  result<config::secret_file> read(const std::filesystem::path& file) override {
    return error{errc::secret_unreadable, file.string()};
  }
  std::optional<secret> variable(const std::string&) override { return std::nullopt; }
};

config::configuration configure(const golden_format& format, const application_id& application) {
  const auto text = R"([webhook]
password = "x"
[azure.hub]
connection_string = "x"
[azure.central]
kind = "iot-central"
id_scope = "0ne"
group_key = "AAEC"
[[application]]
events = ["uplink", "join", "location", "service", "normalized"]
)" + std::string{"id = \""} +
                    application.str() + "\"\nazure = \"" + format.azure + "\"\n" + format.choice + "\n";
  no_secrets secrets;
  auto report = config::parse(text, "golden.toml", secrets);
  for (const auto& fault : report.faults)
    ADD_FAILURE() << report.format(fault);
  return std::move(*report.value);
}

// As the webhook would read it, posted to /webhook/app1/devices/dev1 where the body has no ids.
result<model::event> read_event(const std::string& text) {
  auto event = tts::parse_application_up(text, {});
  if (!event && event.fault().code() == errc::identifiers_missing)
    return tts::parse_application_up(text, {"app1", "dev1"});
  return event;
}

std::string outcome_of(const golden_format& format, const std::string& text) {
  auto event = read_event(text);
  if (!event)
    return "outcome: refused\nerror: " + std::string{event.fault().name()} +
           "\ndetail: " + event.fault().detail() + "\n";
  const auto settings = configure(format, event->from.application);
  net::loop loop;
  // 2026-01-01T00:00:00Z; ids without a key are all a's.
  app::trial_options options{CAUSEWAY_TRANSFORM, [] { return 0xaaaaaaaaaaaaaaaaU; }, manual_clock{}.now()};
  const auto outcome =
      net::run_task(loop, app::try_event(&loop, &settings, std::move(*event), std::move(options)));
  return app::format_trial(outcome);
}

std::vector<std::filesystem::path> samples() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator{data / "things-stack"})
    if (entry.path().filename() != "README.md") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

class golden : public testing::TestWithParam<golden_format> {};

TEST_P(golden, each_sample_becomes_what_its_file_says) {
  const bool write = std::getenv("CAUSEWAY_WRITE_GOLDEN") != nullptr;
  const auto folder = data / "golden" / GetParam().name;
  std::size_t compared = 0;
  for (const auto& sample : samples()) {
    const auto file = folder / sample.filename().replace_extension(".txt");
    const auto is = outcome_of(GetParam(), read_file(sample));
    if (write) std::ofstream{file, std::ios::binary} << is;
    EXPECT_EQ(is, read_file(file)) << file;
    ++compared;
  }
  EXPECT_GE(compared, 64U);
  const auto files = std::distance(std::filesystem::directory_iterator{folder}, {});
  EXPECT_EQ(static_cast<std::size_t>(files), compared) << folder << " has a file without a sample";
}

INSTANTIATE_TEST_SUITE_P(formats, golden, testing::ValuesIn(formats), [](const auto& one) {
  std::string name = one.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

} // namespace
} // namespace causeway
