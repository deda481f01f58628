# What is installed, and the Debian packages of it: causeway and causeway-emulator. script/package makes them.
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON) # the tests are not waited for

# From the command lines themselves, so that they are never older than these.
set(manual_folder ${CMAKE_BINARY_DIR}/manual)
string(TIMESTAMP manual_date "%Y-%m-%d" UTC) # SOURCE_DATE_EPOCH where it is set
add_custom_command(
  OUTPUT ${manual_folder}/causeway.1 ${manual_folder}/causeway-emulator.1
  COMMAND manual ${manual_folder} ${manual_date}
  COMMAND gzip -9nkf ${manual_folder}/causeway.1 ${manual_folder}/causeway-emulator.1
  DEPENDS manual VERBATIM)
add_custom_target(manual_pages DEPENDS ${manual_folder}/causeway.1)

set(debian ${PROJECT_SOURCE_DIR}/packaging/debian)
set(changelogs ${CMAKE_BINARY_DIR}/packaging)
set(CAUSEWAY_MAINTAINER "Causeway maintainers <causeway@users.noreply.example.org>" CACHE STRING "The packages' maintainer")
string(TIMESTAMP package_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
foreach(package causeway causeway-emulator)
  file(CONFIGURE OUTPUT ${changelogs}/${package}/changelog.Debian @ONLY CONTENT
"@package@ (@PROJECT_VERSION@-1) stable; urgency=medium

  * Packaged by the project itself; what has changed is in changelog.gz.

 -- @CAUSEWAY_MAINTAINER@  @package_date@
")
  set(packed ${changelogs}/${package}/changelog.Debian.gz ${changelogs}/${package}/changelog.gz)
  add_custom_command(
    OUTPUT ${packed}
    COMMAND gzip -9nc ${changelogs}/${package}/changelog.Debian > ${changelogs}/${package}/changelog.Debian.gz
    COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md > ${changelogs}/${package}/changelog.gz
    DEPENDS ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${changelogs}/${package}/changelog.Debian VERBATIM)
  add_custom_target(changelogs_of_${package} DEPENDS ${packed})
  install(FILES ${packed} ${debian}/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${package})
  install(FILES ${manual_folder}/${package}.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT ${package})
  install(FILES ${manual_folder}/${package}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ${package}
          COMPONENT ${package})
  install(FILES ${manual_folder}/_${package} DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT ${package})
  install(TARGETS ${package} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${package})
endforeach()
# Built with all, but not where sanitizers are: what they are built into is never packaged.
set(with_all ALL)
if(CAUSEWAY_SANITIZE)
  set(with_all)
endif()
add_custom_target(packaged ${with_all} DEPENDS causeway causeway-transform causeway-emulator manual_pages changelogs_of_causeway changelogs_of_causeway-emulator)

install(TARGETS causeway-transform RUNTIME DESTINATION lib/causeway COMPONENT causeway)
install(FILES packaging/systemd/causeway.service packaging/systemd/causeway.socket DESTINATION lib/systemd/system COMPONENT causeway)
install(FILES packaging/examples/six-devices.toml packaging/examples/dps-fleet.toml packaging/examples/operator.toml config/causeway.example.toml
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/causeway/examples COMPONENT causeway)
install(DIRECTORY DESTINATION /etc/causeway COMPONENT causeway
        DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
install(DIRECTORY DESTINATION /etc/causeway/secrets COMPONENT causeway DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME causeway)
set(CPACK_PACKAGE_VENDOR "Causeway maintainers")
set(CPACK_PACKAGE_CONTACT "${CAUSEWAY_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL causeway causeway-emulator)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_CAUSEWAY_PACKAGE_NAME causeway)
set(CPACK_DEBIAN_CAUSEWAY_PACKAGE_SUGGESTS causeway-emulator)
set(CPACK_DEBIAN_CAUSEWAY_PACKAGE_DEPENDS ca-certificates)
set(CPACK_DEBIAN_CAUSEWAY_PACKAGE_CONTROL_EXTRA ${debian}/postinst ${debian}/prerm ${debian}/postrm)
set(CPACK_DEBIAN_CAUSEWAY_DESCRIPTION "gateway from The Things Stack to Azure IoT Hub
Every LoRaWAN device gets an identity of its own in Azure IoT Hub or IoT Central. Uplinks that are taken are on disk before they are
answered, and are delivered once the hub can be reached; commands from Azure become downlinks.")
set(CPACK_DEBIAN_CAUSEWAY-EMULATOR_PACKAGE_NAME causeway-emulator)
set(CPACK_DEBIAN_CAUSEWAY-EMULATOR_DESCRIPTION "emulator of Azure IoT Hub, DPS and The Things Stack
For trying and testing a gateway offline: hubs that speak AMQP, the Device Provisioning Service with its quotas, and The Things
Stack's application side.")
include(CPack)
