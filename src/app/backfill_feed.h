// SPDX-License-Identifier: Apache-2.0
// What stack::backfill needs of the gateway: hands in what was missed, and keeps the cursors. Loop's thread
// only.
#pragma once

#include "core/shard.h"
#include "stack/answer_desk.h"
#include "stack/backfill.h"
#include "store/store.h"

namespace causeway::app {

class backfill_feed final : public stack::backfill_events {
public:
  // All of them must live as long.
  backfill_feed(core::shard& shard, stack::answer_desk& desk, store::store& store, const clock& time)
      : shard_{shard}, desk_{desk}, store_{store}, clock_{time} {}

  void take(model::event event, std::function<void(model::answer)> done) override;
  void save_cursor(const application_id& application, wall_time cursor) override;

private:
  core::shard& shard_;
  stack::answer_desk& desk_;
  store::store& store_;
  const clock& clock_;
};

} // namespace causeway::app
