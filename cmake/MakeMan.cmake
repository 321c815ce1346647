# Fills one man page's template; see Man.cmake.
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} --options-roff
    OUTPUT_VARIABLE OPTIONS OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(EXIT_STATUS ".TP
.B 0
Every link is done, skipped, unchanged or a duplicate.
.TP
.B 1
Finished; some links failed or are lost.
.TP
.B 2
An option is wrong.
.TP
.B 3
Stopped by a signal or \\-\\-timeout; can be resumed.
.TP
.B 4
Could not start: a port, file, program or record is missing, taken or unusable.")
configure_file(${TEMPLATE} ${PAGE} @ONLY)
