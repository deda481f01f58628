// SPDX-License-Identifier: Apache-2.0
// What the gateway and causeway-transform say to each other over the child's stdin and stdout: frames
// (base/frames.h). The gateway sends one program, is told whether it compiles, and then sends events; each is
// answered, in order. The child ends when its input does.
#pragma once

#include "base/clock.h"

#include <cstddef>

namespace causeway::transform::protocol {

// To the child.
inline constexpr char program = 'p'; // jq's text; once, first
inline constexpr char event = 'e';   // a JSON text

// From the child. The program:
inline constexpr char ready = 'r';   // it compiles
inline constexpr char invalid = 'c'; // it does not: jq's own words; the child then ends
// An event: no or several outputs, and then one of the other three. Only after `done` do its outputs count.
inline constexpr char output = 'o';  // a JSON text
inline constexpr char done = 'd';    // nothing more
inline constexpr char refused = 'x'; // it ended with an error: jq's own words
inline constexpr char limit = 'l';   // too much output: what was too much

inline constexpr std::size_t longest_frame = 16 * 1024 * 1024;

// What one event may take. The child enforces it on itself; beyond the first two it is no more.
inline constexpr seconds processor_time{1};
inline constexpr std::size_t memory_bytes = 256 * 1024 * 1024; // of address space, the program's own included
inline constexpr std::size_t output_bytes = 4 * 1024 * 1024;
inline constexpr std::size_t outputs = 1000;

// The exit status as net::process tells it.
inline constexpr int exit_out_of_memory = 77;
inline constexpr int exit_out_of_time = 128 + 27; // SIGPROF

} // namespace causeway::transform::protocol
