// SPDX-License-Identifier: Apache-2.0
// The core's formatter: each application's events in its own format, or through its transform. Built-in
// formats answer from inside the call. Loop's thread only.
#pragma once

#include "config/configuration.h"
#include "core/bridge.h"
#include "formats/envelope.h"
#include "formats/transformed.h"
#include "transform/transform_runner.h"

#include <functional>
#include <unordered_map>

namespace causeway::app {

class message_formatter final : public core::formatter {
public:
  // random: 64 random bits, for the ids of messages without a de-duplication key.
  message_formatter(const config::configuration& from, std::function<std::uint64_t()> random);
  // Before the first format. transforms must have a program for each application with a transform, and answer
  // to on_transformed.
  void answer_to(core::bridge& bridge) { bridge_ = &bridge; }
  void transform_by(transform::transform_runner& transforms) { transforms_ = &transforms; }

  // Precondition: the event is of an application of the configuration.
  void format(core::ticket which, const core::uplink& event, moment now) override;
  void on_transformed(core::ticket which, result<std::vector<std::string>> outputs, moment now);

private:
  struct recipe {
    config::message_format format = config::message_format::flat;
    bool transform = false;
    formats::transform_output output = formats::transform_output::body;
    bool iot_central = false;
  };
  struct in_transform {
    const core::uplink* event = nullptr;
    formats::format_context context;
    formats::transform_output output = formats::transform_output::body;
  };

  std::function<std::uint64_t()> random_;
  std::unordered_map<application_id, recipe> recipes_;
  std::unordered_map<core::ticket, in_transform> in_transform_; // bounded by the runner
  core::bridge* bridge_ = nullptr;
  transform::transform_runner* transforms_ = nullptr;
};

} // namespace causeway::app
