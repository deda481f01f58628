// SPDX-License-Identifier: Apache-2.0
#include "app/message_formatter.h"

#include "base/check.h"
#include "formats/devmobile.h"
#include "formats/flat.h"
#include "formats/things_stack.h"

#include <cstring>

namespace causeway::app {
namespace {

result<std::vector<model::message>> format_by(config::message_format how, const model::event& event,
                                              const formats::format_context& context) {
  switch (how) {
  case config::message_format::things_stack:
    return formats::format_things_stack(event, context);
  case config::message_format::devmobile:
    return formats::format_devmobile(event, context);
  case config::message_format::flat:
    break;
  }
  return formats::format_flat(event, context);
}

} // namespace

message_formatter::message_formatter(model::formatter_events& core, const config::configuration& from,
                                     std::function<std::uint64_t()> random)
    : core_{core}, random_{std::move(random)} {
  for (const auto& one : from.applications)
    recipes_.emplace(one.id,
                     recipe{one.format, one.transform.has_value(),
                            one.transform && one.transform->envelope ? formats::transform_output::envelope
                                                                     : formats::transform_output::body,
                            from.azure_of(one.azure).kind == config::azure_kind::iot_central});
}

void message_formatter::format(model::ticket which, const model::event& event, moment now) {
  const auto& how = recipes_.at(event.from.application);
  formats::format_context context;
  context.accepted_at = now.wall;
  context.iot_central = how.iot_central;
  if (!event.key) {
    const std::uint64_t bits[]{random_(), random_()};
    std::memcpy(context.random_id.data(), bits, sizeof bits);
  }
  if (!how.transform) return core_.on_formatted(which, format_by(how.format, event, context), now);
  CAUSEWAY_CHECK(transforms_ != nullptr);
  const auto taken = transforms_->run(event.from.application, which, event.raw);
  if (!taken) return core_.on_formatted(which, taken.fault(), now);
  in_transform_.emplace(which, in_transform{&event, context, how.output});
}

void message_formatter::on_transformed(model::ticket which, result<std::vector<std::string>> outputs,
                                       moment now) {
  const auto node = in_transform_.extract(which);
  CAUSEWAY_CHECK(!node.empty());
  if (!outputs) return core_.on_formatted(which, std::move(outputs).fault(), now);
  const auto& [event, context, output] = node.mapped();
  core_.on_formatted(which, formats::format_transformed(*event, context, std::move(*outputs), output), now);
}

} // namespace causeway::app
