// SPDX-License-Identifier: Apache-2.0
#include "causeway/tar_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace causeway {
namespace {

constexpr std::size_t block = 512;

} // namespace

void tar_file::add(std::string_view name, std::string_view content) {
  std::array<char, block> header{};
  const auto put = [&](std::size_t at, std::string_view text) {
    std::ranges::copy(text, header.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, name);
  put(100, "0000600");
  put(108, "0000000"); // owner and group: whoever unpacks it
  put(116, "0000000");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, fmt::format("{:011o}", modified_));
  put(148, "        "); // the checksum is made as if it were blanks
  put(156, "0");
  put(257, "ustar");
  put(263, "00");
  const auto sum = std::accumulate(header.begin(), header.end(), 0U, [](unsigned so_far, char one) {
    return so_far + static_cast<unsigned char>(one);
  });
  put(148, fmt::format("{:06o}", sum));
  header[154] = '\0';
  blocks_.append(header.data(), header.size());
  blocks_ += content;
  blocks_.resize((blocks_.size() + block - 1) / block * block, '\0');
}

std::optional<std::string> tar_file::gzipped() const {
  auto whole = blocks_ + std::string(2 * block, '\0');
  constexpr int gzip_window = 15 + 16; // 16: with gzip's header
  z_stream packer{};
  if (::deflateInit2(&packer, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return std::nullopt;
  std::string out(::deflateBound(&packer, whole.size()), '\0');
  packer.next_in = reinterpret_cast<Bytef*>(whole.data());
  packer.avail_in = static_cast<uInt>(whole.size());
  packer.next_out = reinterpret_cast<Bytef*>(out.data());
  packer.avail_out = static_cast<uInt>(out.size());
  const int ended = ::deflate(&packer, Z_FINISH);
  out.resize(packer.total_out);
  ::deflateEnd(&packer);
  if (ended != Z_STREAM_END) return std::nullopt;
  return out;
}

} // namespace causeway
