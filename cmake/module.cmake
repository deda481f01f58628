# causeway_module(<name>
#   SOURCES  <files…>      .cpp files of the library
#   HEADERS  <files…>      public headers, each checked to compile on its own (verify_headers target)
#   MODULES  <names…>      other modules it may include; src/LAYERS is the law, tools/check_layers.py the judge
#   PUBLIC   <targets…>    third-party targets that its headers need
#   PRIVATE  <targets…>    third-party targets that only its .cpp files need
#   TESTS    <files…>      unit tests, built into one program <name>_test
#   TEST_MODULES <names…>  modules that only the tests need
#   DIRECTORY <path>       where includes start; default: src
# )
# One folder = one static library = one namespace.
function(causeway_module name)
  cmake_parse_arguments(arg "" "DIRECTORY"
    "SOURCES;HEADERS;MODULES;PUBLIC;PRIVATE;TESTS;TEST_MODULES" ${ARGN})
  if(NOT arg_DIRECTORY)
    set(arg_DIRECTORY ${PROJECT_SOURCE_DIR}/src)
  endif()
  foreach(needed IN LISTS arg_MODULES)
    if(NOT TARGET causeway_${needed}) # else the linker would look for a library of that name
      message(FATAL_ERROR "module ${name} needs ${needed}: CAUSEWAY_MODULES must name it, and before ${name}")
    endif()
  endforeach()
  list(TRANSFORM arg_MODULES PREPEND causeway_)
  list(TRANSFORM arg_TEST_MODULES PREPEND causeway_)

  set(target causeway_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${arg_DIRECTORY} FILES ${arg_HEADERS})
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  causeway_use_precompiled(${target})
  target_include_directories(${target} PUBLIC ${arg_DIRECTORY})
  target_link_libraries(${target}
    PUBLIC ${arg_MODULES} ${arg_PUBLIC}
    PRIVATE ${arg_PRIVATE} causeway_warnings causeway_sanitizers)

  if(arg_TESTS)
    add_executable(${name}_test ${arg_TESTS})
    target_link_libraries(${name}_test PRIVATE ${target} ${arg_TEST_MODULES})
    target_compile_definitions(${name}_test PRIVATE
      CAUSEWAY_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
    causeway_unit_tests(${name} ${CAUSEWAY_TEST_EACH})
  endif()
endfunction()

# What the program <name>_test has as one of unit tests; each: true where each of its tests is to be one of ctest's own. The modules in it are
# compiled as they are shipped; its own code is not optimised, which halves the time of a build with sanitizers, and without precompiled headers,
# whose options would have to be the same.
function(causeway_unit_tests name each)
  target_link_libraries(${name}_test PRIVATE GTest::gtest_main causeway_warnings causeway_sanitizers)
  target_compile_options(${name}_test PRIVATE -O0)
  set(properties LABELS unit TIMEOUT 300)
  if(each)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST PROPERTIES ${properties})
  else()
    add_test(NAME unit.${name} COMMAND ${name}_test)
    set_tests_properties(unit.${name} PROPERTIES ${properties})
  endif()
endfunction()
