// SPDX-License-Identifier: Apache-2.0
// What would become of an event, without a disk and without a hub: the core decides, the application's own
// format or transform makes the messages. Loop's thread only.
#pragma once

#include "config/configuration.h"
#include "model/door.h"
#include "model/message.h"
#include "net/task_group.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace causeway::app {

struct trial {
  model::answer outcome = model::answer::unavailable; // `stored` stands for: would be sent
  std::optional<error> refusal;                       // of the format: exactly when dead_lettered
  std::vector<model::message> messages;               // in their order
};

struct trial_options {
  std::string transform_executable;
  std::function<std::uint64_t()> random; // as message_formatter
  moment now;                            // of the acceptance
};

// event: of an application of the configuration, whose devices count as switched on. from must live until it
// has ended.
net::task<trial> try_event(net::loop* on, const config::configuration* from, model::event event,
                           trial_options options);

// For people: the outcome, and each message with its properties and body, one a line.
std::string format_trial(const trial& what);
// {"outcome","error","detail","messages":[{"id","contentType","contentEncoding","properties":{…},"body"}]}:
// error and detail only with a refusal, the body as the JSON that it is.
std::string format_trial_json(const trial& what);

} // namespace causeway::app
