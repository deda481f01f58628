// SPDX-License-Identifier: Apache-2.0
// `causeway spool`: the messages on disk, looked at and mended while no gateway runs.
#pragma once

#include <string>

namespace causeway {

struct spool_options {
  std::string configuration, directory; // one of them: where the state lies
};

// Reads all of the spool and says what is damaged; changes nothing. 0: all is as it was stored. 1: something
// is not, or it cannot be looked at (a gateway runs). 2: the configuration cannot be used.
int verb_spool_check(const spool_options& options);
// Makes a new spool of what can be read of a damaged one, which is kept beside it. 0: done, or nothing was
// damaged. 1: it could not be done. 2: as above.
int verb_spool_salvage(const spool_options& options);

} // namespace causeway
