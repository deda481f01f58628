// SPDX-License-Identifier: Apache-2.0
// Whether identity templates can give two devices of two applications one name. Pure.
#pragma once

#include "base/ids.h"

#include <string>

namespace causeway::core {

// How an application names its devices where they meet those of others (one hub, one id scope).
struct identity_rule {
  application_id application;
  std::string identity_template; // known placeholders only
  // Its DevEUIs are the registry's word, and so no other device's: those that meet at one place in the names
  // tell devices apart.
  bool has_registered_euis = false;
};

// True when some device id (of The Things Stack's rule) or DevEUI of one and some of the other make one text:
// decided over all of them. Two placeholders of one template count as independent, so that a template that
// repeats {device_id} may be called ambiguous where it is not. any_case: letters of both cases count as one.
// Precondition: two applications.
bool can_meet(const identity_rule& left, const identity_rule& right, bool any_case);

} // namespace causeway::core
