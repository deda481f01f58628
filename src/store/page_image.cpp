// SPDX-License-Identifier: Apache-2.0
#include "store/page_image.h"

#include <algorithm>
#include <limits>

namespace causeway::store {
namespace {

constexpr std::size_t header_bytes = 100;

// Of the file's header; 0: it has none that makes sense.
std::uint32_t page_size_of(std::string_view header) {
  const auto high = static_cast<unsigned char>(header[16]), low = static_cast<unsigned char>(header[17]);
  const std::uint32_t size = std::uint32_t{high} << 8 | low;
  if (size == 1) return 65'536;
  return size >= 512 && (size & (size - 1)) == 0 ? size : 0;
}

} // namespace

result<page_image> page_image::open(const std::filesystem::path& file) {
  page_image made;
  auto log = scan_log(file.string() + "-wal");
  if (!log) return std::move(log).fault();
  made.log_ = *std::move(log);
  auto main = raw_file::open(file);
  if (!main) return std::move(main).fault();
  made.file_ = *std::move(main);
  auto side = raw_file::open(file.string() + "-wal");
  if (!side) return std::move(side).fault();
  made.log_file_ = *std::move(side);
  std::string header(header_bytes, '\0');
  const bool has_header = made.file_ && made.file_->read(0, header);
  const bool logged = made.log_.pages != 0;
  if (logged) made.page_size_ = made.log_.page_size;
  if (const auto said = has_header ? page_size_of(header) : 0; said != 0 && !logged) made.page_size_ = said;
  const auto there = made.file_ ? made.file_->size() / made.page_size_ : 0;
  made.pages_ = logged ? made.log_.pages
                       : static_cast<std::uint32_t>(
                             std::min<std::uint64_t>(there, std::numeric_limits<std::uint32_t>::max()));
  return made;
}

bool page_image::read(std::uint32_t number, std::string& into) {
  if (number == 0 || number > pages_) return false;
  into.resize(page_size_);
  if (const auto found = log_.newest.find(number); found != log_.newest.end())
    return log_file_ && log_file_->read(found->second, into);
  return file_ && file_->read(std::uint64_t{number - 1} * page_size_, into);
}

} // namespace causeway::store
