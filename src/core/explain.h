// SPDX-License-Identifier: Apache-2.0
// Why a device is where it is, in a sentence for a person. Pure.
#pragma once

#include "core/words.h"
#include "model/device_status.h"

#include <string>

namespace causeway::core {

// One sentence: the device's id, what it is waiting for, why, and when it is tried next.
std::string explain(const device_status& of, moment now);
// "now", "40 s", "12 min", "3 h 5 min", "2 d 4 h".
std::string in_words(std::chrono::nanoseconds span);

} // namespace causeway::core
