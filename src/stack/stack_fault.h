// SPDX-License-Identifier: Apache-2.0
// What The Things Stack's HTTP API answers instead of what was asked for, in the catalogue's words
// (things-stack-wire.md E.6). Any thread.
#pragma once

#include "base/error.h"
#include "base/ids.h"
#include "net/http_client.h"

namespace causeway::stack {

// Precondition: the status is not 200. Errors: registry_unauthorized, registry_application_unknown,
// registry_throttled, registry_unavailable, registry_protocol.
error stack_fault(const net::http_answer& answer, const application_id& application);
// The network's faults; those that only an operator can mend, and `stopped`, stay as they are.
error stack_fault(error why);

} // namespace causeway::stack
