// SPDX-License-Identifier: Apache-2.0
// Who waits for the emptying of a device's queue, or for a command to be called off, between the admin API
// and the core. Bounded by the connections of the admin listeners. Loop's thread only.
#pragma once

#include "core/command_side.h"
#include "net/loop.h"

namespace causeway::app {

// Ends when the core says what became of it, or `unanswered` when that takes longer than its wait for a turn
// and a push together can. core must live as long.
net::task<model::queue_clearing> clear_queue(net::loop& on, core::command_side& core, model::device_key of);
// Ends when it is durable, or is refused; `unavailable` when the disk takes its time.
net::task<model::calling_off> call_off(net::loop& on, core::command_side& core, model::command_id which);

} // namespace causeway::app
