add_library(causeway_warnings INTERFACE)
target_compile_options(causeway_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wnull-dereference -Wextra-semi -Werror
  # GCC 12 reports maybe-uninitialized inside std::optional and coroutine frames at -O2 where the value is guarded.
  -Wno-error=maybe-uninitialized
  # GCC 12 -O2 follows impossible null branches through inlined standard containers.
  -Wno-error=null-dereference)
