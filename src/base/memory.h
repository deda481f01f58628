// SPDX-License-Identifier: Apache-2.0
// What the process's allocator can be asked for. Any thread.
#pragma once

namespace causeway {

// Gives what is free to the kernel at once; about 0.1 s for a gigabyte. Where another allocator than jemalloc is
// linked nothing happens.
void give_back_memory();

} // namespace causeway
