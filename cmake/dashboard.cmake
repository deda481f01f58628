# causeway_dashboard(<variable>)   sets it to the source file that has the dashboard's files: made from web/ where Node is and script/bootstrap has
# installed what web/package-lock.json says; else to nothing, and the program says so where the dashboard would be (no_dashboard.cpp).
find_program(CAUSEWAY_NODE NAMES node nodejs)
option(CAUSEWAY_DASHBOARD "Build the dashboard, where Node and web/node_modules are" ON)

function(causeway_dashboard variable)
  set(web ${PROJECT_SOURCE_DIR}/web)
  set(why "")
  if(NOT CAUSEWAY_DASHBOARD)
    set(why "CAUSEWAY_DASHBOARD is OFF")
  elseif(NOT CAUSEWAY_NODE)
    set(why "there is no Node")
  elseif(NOT EXISTS ${web}/node_modules/.installed)
    set(why "web/node_modules is not there: script/bootstrap installs it")
  endif()
  if(why)
    message(STATUS "dashboard: built without it: ${why}")
    set(${variable} "" PARENT_SCOPE)
    return()
  endif()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/dashboard_files.cpp)
  file(GLOB_RECURSE inputs CONFIGURE_DEPENDS ${web}/src/* ${web}/public/*)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CAUSEWAY_NODE} ${web}/embed.mjs ${CMAKE_CURRENT_BINARY_DIR}/dashboard ${out}
    DEPENDS ${inputs} ${web}/index.html ${web}/embed.mjs ${web}/vite.config.mjs ${web}/tsconfig.json ${web}/package-lock.json
    WORKING_DIRECTORY ${web}
    COMMENT "Building the dashboard"
    VERBATIM)
  set_source_files_properties(no_dashboard.cpp PROPERTIES COMPILE_DEFINITIONS CAUSEWAY_HAS_DASHBOARD)
  set(${variable} ${out} PARENT_SCOPE)
endfunction()
