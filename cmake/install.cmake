# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where: libraries, headers, a pkg-config file, a CMake package, the
# program with its manual pages and completions. DESTDIR and --prefix work as usual.
include(CMakePackageConfigHelpers)

set(libraries minnow_static)
if(MINNOW_SHARED)
    list(APPEND libraries minnow_shared)
endif()
install(TARGETS ${libraries}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/minnow DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)

# Without the shared library its users link what it would have linked.
set(MINNOW_REQUIRES "jansson libpcre2-8")
set(MINNOW_LIBS "-lutf8proc -pthread -lm")
if(MINNOW_SHARED)
    set(MINNOW_PC_DEPENDENCIES "Requires.private: ${MINNOW_REQUIRES}\nLibs.private: ${MINNOW_LIBS}")
    set(MINNOW_PC_LIBS "")
else()
    set(MINNOW_PC_DEPENDENCIES "Requires: ${MINNOW_REQUIRES}")
    set(MINNOW_PC_LIBS " ${MINNOW_LIBS}")
endif()
configure_file(cmake/minnow.pc.in minnow.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/minnow.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/minnow)
configure_package_config_file(cmake/minnowConfig.cmake.in minnowConfig.cmake
    INSTALL_DESTINATION ${package_folder} PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(minnowConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/minnowConfig.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/minnowConfigVersion.cmake DESTINATION ${package_folder})

if(TARGET minnow)
    install(TARGETS minnow RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
