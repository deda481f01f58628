// SPDX-License-Identifier: Apache-2.0
// What lies in the spool against its limits, in all and by application: pure bookkeeping. That is what waits
// and the dead letters, which nothing pushes out. What is being stored counts from the moment it is handed to
// the spool; what is done, from the moment its mark is. Owned by the shard; one thread.
#pragma once

#include "base/clock.h"
#include "core/by_application.h"
#include "core/limits.h"
#include "core/words.h"
#include "model/amount.h"
#include "model/totals.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace causeway::core {

class spool_room {
public:
  enum class shortage : std::uint8_t { spool, share };

  spool_room(const spool_limits& limits, std::size_t applications);
  // So many are configured from now on.
  void divide(std::size_t applications);

  // What is too small for so much more of this application; nothing when it fits.
  std::optional<shortage> lacks(std::uint32_t application, const amount& more) const;
  // Whether it would fit beside the dead letters alone, if nothing waited.
  bool can_ever_take(std::uint32_t application, const amount& more) const;

  void take(std::uint32_t application, const amount& what);
  void give(std::uint32_t application, const amount& what);
  // What waited is a dead letter now: it needs no room that it has not.
  void bury(std::uint32_t application, const amount& what);
  // How much all dead letters of the application are, as the store counts them; of one that is not configured
  // any more with set_stray_letters, all of them in one sum.
  void set_letters(std::uint32_t application, const amount& are);
  void set_stray_letters(const amount& are);
  // Of applications that are not configured any more: counts in all, and has no share.
  void take_stray(const amount& what) { total_ += what; }
  void give_stray(const amount& what) { total_ -= what; }

  const amount& total() const { return total_; } // what waits
  const amount& of(std::uint32_t application) const { return by_application_[application].waiting; }
  const amount& letters() const { return letters_; }
  const amount& letters_of(std::uint32_t application) const { return by_application_[application].letters; }
  // The part of the application's share that its dead letters take: the larger one of messages and bytes.
  double letters_part(std::uint32_t application) const;
  const amount& share() const { return share_; }

private:
  struct holding {
    amount waiting, letters;
  };
  amount most_, share_;
  std::uint32_t share_percent_;
  amount total_, letters_, stray_letters_; // letters_: those of strays among them
  by_application<holding> by_application_;
};

} // namespace causeway::core
