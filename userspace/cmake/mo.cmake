# SPDX-License-Identifier: GPL-2.0-or-later
# How targets are made here:
#   mo_add_library(mo_pcie SOURCES a.cpp b.cpp DEPENDS mo_common)
#   mo_add_tests(mo_pcie SOURCES tests/a_test.cpp DEPENDS other_library)   -> program mo_pcie_tests
#   mo_add_program(ofemu SOURCES main.cpp DEPENDS mo_pcie)
#   mo_add_fuzzer(mo_vfio_user_message_fuzz SOURCES fuzz/message_fuzz.cpp DEPENDS mo_vfio_user)

add_library(mo_build_options INTERFACE)
target_compile_options(mo_build_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Wcast-align -Wimplicit-fallthrough -Wformat=2
  -Wundef -Wvla
  $<$<BOOL:${MO_WERROR}>:-Werror>)
# "common/fd.hpp", "libofctl/..." and "pcie/function.hpp", "nic/host.hpp"
target_include_directories(mo_build_options INTERFACE
  ${CMAKE_CURRENT_SOURCE_DIR}
  ${CMAKE_CURRENT_SOURCE_DIR}/ofemu)
# The hardware interface is C: its headers are not held against the rules for C++.
target_include_directories(mo_build_options SYSTEM INTERFACE
  ${CMAKE_CURRENT_SOURCE_DIR}/../driver)
target_link_libraries(mo_build_options INTERFACE Threads::Threads)

if(MO_SANITIZE)
  # GCC sees ghosts of uninitialised variants through the sanitizers' instrumentation.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(mo_build_options INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_compile_options(mo_build_options INTERFACE
    -fsanitize=${MO_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(mo_build_options INTERFACE -fsanitize=${MO_SANITIZE})
endif()

function(mo_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC mo_build_options ${ARG_DEPENDS})
endfunction()

function(mo_add_tests name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name}_tests ${ARG_SOURCES})
  target_link_libraries(${name}_tests PRIVATE ${name} ${ARG_DEPENDS} GTest::gtest_main)
  add_test(NAME ${name}_tests COMMAND ${name}_tests)
  set_tests_properties(${name}_tests PROPERTIES TIMEOUT 300)
endfunction()

function(mo_add_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS})
  if(MO_STATIC)
    target_link_options(${name} PRIVATE -static)
  endif()
endfunction()

function(mo_add_fuzzer name)
  if(NOT MO_FUZZ)
    return()
  endif()
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "MO_FUZZ needs clang")
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS})
endfunction()
