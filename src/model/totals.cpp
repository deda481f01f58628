// SPDX-License-Identifier: Apache-2.0
#include "model/totals.h"

namespace causeway::model {

std::string_view to_string(drop_reason why) {
  switch (why) {
  case drop_reason::full:
    return "full";
  case drop_reason::share:
    return "share";
  case drop_reason::age:
    return "age";
  }
  return "unknown";
}

} // namespace causeway::model
