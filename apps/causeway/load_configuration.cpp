// SPDX-License-Identifier: Apache-2.0
#include "causeway/load_configuration.h"

#include "admin/printable.h"
#include "app/transforms.h"
#include "app/wiring.h"
#include "config/loader.h"

#include <iostream>

namespace causeway {

std::optional<config::configuration> load_configuration(const std::string& file) {
  auto report = config::load(file);
  for (const auto& warning : report.warnings)
    std::cerr << "warning: " << admin::printable(report.format(warning)) << '\n';
  for (const auto& fault : report.faults)
    std::cerr << admin::printable(report.format(fault)) << '\n';
  if (!report.value) return std::nullopt;
  const auto uncompiled = app::check_transforms(*report.value, app::transform_executable());
  for (const auto& fault : uncompiled)
    std::cerr << admin::printable(report.format(fault)) << '\n';
  const auto faults = app::check_configuration(*report.value);
  for (const auto& fault : faults)
    std::cerr << file << ": " << fault.name() << ": " << admin::printable(fault.message()) << '\n';
  if (!faults.empty() || !uncompiled.empty()) return std::nullopt;
  return std::move(report.value);
}

} // namespace causeway
