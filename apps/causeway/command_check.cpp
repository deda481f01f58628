// SPDX-License-Identifier: Apache-2.0
#include "causeway/command_check.h"

#include "causeway/load_configuration.h"

#include <iostream>

namespace causeway {

int command_check(const std::string& file) {
  const auto settings = load_configuration(file);
  if (!settings) return 2;
  std::cout << file << ": good: " << settings->applications.size() << " application(s), "
            << settings->azure.size() << " azure section(s)\n";
  return 0;
}

} // namespace causeway
