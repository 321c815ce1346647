# A folder of the tree is a library (all of its .c files but main.c) and, where there is a
# main.c, a program. Unit tests, benches and fuzz harnesses link the library.

# folder_library(NAME [LINK ...]) — LINK is private: a door's library is nobody else's.
function(folder_library name)
    cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS *.c)
    list(FILTER sources EXCLUDE REGEX "/main\\.c$")
    if(NOT sources)
        return()
    endif()
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC strict PRIVATE ${arg_LINK})
endfunction()

# folder_program(NAME LIBRARY [ARGUMENT ...]) — with its man page; ARGUMENTs are the words that
# come before --options-roff when the page is made.
function(folder_program name library)
    file(GLOB main CONFIGURE_DEPENDS main.c)
    if(NOT main OR NOT TARGET ${library})
        return()
    endif()
    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE ${library})
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    man_page(${name} ${ARGN})
endfunction()
