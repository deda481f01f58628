// SPDX-License-Identifier: Apache-2.0
// What a damaged disk must not change unseen: each stored message and event lies in a seal that says whose it
// is, and each row of the spool's tables has a digest. Pure functions, any thread.
#pragma once

#include "base/ids.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::store {

struct record_seal {
  spool_seq seq = 0;
  std::int64_t at = 0;                  // accepted: milliseconds since 1970
  std::string_view application, device; // less than 64 KiB each
  std::optional<std::uint64_t> dev_eui; // as known when it came
  friend bool operator==(const record_seal&, const record_seal&) = default;
};

struct unsealed_record {
  record_seal seal; // views into what was given
  std::string_view content;
};

// 28 bytes and the names, or 36, in front of the content; the checksum is over all of it.
std::string seal(const record_seal& with, std::string_view content);
// Neither a record of before (model::encode_message) nor an event in JSON begins as a seal does.
bool is_sealed(std::string_view record);
// Errors: record_corrupt.
result<unsealed_record> unseal(std::string_view record);

// Over a row's columns in their order. The same numbers as SQL's row_digest(…).
class row_digest {
public:
  // The next row, in the memory of the one before.
  row_digest& begin();
  row_digest& add(std::int64_t number);
  row_digest& add(std::string_view text);
  // Never negative.
  std::int64_t value() const;

private:
  std::string all_;
};

// Of a row of `spool`, for which 31 bits are enough beside a message's seal: never negative.
std::int64_t waiting_digest(std::int64_t seq, std::int64_t device, std::int64_t size, std::int64_t at);

} // namespace causeway::store
