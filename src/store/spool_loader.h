// SPDX-License-Identifier: Apache-2.0
// What a start needs of spool.db. What is damaged is left out and noted in the file's damage(). One thread at
// a time.
#pragma once

#include "store/spool_file.h"

#include <map>
#include <vector>

namespace causeway::store {

// All errors: store_unavailable.
class spool_loader {
public:
  // file must live as long.
  explicit spool_loader(spool_file& file) : file_{file} {}

  result<std::vector<model::device_record>> devices();
  result<std::vector<model::start_image::row>> waiting();
  // A device's of one kind oldest first. Of the version before only those that may still be of use.
  result<std::vector<model::start_image::recent_key>> keys();
  result<std::map<application_id, wall_time>> cursors();
  // 0 when it is damaged: then what waits is given up late.
  result<std::uint32_t> open_seconds();
  // Reads a few of their records: whether the table of records is still that. What is alone in being bad is
  // left to the one who reads it.
  result<void> try_records(const std::vector<model::start_image::row>& waiting);

private:
  result<void> former_keys(std::vector<model::start_image::recent_key>& into);

  spool_file& file_;
};

} // namespace causeway::store
