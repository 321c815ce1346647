# Man pages are prose (`<program>.1.in` beside the code) with the OPTIONS section printed by
# the program itself, so that pages, --help and the options table cannot disagree.
#
#   man_page(PROGRAM [ARGUMENT ...])   ARGUMENTs come before --options-roff
function(man_page program)
    set(template ${CMAKE_CURRENT_SOURCE_DIR}/${program}.1.in)
    if(NOT EXISTS ${template} OR NOT TARGET ${program})
        return()
    endif()
    set(page ${PROJECT_BINARY_DIR}/man/${program}.1)
    add_custom_command(OUTPUT ${page}
        COMMAND ${CMAKE_COMMAND} -DTEMPLATE=${template} -DPAGE=${page}
            "-DPROGRAM=$<TARGET_FILE:${program}>" "-DARGUMENTS=${ARGN}"
            -DRELEASE=${PROJECT_VERSION} -P ${PROJECT_SOURCE_DIR}/cmake/MakeMan.cmake
        DEPENDS ${template} ${program} ${PROJECT_SOURCE_DIR}/cmake/MakeMan.cmake
        VERBATIM)
    add_custom_target(${program}.1 ALL DEPENDS ${page})
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endfunction()
