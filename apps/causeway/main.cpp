// SPDX-License-Identifier: Apache-2.0
#include "causeway/command_line.h"

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  try {
    const auto asked = causeway::read_command_line(argc, argv);
    return asked.verb ? asked.verb() : asked.status;
  } catch (const std::exception& fault) {
    std::cerr << "causeway: " << fault.what() << '\n';
    return 1;
  }
}
