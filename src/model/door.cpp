// SPDX-License-Identifier: Apache-2.0
#include "model/door.h"

namespace causeway::model {

std::string_view to_string(answer what) {
  switch (what) {
  case answer::stored:
    return "stored";
  case answer::duplicate:
    return "duplicate";
  case answer::control:
    return "control";
  case answer::unwanted:
    return "unwanted";
  case answer::dead_lettered:
    return "dead_lettered";
  case answer::full:
    return "full";
  case answer::unavailable:
    return "unavailable";
  case answer::share_full:
    return "share_full";
  case answer::devices_full:
    return "devices_full";
  case answer::device_share_full:
    return "device_share_full";
  case answer::transform_busy:
    return "transform_busy";
  }
  return "unknown";
}

bool is_for_now(answer what) {
  return what == answer::full || what == answer::share_full || what == answer::unavailable ||
         what == answer::transform_busy;
}

} // namespace causeway::model
