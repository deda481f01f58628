// SPDX-License-Identifier: Apache-2.0
// causeway-bench-floor FILE: what `causeway-bench floor` runs in place of the gateway.
#include "causeway_bench/floor_program.h"

#include <csignal>
#include <iostream>

int main(int argc, char** argv) {
  using namespace causeway::bench;
  if (argc != 2) {
    std::cerr << "causeway-bench-floor: takes the file that `causeway-bench floor` writes\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes by write(2)
  try {
    auto settings = read_floor_settings(argv[1]);
    if (!settings) throw std::runtime_error{settings.fault().message()};
    floor_program{std::move(*settings)}.run();
  } catch (const std::exception& fault) {
    std::cerr << "causeway-bench-floor: " << fault.what() << '\n';
    return 1;
  }
}
