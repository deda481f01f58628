// SPDX-License-Identifier: Apache-2.0
// The six downlink kinds of ApplicationUp (things-stack-wire.md C.2, D.3). Pure; any thread.
#pragma once

#include "model/event.h"
#include "tts/json_span.h"

namespace causeway::tts {

// What of the envelope belongs to such an event.
struct downlink_envelope {
  json_span correlation_ids, received_at, end_device_ids;
  bool whole = false; // nothing of the envelope has been left out by a mask
};

// content: of the kind's member; the item is in it, or in its `downlink`, or several are in its `downlinks`.
// Never refused: what has another shape than it should is not known.
model::downlink_event read_downlink_event(model::event_kind kind, const json_span& content,
                                          const downlink_envelope& of);

// Correlation ids: the texts of a list; of what is no list none.
std::vector<std::string> read_correlation_ids(const json_span& list);

} // namespace causeway::tts
