# The standard library's headers that most files include, parsed once: half a second of each file's time. A file still includes what it
# uses: the presets that check (asan, tidy) build without.
option(CAUSEWAY_PRECOMPILE "Parse the standard library's headers once" OFF)
if(CAUSEWAY_PRECOMPILE)
  add_library(causeway_precompiled OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled.cpp)
  target_link_libraries(causeway_precompiled PRIVATE causeway_warnings causeway_sanitizers)
  target_precompile_headers(causeway_precompiled PRIVATE
    <algorithm> <array> <charconv> <chrono> <cstdint> <cstring> <deque> <functional> <limits> <map> <memory> <optional> <set>
    <span> <string> <string_view> <unordered_map> <unordered_set> <utility> <variant> <vector>)
  # What ccache needs to know before it keeps what was compiled with one.
  target_compile_options(causeway_precompiled PRIVATE -fpch-preprocess)
endif()

function(causeway_use_precompiled target)
  if(CAUSEWAY_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM causeway_precompiled)
    # Of a header that was precompiled GCC 12 forgets that it is the system's, and warns of its own inlined std::string. The presets without
    # one keep these warnings.
    target_compile_options(${target} PRIVATE -fpch-preprocess -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict)
  endif()
endfunction()
