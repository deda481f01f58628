// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "causeway_bench/connect_figures.h"

namespace causeway::bench {

// How long it takes until every device is online, with an emulator and a gateway of its own for each run;
// prints what it measured. 0: all came online in every run. 1: not, or it could not be measured.
int measure_connect(const connect_options& options);

} // namespace causeway::bench
