// SPDX-License-Identifier: Apache-2.0
// What the Storage Integration of The Things Stack answers with: records {"result":{ApplicationUp}}, one
// behind the other with white space between them (things-stack-wire.md G, E.7). Pure; any thread.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/event.h"

#include <optional>
#include <string_view>
#include <vector>

namespace causeway::tts {

struct stored_event {
  result<model::event> event;    // as parse_application_up
  std::optional<wall_time> at{}; // the envelope's received_at: what the storage sorts by
};

// The records of one answer, in its order; `{}` counts for none. A record that is no event of this
// application is among them with its error.
// Errors: json_malformed (what is no record; the text says which), registry_unavailable (a record is an
// error, in the stack's own words).
result<std::vector<stored_event>> parse_stored_events(std::string_view body,
                                                      const application_id& application);

} // namespace causeway::tts
