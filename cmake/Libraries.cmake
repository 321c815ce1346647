# What we stand on, as imported targets; their headers are SYSTEM headers.
# Which file may include which of them: tests/lint/include_arrows.sh.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq>=4.3)
pkg_check_modules(CZMQ REQUIRED IMPORTED_TARGET libczmq>=4.2)
pkg_search_module(MSGPACK REQUIRED IMPORTED_TARGET msgpack-c msgpack) # Debian 12: msgpack
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.85) # CURLOPT_PROTOCOLS_STR
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(VIPS REQUIRED IMPORTED_TARGET vips>=8.13) # vips_block_untrusted_set
pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.35) # RETURNING
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
if(BUILD_TESTING AND NOT CMOCKA_FOUND) # a user's machine; ./check installs it
    message(STATUS "cmocka is missing: building without tests")
    set(BUILD_TESTING OFF)
endif()
