// SPDX-License-Identifier: Apache-2.0
// The format: https://www.sqlite.org/fileformat2.html section 4.
#include "store/log_scan.h"

#include "store/raw_file.h"

#include <array>
#include <optional>
#include <vector>

namespace causeway::store {
namespace {

constexpr std::size_t header_bytes = 32, frame_header_bytes = 24;
constexpr std::uint32_t magic = 0x377f0682; // and the same + 1 where checksums are of big-endian words

struct checksum {
  std::uint32_t a = 0, b = 0;
  friend bool operator==(const checksum&, const checksum&) = default;
};

// Precondition: a multiple of 8 bytes.
checksum add(checksum sum, std::string_view bytes, bool big_endian) {
  const auto word = [&](std::size_t at) { return big_endian ? big_word(bytes, at) : little_word(bytes, at); };
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    sum.a += word(at) + sum.b;
    sum.b += word(at + 4) + sum.a;
  }
  return sum;
}

struct frame {
  std::uint32_t page = 0, pages_after = 0; // pages_after: of a commit's last frame
  bool is_good = false;
};

struct log_header {
  bool is_good = false, big_endian = false;
  std::uint32_t page_size = 4096;
  std::uint64_t salt = 0;
  checksum sum;
};

bool is_page_size(std::uint32_t size) {
  return size >= 512 && size <= 65'536 && (size & (size - 1)) == 0;
}

std::uint64_t salt_at(std::string_view bytes, std::size_t at) {
  return std::uint64_t{big_word(bytes, at)} << 32 | big_word(bytes, at + 4);
}

log_header read_header(std::string_view bytes) {
  log_header out;
  const auto first = big_word(bytes, 0);
  out.big_endian = first == magic + 1;
  const auto page_size = big_word(bytes, 8);
  out.sum = {big_word(bytes, 24), big_word(bytes, 28)};
  out.is_good = (first & ~1U) == magic && is_page_size(page_size) &&
                add({}, bytes.substr(0, 24), out.big_endian) == out.sum;
  if (!out.is_good) return out;
  out.page_size = page_size;
  out.salt = salt_at(bytes, 16);
  return out;
}

std::vector<frame> read_frames(raw_file& file, const log_header& header) {
  std::vector<frame> frames;
  std::string bytes(frame_header_bytes + header.page_size, '\0');
  std::optional<checksum> before;
  if (header.is_good) before = header.sum;
  for (auto at = header_bytes; at + bytes.size() <= file.size(); at += bytes.size()) {
    frame one;
    if (!file.read(at, bytes)) {
      before.reset();
      frames.push_back(one);
      continue;
    }
    const std::string_view all{bytes};
    const checksum stored{big_word(all, 16), big_word(all, 20)};
    one.page = big_word(all, 0);
    one.pages_after = big_word(all, 4);
    one.is_good = before && one.page != 0 && salt_at(all, 8) == header.salt &&
                  add(add(*before, all.substr(0, 8), header.big_endian), all.substr(frame_header_bytes),
                      header.big_endian) == stored;
    before = stored;
    frames.push_back(one);
  }
  return frames;
}

void judge(const std::vector<frame>& frames, bool header_is_good, log_findings& out) {
  std::size_t first_bad = 0, end = 0; // end: behind the last commit that SQLite takes
  while (first_bad < frames.size() && frames[first_bad].is_good)
    ++first_bad;
  if (!header_is_good) first_bad = 0;
  for (std::size_t i = 0; i < first_bad; ++i)
    if (frames[i].pages_after != 0) end = i + 1;
  // The commit that the bad frame belongs to may be the last one, which a cut may spoil anywhere. Without a
  // header, which is on the disk before the first frame, there was no cut.
  bool past_it = !header_is_good;
  std::size_t last_commit = end;
  for (std::size_t i = first_bad; i < frames.size(); ++i) {
    if (!frames[i].is_good) continue;
    if (past_it) out.damaged = true;
    if (frames[i].pages_after == 0) continue;
    past_it = true;
    last_commit = i + 1;
  }
  out.good = end;
  if (out.damaged) end = last_commit;
  for (std::size_t i = 0; i < end; ++i) {
    if (!frames[i].is_good) {
      ++out.bad;
      continue;
    }
    if (i >= first_bad) ++out.behind;
    if (frames[i].pages_after != 0) out.pages = frames[i].pages_after;
    out.newest[frames[i].page] = header_bytes + i * (frame_header_bytes + out.page_size) + frame_header_bytes;
  }
}

} // namespace

result<log_findings> scan_log(const std::filesystem::path& log) {
  log_findings out;
  auto opened = raw_file::open(log);
  if (!opened) return std::move(opened).fault();
  if (!*opened || (*opened)->size() < header_bytes + frame_header_bytes) return out;
  auto& file = **opened;
  std::string bytes(header_bytes + frame_header_bytes, '\0');
  if (!file.read(0, bytes)) bytes.assign(bytes.size(), '\0');
  auto header = read_header(std::string_view{bytes}.substr(0, header_bytes));
  if (!header.is_good) {
    std::string first(frame_header_bytes, '\0');
    if (file.read(header_bytes, first)) header.salt = salt_at(first, 8);
  }
  out.page_size = header.page_size;
  judge(read_frames(file, header), header.is_good, out);
  return out;
}

} // namespace causeway::store
