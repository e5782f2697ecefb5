# SPDX-License-Identifier: Apache-2.0
# Unit tests (x_test.c) and fuzz targets (x_fuzz.c) stand beside their file and are found by name.
enable_testing()

# Calls `function(target file folder)` for each file below src/ and sim/ that ends in `suffix`.
function(midge_each suffix function)
    foreach(folder IN LISTS MIDGE_FOLDERS ITEMS sim)
        if(folder STREQUAL "sim")
            set(path sim)
            set(library midge_simworld)
        else()
            set(path src/${folder})
            set(library midge_${folder})
        endif()
        if(NOT TARGET ${library})
            continue()
        endif()
        file(GLOB_RECURSE files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${path}/*_${suffix}.c)
        foreach(file IN LISTS files)
            cmake_path(GET file STEM name)
            cmake_language(CALL ${function} ${folder} ${name} ${file} ${library})
        endforeach()
    endforeach()
endfunction()

# --- unit tests: `ctest -L threads` are those that start threads of their own (tools/threaded-tests) ---
file(STRINGS ${CMAKE_SOURCE_DIR}/tools/threaded-tests threaded_patterns REGEX "^[^#]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/threaded-tests)
add_custom_target(threaded_tests)

function(midge_test folder name file library)
    set(target ${folder}_${name})
    add_executable(${target} ${file})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_compile_definitions(${target} PRIVATE ${MIDGE_SYSTEM})
    target_link_libraries(${target} PRIVATE midge_flags ${library})
    midge_link_needs(${target} tests)
    add_test(NAME ${folder}/${name} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${folder}/${name} PROPERTIES TIMEOUT 300)
    foreach(pattern IN LISTS threaded_patterns)
        if("${folder}/${name}" MATCHES "^${pattern}$")
            set_tests_properties(${folder}/${name} PROPERTIES LABELS threads)
            add_dependencies(threaded_tests ${target})
            break()
        endif()
    endforeach()
endfunction()

if(MIDGE_TESTS)
    midge_each(test midge_test)
endif()

# --- fuzz targets: build/<preset>/fuzz/<x>, corpus in tests/corpus/<x>/ ---
function(midge_fuzz folder name file library)
    string(REGEX REPLACE "_fuzz$" "" short ${name})
    set(target ${folder}_${name})
    add_executable(${target} ${file})
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME ${short} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    target_compile_definitions(${target} PRIVATE ${MIDGE_SYSTEM})
    # libFuzzer has no header that declares LLVMFuzzerTestOneInput.
    set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS -Wno-missing-prototypes)
    target_link_libraries(${target} PRIVATE midge_flags ${library})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
endfunction()

if(MIDGE_FUZZ)
    midge_each(fuzz midge_fuzz)
endif()
