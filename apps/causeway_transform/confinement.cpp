// SPDX-License-Identifier: Apache-2.0
#include "causeway_transform/confinement.h"

#include "transform/transform_protocol.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#ifdef __SANITIZE_ADDRESS__
// AddressSanitizer needs terabytes of address space, so it does the counting.
extern "C" const char* __asan_default_options() { // NOLINT(bugprone-reserved-identifier)
  return "max_allocation_size_mb=256:hard_rss_limit_mb=512:allocator_may_return_null=1:detect_leaks=0";
}
#endif

namespace causeway {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

bool limit(int which, rlim_t most) {
  const rlimit to{most, most};
  return ::setrlimit(static_cast<__rlimit_resource>(which), &to) == 0;
}

void set_timer(std::chrono::seconds left) {
  itimerval to{};
  to.it_value.tv_sec = left.count();
  ::setitimer(ITIMER_PROF, &to, nullptr);
}

} // namespace

const char* confine() {
  static char* nothing[] = {nullptr};
  environ = nothing; // not clearenv(): jq walks it as it is
  if (::chdir("/") != 0) return "the working directory";
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "PR_SET_NO_NEW_PRIVS";
  if (!limit(RLIMIT_CORE, 0)) return "RLIMIT_CORE";
  if (!limit(RLIMIT_FSIZE, 0)) return "RLIMIT_FSIZE";
  // A write that the limit refuses is an error, not an end: a sanitizer's report may go to a file.
  std::signal(SIGXFSZ, SIG_IGN);
  if (!sanitized) {
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null < 0 || ::dup2(null, STDERR_FILENO) < 0) return "/dev/null";
    ::close(null);
    if (!limit(RLIMIT_AS, transform::protocol::memory_bytes)) return "RLIMIT_AS";
    if (!limit(RLIMIT_NPROC, 0)) return "RLIMIT_NPROC";
  }
  // Below it there are only the pipes and stderr: whatever jq would open gets a number that is not allowed.
  if (!limit(RLIMIT_NOFILE, 3)) return "RLIMIT_NOFILE";
  return nullptr;
}

// Where the gateway reads it from the exit status.
static_assert(128 + SIGPROF == transform::protocol::exit_out_of_time);

void begin_work() {
  set_timer(transform::protocol::processor_time);
}

void end_of_work() {
  set_timer(std::chrono::seconds{0});
}

} // namespace causeway
