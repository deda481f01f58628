// SPDX-License-Identifier: Apache-2.0
// What a start needs of spool.db. What is damaged is left out and noted in the file's damage(). Numbers are
// the file's; a device's ref is its place among the devices. One thread at a time.
#pragma once

#include "store/spool_file.h"

#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace causeway::store {

struct stored_row {
  spool_seq seq = 0;
  stored_number device{};
  std::uint32_t bytes = 0;
  std::uint32_t accepted_at = 0; // in open seconds
};
struct stored_key {
  stored_number device{};
  model::kept_key key;
  friend bool operator==(const stored_key&, const stored_key&) = default;
};

// All errors: store_unavailable.
class spool_loader {
public:
  // file must live as long.
  explicit spool_loader(spool_file& file) : file_{file} {}

  // In the order of their numbers; each with the ref that it has from now on. Errors: state_unusable, when
  // there are more than there are places.
  result<std::vector<model::device_record>> devices();
  // Of those devices, by place.
  const std::vector<stored_number>& numbers() const { return numbers_; }
  // Nothing when there is no such device.
  std::optional<device_ref> ref_of(stored_number number);
  // One after the other, for there may be millions. In the order of seq.
  result<void> waiting(const std::function<void(const stored_row&)>& take);
  // The same. A device's of one kind oldest first. Of the version before only those that may still be of use.
  result<void> keys(const std::function<void(const stored_key&)>& take);
  // The same, in the order in which they were first kept.
  result<void> commands(const std::function<void(model::kept_command)>& take);
  result<std::map<application_id, wall_time>> cursors();
  // 0 when it is damaged: then what waits is given up late.
  result<std::uint32_t> open_seconds();
  // Reads a few of their records: whether the table of records is still that. What is alone in being bad is
  // left to the one who reads it.
  result<void> try_records(const std::vector<model::start_image::row>& waiting);

private:
  result<void> former_keys(const std::function<void(const stored_key&)>& take);
  result<void> compare_commands(std::uint64_t loaded);

  spool_file& file_;
  std::vector<stored_number> numbers_;
  std::size_t asked_last_ = 0; // of these
};

} // namespace causeway::store
