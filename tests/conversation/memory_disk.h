// SPDX-License-Identifier: Apache-2.0
// The spool and the device table in memory, with the one property of a disk that counts: what is asked for is
// kept only once its group has been committed, and a crash loses the rest. Outlives the gateways that use it.
#pragma once

#include "core/bridge.h"

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

namespace causeway::conversation {

// What becomes of the group that is being committed when the gateway crashes.
enum class crash_point : std::uint8_t {
  before_commit,
  after_commit, // durable, but nobody has heard of it
};

class memory_disk final : public model::spool, public model::device_store {
public:
  explicit memory_disk(const manual_clock& clock) : clock_{clock} {}

  void answer_to(core::bridge* bridge) { bridge_ = bridge; }
  // What a start reads.
  model::start_image load() const;
  void crash(crash_point where);

  // Commits what is due and answers; false when there was nothing to do.
  bool step();
  // When the group that waits is committed.
  std::optional<mono_time> deadline() const;

  std::size_t waiting_rows() const { return rows_.size(); }
  std::size_t dead_letters() const { return dead_letters_.size(); }
  std::uint64_t rows_done() const { return rows_done_; }
  std::uint64_t rows_read_back() const { return rows_read_back_; }
  std::uint64_t commits() const { return commits_; }
  std::size_t largest_group() const { return largest_group_; }
  // A row that was marked done or moved twice, or that was never there.
  std::uint64_t marks_without_row() const { return marks_without_row_; }

  result<void> append(model::append_request request) override;
  void mark_done(spool_seq seq) override;
  void dead_letter(spool_seq seq, const error& reason) override;
  void read_back(std::vector<spool_seq> seqs) override;
  void save_device(const model::device_record& record) override;
  void save_assignment(device_ref device, const model::assignment& where) override;
  void forget_assignment(device_ref device) override;
  void forget_device(device_ref device, const model::device_key& key) override;

private:
  struct done {
    spool_seq seq = 0;
  };
  struct forget {
    device_ref device{};
  };
  using operation = std::variant<model::append_request, done, model::device_record,
                                 std::pair<device_ref, model::assignment>, forget>;

  void queue(operation what);
  std::vector<spool_seq> commit();

  const manual_clock& clock_;
  core::bridge* bridge_ = nullptr;
  // Durable.
  std::map<spool_seq, model::spool_row> rows_;
  std::map<device_ref, model::device_record> devices_;
  std::map<device_ref, model::assignment> assignments_;
  std::vector<model::start_image::recent_key> keys_;
  std::vector<std::pair<spool_seq, errc>> dead_letters_;
  spool_seq next_seq_ = 1;
  // Lost in a crash.
  std::vector<operation> group_;
  std::optional<mono_time> commit_at_;
  std::vector<std::vector<spool_seq>> reads_;

  std::uint64_t rows_done_ = 0, rows_read_back_ = 0, commits_ = 0, marks_without_row_ = 0;
  std::size_t largest_group_ = 0;
};

} // namespace causeway::conversation
