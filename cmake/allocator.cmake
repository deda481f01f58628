# What the gateway allocates with (docs/decisions/0014-jemalloc.md). Sanitizers bring their own.
add_library(causeway_allocator INTERFACE)
if(NOT CAUSEWAY_SANITIZE)
  find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)
  target_link_libraries(causeway_allocator INTERFACE ${JEMALLOC_LIBRARY})
endif()
