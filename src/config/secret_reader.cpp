// SPDX-License-Identifier: Apache-2.0
#include "config/secret_reader.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <sys/stat.h>

namespace causeway::config {

result<secret_file> system_secret_reader::read(const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& why) {
    return error{errc::secret_unreadable, file.string() + ": " + why};
  };
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return refuse(std::strerror(errno));
  if (S_ISDIR(status.st_mode)) return refuse("is a directory");
  std::ifstream in{file, std::ios::binary};
  if (!in) return refuse(std::strerror(errno));
  std::string content(longest_file + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (in.bad()) return refuse("cannot be read");
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (content.size() > longest_file) return refuse("is larger than 64 KiB");
  return secret_file{secret{std::move(content)}, (status.st_mode & S_IROTH) != 0};
}

std::optional<secret> system_secret_reader::variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional{secret{value}} : std::nullopt;
}

} // namespace causeway::config
