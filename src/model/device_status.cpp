// SPDX-License-Identifier: Apache-2.0
#include "model/device_status.h"

namespace causeway::model {

std::string_view to_string(device_state state) {
  switch (state) {
  case device_state::known:
    return "known";
  case device_state::provisioning:
    return "provisioning";
  case device_state::attaching:
    return "attaching";
  case device_state::online:
    return "online";
  case device_state::parked:
    return "parked";
  case device_state::unlisted:
    return "unlisted";
  case device_state::off:
    return "off";
  case device_state::removed:
    return "removed";
  }
  return "unknown";
}

} // namespace causeway::model
