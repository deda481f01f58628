// SPDX-License-Identifier: Apache-2.0
#include "causeway/load_configuration.h"

#include "app/configuration_check.h"
#include "app/transforms.h"
#include "watch/printable.h"

#include <sys/resource.h>

#include <iostream>

namespace causeway {
namespace {

// From here on secrets are in memory. 1 and not 0: for that limit alone the kernel does not start the program
// that core_pattern pipes dumps to, and one byte is less than any dump's first page, so no file is made
// either.
void forbid_core_dumps() {
  constexpr rlimit one{1, 1};
  static_cast<void>(::setrlimit(RLIMIT_CORE, &one)); // refused only where the hard limit is 0 already
}

} // namespace

config::config_report read_configuration(const std::string& file, purpose what_for) {
  forbid_core_dumps();
  auto report = config::load(file);
  if (const auto* read = report.readable()) {
    auto found = app::check_configuration(*read, {system_clock{}.now().wall, what_for == purpose::check});
    for (const auto& fault : app::check_transforms(*read, app::transform_executable()))
      found.refuse(fault.at, fault.what);
    report.add(std::move(found));
  }
  return report;
}

std::optional<config::configuration> load_configuration(const std::string& file, purpose what_for) {
  auto report = read_configuration(file, what_for);
  for (const auto& line : report.lines())
    std::cerr << watch::printable(line) << '\n';
  return std::move(report.value);
}

} // namespace causeway
