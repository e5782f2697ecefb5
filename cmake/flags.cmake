# SPDX-License-Identifier: Apache-2.0
# Flags of everything that we compile, carried by the interface target `midge_flags`.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")     # no NDEBUG: our asserts stay, and -g lets a core dump be read
set(CMAKE_C_FLAGS_DEBUG "-O0 -g3")
if(MIDGE_SANITIZE)
    set(CMAKE_C_FLAGS_RELEASE "-O1 -g")
endif()
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()

add_library(midge_flags INTERFACE)
target_include_directories(midge_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(midge_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings
    -Wswitch-enum -fvisibility=hidden -ffunction-sections -fdata-sections -fno-common
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
target_link_options(midge_flags INTERFACE -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now)
if(NOT MIDGE_SANITIZE)      # the sanitizers answer for crypt_r(), so libcrypt would look unneeded, and they would call NULL
    target_link_options(midge_flags INTERFACE -Wl,--as-needed)
endif()

if(MIDGE_WERROR)
    target_compile_options(midge_flags INTERFACE -Werror)
endif()
if(MIDGE_SLOW_ASSERTS)
    target_compile_definitions(midge_flags INTERFACE MIDGE_SLOW_ASSERTS=1)
endif()

if(MIDGE_SANITIZE)
    set(sanitize -fsanitize=${MIDGE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(midge_flags INTERFACE ${sanitize})
    target_link_options(midge_flags INTERFACE ${sanitize})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(midge_flags INTERFACE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(MIDGE_FUZZ STREQUAL "mutate")
    target_compile_options(midge_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# What the C library shows: plain POSIX, so that nothing outside os/ leans on one system. os/ and the programs that
# drive the real machine (tests, bench/) see everything.
set(MIDGE_POSIX _POSIX_C_SOURCE=200809L)
set(MIDGE_SYSTEM _GNU_SOURCE _FILE_OFFSET_BITS=64)      # files over 2 GiB on 32-bit machines, too
