// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "causeway/admin_client.h"

namespace causeway {

// 0: shown. 1: no gateway answers. 2: the configuration cannot be used.
int verb_status(const admin_address& where, bool json);

} // namespace causeway
