// SPDX-License-Identifier: Apache-2.0
#include "store/page_image.h"

#include <algorithm>
#include <limits>

namespace causeway::store {

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
  const bool logged = made.log_.pages != 0 && made.log_.page_size == page_size;
  const auto there = made.file_ ? made.file_->size() / page_size : 0;
  made.pages_ = logged ? made.log_.pages
                       : static_cast<std::uint32_t>(
                             std::min<std::uint64_t>(there, std::numeric_limits<std::uint32_t>::max()));
  if (!logged) made.log_.newest.clear();
  return made;
}

bool page_image::read(std::uint32_t number, std::string& into) {
  if (number == 0 || number > pages_) return false;
  into.resize(page_size);
  if (const auto found = log_.newest.find(number); found != log_.newest.end())
    return log_file_ && log_file_->read(found->second, into);
  return file_ && file_->read(std::uint64_t{number - 1} * page_size, into);
}

std::optional<std::int64_t> page_image::version(std::uint32_t application_id) const {
  constexpr std::uint32_t utf_8 = 1;
  std::string header(72, '\0');
  const auto logged = log_.newest.find(1);
  const auto& from = logged != log_.newest.end() ? log_file_ : file_;
  if (!from || !from->read(logged != log_.newest.end() ? logged->second : 0, header)) return std::nullopt;
  if (big_word(header, 56) != utf_8 || big_word(header, 68) != application_id) return std::nullopt;
  return static_cast<std::int32_t>(big_word(header, 60));
}

} // namespace causeway::store
