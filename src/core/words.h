// SPDX-License-Identifier: Apache-2.0
// The core speaks of values and neighbours in the words of model, without saying so each time.
#pragma once

namespace causeway::model {}

namespace causeway::core {
using namespace model; // NOLINT(google-build-using-namespace): see above
} // namespace causeway::core
