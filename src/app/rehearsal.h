// SPDX-License-Identifier: Apache-2.0
// What a start would do, without doing it: the state is read, the registry is asked, nothing is registered,
// attached or written. Loop's thread only.
#pragma once

#include "config/configuration.h"
#include "model/start_image.h"
#include "net/loop.h"
#include "watch/plan.h"

namespace causeway::app {

// Reads what a start would find, as it stands; nothing where there has been no start. Errors: state_locked,
// state_unusable, state_newer.
result<model::start_image> read_state(const net::loop& on, const config::configuration& from);

// Waits for the registry at most this long; where it does not answer, the devices of its last listing are
// counted and the plan says so. from must live until it has ended. Errors: as gateway::start; state_locked
// means that a gateway runs, which can be asked; state_unusable, too, where a start would migrate an older
// state.
net::task<result<watch::plan>> rehearse(net::loop& on, const config::configuration& from,
                                        milliseconds patience);

} // namespace causeway::app
