# Errors only in the presets (CMAKE_COMPILE_WARNING_AS_ERROR): another compiler's new warning must not stop who builds this.
add_library(causeway_warnings INTERFACE)
target_compile_options(causeway_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wextra-semi
  # GCC 12 reports maybe-uninitialized inside std::optional and coroutine frames at -O2 where the value is guarded.
  -Wno-maybe-uninitialized)
