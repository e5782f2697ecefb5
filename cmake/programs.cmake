# SPDX-License-Identifier: Apache-2.0
# The programs. All land at the top of the build folder.
function(midge_program target)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
    target_link_libraries(${target} PRIVATE midge_flags)
endfunction()

# midge: src/main, the first user of include/midge.h.
file(GLOB main_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/main/*.c)
if(main_files AND TARGET midge_embed)
    add_executable(midge ${main_files})
    midge_program(midge)
    target_compile_definitions(midge PRIVATE ${MIDGE_POSIX})
    target_link_libraries(midge PRIVATE midge_embed)
endif()

# midge-sim: sim/main.c with the rest of sim/ (a library, so that sim/*_test.c can use it) and all of src/ but the
# folders that touch the machine.
set(sim_folders ${MIDGE_FOLDERS})
list(REMOVE_ITEM sim_folders os embed)
if(IS_DIRECTORY ${CMAKE_SOURCE_DIR}/sim)
    midge_library(midge_simworld sim ${sim_folders})
    target_include_directories(midge_simworld PUBLIC ${CMAKE_SOURCE_DIR})
    if(EXISTS ${CMAKE_SOURCE_DIR}/sim/main.c)
        add_executable(midge-sim sim/main.c)
        midge_program(midge-sim)
        target_compile_definitions(midge-sim PRIVATE ${MIDGE_POSIX})
        target_link_libraries(midge-sim PRIVATE midge_simworld)
    endif()
endif()

# Programs of bench/: natsbench*.c make the load generator; any other x.c is a program x.
file(GLOB bench_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*.c)
set(natsbench_files ${bench_files})
list(FILTER natsbench_files INCLUDE REGEX "/natsbench[^/]*\\.c$")
list(FILTER bench_files EXCLUDE REGEX "/natsbench[^/]*\\.c$")
function(midge_bench_program target)
    add_executable(${target} ${ARGN})
    midge_program(${target})
    target_compile_definitions(${target} PRIVATE ${MIDGE_SYSTEM})
    midge_link_needs(${target} bench)
endfunction()
if(natsbench_files)
    midge_bench_program(natsbench ${natsbench_files})
endif()
foreach(file IN LISTS bench_files)
    cmake_path(GET file STEM name)
    midge_bench_program(${name} ${file})
endforeach()
