# One INTERFACE target, `strict`, carries every compiler opinion; all our targets link it.
# Third-party headers come in as SYSTEM (Libraries.cmake), so these judge our code alone.
include(CheckPIESupported)
check_pie_supported()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF) # -std=c11; what we take from GNU we spell __extension__
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug or RelWithDebInfo" FORCE)
endif()
# CMake's own flags would add -DNDEBUG. Our asserts guard a person's pictures against our
# own mistakes, and a release is where they matter; they cost nothing measurable.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")

option(THUMBLINE_WERROR "warnings are errors; packagers with a newer compiler say OFF" ON)
set(THUMBLINE_SANITIZE "" CACHE STRING "address,undefined | thread | empty")
option(THUMBLINE_COVERAGE "gcov instrumentation" OFF)
option(THUMBLINE_FUZZ "libFuzzer harnesses (clang only)" OFF)

add_library(strict INTERFACE)
target_include_directories(strict INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(strict INTERFACE
    _GNU_SOURCE
    TL_RELEASE="${PROJECT_VERSION}")
target_compile_options(strict INTERFACE
    -Wall -Wextra -Wpedantic $<$<BOOL:${THUMBLINE_WERROR}>:-Werror>
    $<IF:$<C_COMPILER_ID:GNU>,-Wshadow=local,-Wshadow> -Wconversion -Wsign-conversion -Wdouble-promotion
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wformat=2 -Wundef -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings
    -Wswitch-enum -Wnull-dereference -Wvla -Wimplicit-fallthrough
    $<$<C_COMPILER_ID:GNU>:-Wduplicated-cond;-Wduplicated-branches;-Wlogical-op>
    $<$<C_COMPILER_ID:GNU>:-Wjump-misses-init;-Wtrampolines;-Walloca>
    -fno-common -fstack-protector-strong)
target_link_options(strict INTERFACE LINKER:-z,relro,-z,now)

if(THUMBLINE_SANITIZE)
    # TL_SANITIZED: a sanitizer reserves terabytes of addresses and makes system calls of
    # its own, so address-space limits and system-call filters stand aside for it.
    target_compile_definitions(strict INTERFACE TL_SANITIZED)
    target_compile_options(strict INTERFACE -O1 -fsanitize=${THUMBLINE_SANITIZE}
        -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(strict INTERFACE -fsanitize=${THUMBLINE_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    target_compile_options(strict INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(THUMBLINE_COVERAGE)
    target_compile_options(strict INTERFACE --coverage -O0)
    target_link_options(strict INTERFACE --coverage)
endif()
if(THUMBLINE_FUZZ) # libraries without it are blind spots: "no interesting inputs were found"
    target_compile_options(strict INTERFACE -fsanitize=fuzzer-no-link)
endif()
