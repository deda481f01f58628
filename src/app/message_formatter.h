// SPDX-License-Identifier: Apache-2.0
// The core's formatter: each application's events in its own format, or through its transform. Built-in
// formats answer from inside the call. Loop's thread only.
#pragma once

#include "config/configuration.h"
#include "formats/envelope.h"
#include "formats/transformed.h"
#include "model/formatter.h"
#include "transform/transform_runner.h"

#include <functional>
#include <unordered_map>

namespace causeway::app {

class message_formatter final : public model::formatter {
public:
  // core must live as long. random: 64 random bits, for the ids of messages without a de-duplication key.
  message_formatter(model::formatter_events& core, const config::configuration& from,
                    std::function<std::uint64_t()> random);
  // Before the first format. transforms must have a program for each application with a transform, and answer
  // to on_transformed.
  void transform_by(transform::transform_runner& transforms) { transforms_ = &transforms; }

  // Precondition: the event is of an application of the configuration.
  void format(model::ticket which, const model::event& event, moment now) override;
  void on_transformed(model::ticket which, result<std::vector<std::string>> outputs, moment now);

private:
  struct recipe {
    config::message_format format = config::message_format::flat;
    bool transform = false;
    formats::transform_output output = formats::transform_output::body;
    bool iot_central = false;
  };
  struct in_transform {
    const model::event* event = nullptr;
    formats::format_context context;
    formats::transform_output output = formats::transform_output::body;
  };

  model::formatter_events& core_;
  std::function<std::uint64_t()> random_;
  std::unordered_map<application_id, recipe> recipes_;
  std::unordered_map<model::ticket, in_transform> in_transform_; // bounded by the runner
  transform::transform_runner* transforms_ = nullptr;
};

} // namespace causeway::app
