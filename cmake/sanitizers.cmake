set(CAUSEWAY_SANITIZE "" CACHE STRING "empty, or a list for -fsanitize=, such as address,undefined or thread")
add_library(causeway_sanitizers INTERFACE)
if(CAUSEWAY_SANITIZE)
  target_compile_options(causeway_sanitizers INTERFACE
    -fsanitize=${CAUSEWAY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(causeway_sanitizers INTERFACE -fsanitize=${CAUSEWAY_SANITIZE})
  if(CAUSEWAY_SANITIZE MATCHES "thread")
    # Asio's atomic_thread_fence is not modelled by TSan; GCC says so on every file.
    target_compile_options(causeway_sanitizers INTERFACE -Wno-tsan)
  endif()
endif()
