// SPDX-License-Identifier: Apache-2.0
// What this process gives up before it looks at a program, and the limits of one event.
#pragma once

namespace causeway {

// There is no environment; no file can be opened or written, no process made, no core dumped; the memory is
// bounded. What jq says on stderr is dropped. Returns the name of what could not be had, or null. Builds with
// sanitizers keep stderr and bound the memory in their own way.
const char* confine();

// Ends the process by SIGPROF when it has used up its processor time before end_of_work.
void begin_work();
void end_of_work();

} // namespace causeway
