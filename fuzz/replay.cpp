// SPDX-License-Identifier: Apache-2.0
// The main() of a fuzz target without libFuzzer: feeds it every file that is named, folders with all that is
// in them. A finding ends the program; the last line printed then names its file.
#include "target.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

std::vector<std::filesystem::path> files_of(const std::filesystem::path& named) {
  if (!std::filesystem::is_directory(named)) return {named};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{named})
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

bool replay(const std::filesystem::path& path) {
  std::printf("%s\n", path.c_str());
  std::fflush(stdout);
  std::ifstream file{path, std::ios::binary};
  if (!file) return false;
  const std::vector<char> bytes{std::istreambuf_iterator<char>{file}, {}};
  // A copy of the exact size, so that AddressSanitizer sees a read beyond it.
  const std::vector<std::uint8_t> input{bytes.begin(), bytes.end()};
  LLVMFuzzerTestOneInput(input.data(), input.size());
  return true;
}

} // namespace

int main(int argc, char** argv) try {
  std::size_t replayed = 0;
  for (int i = 1; i < argc; ++i)
    for (const auto& path : files_of(argv[i])) {
      if (!replay(path)) {
        std::fprintf(stderr, "cannot be read: %s\n", path.c_str());
        return 2;
      }
      ++replayed;
    }
  std::printf("%zu inputs\n", replayed);
  return replayed == 0 ? 2 : 0;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
