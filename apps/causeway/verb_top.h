// SPDX-License-Identifier: Apache-2.0
// `causeway top`: the running gateway on a terminal, once a second.
#pragma once

#include "causeway/admin_client.h"

namespace causeway {

// once, or without a terminal: a page of two looks a second apart, as plain text. Ends with q, Ctrl-C or a
// signal (128 and its number), and leaves the terminal as it was.
int verb_top(const admin_address& where, bool once);

} // namespace causeway
