# SPDX-License-Identifier: Apache-2.0
# Outside libraries, by pkg-config name, and the src/ folder that is allowed to need each. A library that no present
# folder needs is not looked for.
set(MIDGE_NEEDS
    "base   : libxxhash"
    "codec  : libxxhash zlib libzstd"
    "crypto : openssl libsodium libcrypt"
    "json   : json-c"
    "store  : libxxhash libzstd"
    "tls    : openssl"
    "ws     : zlib"
    "os     : openssl libevent_core libevent_extra libevent_openssl libevent_pthreads threads"
    "bench  : openssl threads"
    "tests  : cmocka threads")

find_package(PkgConfig REQUIRED)

# Links `target` with what MIDGE_NEEDS says for `folder`.
function(midge_link_needs target folder)
    foreach(row IN LISTS MIDGE_NEEDS)
        if(NOT row MATCHES "^${folder} *: *(.*)$")
            continue()
        endif()
        string(REPLACE " " ";" needs "${CMAKE_MATCH_1}")
        foreach(need IN LISTS needs)
            midge_find_need(${need} library)
            target_link_libraries(${target} PUBLIC ${library})
        endforeach()
    endforeach()
endfunction()

function(midge_find_need need ret_library)
    if(need STREQUAL "threads")
        set(THREADS_PREFER_PTHREAD_FLAG ON)
        find_package(Threads REQUIRED)
        set(${ret_library} Threads::Threads PARENT_SCOPE)
    else()
        if(NOT TARGET PkgConfig::${need})
            pkg_check_modules(${need} REQUIRED QUIET IMPORTED_TARGET GLOBAL ${need})
        endif()
        set(${ret_library} PkgConfig::${need} PARENT_SCOPE)
    endif()
endfunction()
