// SPDX-License-Identifier: Apache-2.0
// What engine.cpp and endpoint.cpp share on Proton's side. Private to this module: it includes Proton's
// headers.
#pragma once

#include "amqp/engine.h"

#include <proton/codec.h>
#include <proton/condition.h>
#include <proton/delivery.h>

#include <limits>

namespace causeway::amqp {

// The context of a freed link or session: events that Proton still has for it are dropped.
inline constexpr std::uintptr_t freed_context = std::numeric_limits<std::uintptr_t>::max();

void* to_context(std::uintptr_t context);
std::uintptr_t from_context(const void* context);
condition read_condition(pn_condition_t* from);
void write_condition(pn_condition_t* to, const condition& from);
// Null when there is nothing, or nothing that decode() takes.
value read_data(pn_data_t* from);

} // namespace causeway::amqp
