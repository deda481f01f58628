// SPDX-License-Identifier: Apache-2.0
// jq for the gateway, in a process that can be killed: transform/transform_protocol.h says what is spoken. It
// is started by causeway and is of no use by hand.
#include "base/frames.h"
#include "causeway_transform/confinement.h"
#include "causeway_transform/jq_program.h"
#include "transform/transform_protocol.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <new>
#include <optional>

namespace causeway {
namespace {

namespace protocol = transform::protocol;

[[noreturn]] void out_of_memory(void*) {
  ::_exit(protocol::exit_out_of_memory);
}

// False when nobody reads any more.
bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

std::string answer(jq_program& program, std::string_view event) {
  std::string out;
  begin_work();
  const auto outputs = program.run(event);
  end_of_work();
  if (!outputs) {
    const bool limit = outputs.fault().code() == errc::transform_limit;
    append_frame(out, limit ? protocol::limit : protocol::refused, outputs.fault().detail());
    return out;
  }
  for (const auto& one : *outputs)
    append_frame(out, protocol::output, one);
  append_frame(out, protocol::done, {});
  return out;
}

// An event's answer is written at once, so that it is the first without one that a fault belongs to.
std::string take(const frame& what, std::optional<jq_program>& program) {
  if (what.kind == protocol::event && program) return answer(*program, what.body);
  std::string out;
  if (what.kind != protocol::program || program) return out;
  begin_work();
  auto compiled = jq_program::compile(std::string{what.body}, out_of_memory);
  end_of_work();
  append_frame(out, compiled ? protocol::ready : protocol::invalid,
               compiled ? std::string_view{} : std::string_view{compiled.fault().detail()});
  if (compiled) program.emplace(std::move(*compiled));
  return out;
}

int serve() {
  std::set_new_handler([] { out_of_memory(nullptr); });
  std::optional<jq_program> program;
  frame_reader reader{protocol::longest_frame};
  std::array<char, 64 * 1024> buffer;
  while (true) {
    const auto size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return size == 0 ? 0 : 1;
    reader.feed({buffer.data(), static_cast<std::size_t>(size)});
    while (const auto one = reader.next()) {
      const auto said = take(*one, program);
      if (said.empty() || !write_all(said)) return 1;
      if (!program) return 0;
    }
    if (reader.overlong()) return 1;
  }
}

} // namespace
} // namespace causeway

int main() {
  if (const char* what = causeway::confine(); what != nullptr) {
    std::fprintf(stderr, "causeway-transform: %s cannot be set\n", what);
    return 1;
  }
  // Without destructors: there is nothing that the end of the process does not free.
  ::_exit(causeway::serve());
}
