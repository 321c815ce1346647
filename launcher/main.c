#include <stdio.h>
#include <string.h>

#include "launcher/run.h"
#include "proto/log.h"
#include "proto/scope.h"

static const char program[] = "thumbline";
static const char usage[] = "thumbline run [OPTION...] LIST|-|LINK...";
static const char about[] =
    "Download and thumbnail the images of a list, on this machine.\n"
    "The pictures go to images/, or to the folder that --output names.\n"
    "\n"
    "  thumbline run links.txt      a list, one link a line\n"
    "  thumbline run --help         all options\n"
    "  thumbline --version\n";

static int
on_run(int argc, char **argv)
{
    tl_error err = {0};
    tl_level level = TL_LOG_NOTE;
    int code = TL_EXIT_DONE;
    TL_SCOPED(tl_options_destroy) tl_options *options = tl_options_new(TL_LAUNCHER);

    if (!options)
        (void) tl_fail(&err, TL_NO_MEMORY, "no memory to start with");
    if (!options || tl_options_parse(options, argc, argv, &err) != TL_OK)
        return tl_exit(&err, program);
    if (tl_options_answered(options, usage, stdout))
        return TL_EXIT_DONE;
    if (tl_log_level(tl_text(options, TL_OPT_LOG_LEVEL), &level, &err) != TL_OK)
        return tl_exit(&err, program);
    tl_log_show(level);

    TL_SCOPED(run_destroy) run *self = run_new(options, &err);
    if (!self || run_until_done(self, &code, &err) != TL_OK)
        return tl_exit(&err, program);
    return code;
}

int
main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "--help";
    tl_error err = {0};

    if (strcmp(command, "run") == 0)
        return on_run(argc - 1, argv + 1);
    if (strcmp(command, "--version") == 0) {
        (void) printf("thumbline %s\n", tl_release());
        return TL_EXIT_DONE;
    }
    if (argc > 1 && strcmp(command, "--help") != 0 && strcmp(command, "-h") != 0) {
        (void) tl_fail(&err, TL_USAGE, "there is no command '%s'; see thumbline --help",
                       command);
        return tl_exit(&err, program);
    }
    (void) fprintf(argc > 1 ? stdout : stderr, "usage: %s\n\n%s", usage, about);
    return argc > 1 ? TL_EXIT_DONE : TL_EXIT_USAGE;
}
