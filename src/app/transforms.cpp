// SPDX-License-Identifier: Apache-2.0
#include "app/transforms.h"

#include "net/task_group.h"

#include <algorithm>
#include <filesystem>
#include <optional>

namespace causeway::app {
namespace {

struct compiling {
  net::loop loop;
  net::task_group tasks{loop};
  std::optional<result<void>> outcome;
};

net::task<> compile(compiling* self, std::string executable, std::string program) {
  auto outcome = co_await transform::check_transform(&self->loop, std::move(executable), std::move(program));
  self->outcome.emplace(std::move(outcome));
  self->loop.stop();
}

result<void> compile(const std::string& executable, const std::string& program) {
  // To jq an empty program is `.`; here it is a slip.
  if (program.find_first_not_of(" \t\r\n") == std::string::npos)
    return error{errc::transform_invalid, "it is empty; `.` sends the event as received"};
  compiling self;
  self.tasks.spawn("compile", net::restart_policy::never,
                   [&] { return compile(&self, executable, program); });
  self.loop.run();
  return std::move(*self.outcome);
}

// jq's words are lines, some of them with the program's own text.
std::string one_line(std::string words) {
  std::replace(words.begin(), words.end(), '\n', ' ');
  return words;
}

} // namespace

std::string transform_executable() {
  std::error_code unknown;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  const auto installed = self.parent_path().parent_path() / "lib" / "causeway" / "causeway-transform";
  if (std::filesystem::exists(installed, unknown)) return installed.string();
  return (self.parent_path() / "causeway-transform").string();
}

std::vector<transform::transform_program> make_transform_programs(const config::configuration& from) {
  std::vector<transform::transform_program> programs;
  for (const auto& one : from.applications)
    if (one.transform) programs.push_back({one.id, one.transform->program});
  return programs;
}

std::vector<config::fault> check_transforms(const config::configuration& from,
                                            const std::string& executable) {
  std::vector<config::fault> faults;
  for (const auto& one : from.applications) {
    if (!one.transform) continue;
    const auto compiled = compile(executable, one.transform->program);
    if (compiled) continue;
    faults.push_back({one.transform->at, error{compiled.fault().code(),
                                               "application " + one.id.str() + ", " + one.transform->source +
                                                   ": " + one_line(compiled.fault().detail())}});
  }
  return faults;
}

} // namespace causeway::app
