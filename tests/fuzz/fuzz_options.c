/* fuzz_options — a config file with anything in it. What is accepted can be said again,
 * by --show-config, and means the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proto/options.h"
#include "proto/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
must(bool held)
{
    if (!held)
        __builtin_trap();
}

static void
close_file(FILE **file)
{
    if (*file)
        (void) fclose(*file); /* it is memory */
}

/* The options of a ventilator whose config file has these bytes; NULL if refused. */
static tl_options *
parse(const char *bytes, size_t size)
{
    TL_SCOPED(tl_options_destroy) tl_options *options = tl_options_new(TL_VENTILATOR);
    TL_SCOPED(close_file) FILE *file = fdopen(memfd_create("config", 0), "w");
    char program[] = "fuzz";
    char flag[64];
    char show[] = "--show-config";
    char *argv[] = {program, flag, show, NULL};
    tl_error err = {.fault = TL_OK};

    must(options && file && fwrite(bytes, 1, size, file) == size && fflush(file) == 0);
    (void) snprintf(flag, sizeof flag, "--config=/dev/fd/%d", fileno(file));
    if (tl_options_parse(options, 3, argv, &err) == TL_OK)
        return TL_GIVE(options);
    must(err.fault != TL_OK && err.text[0] != '\0');
    return NULL;
}

static char *
shown(const tl_options *options, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);

    must(out && tl_options_answered(options, "", out));
    (void) fclose(out); /* memory again */
    return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    TL_SCOPED(tl_options_destroy) tl_options *first = parse((const char *) bytes, size);
    size_t once = 0, twice = 0;

    /* A file may ask for --help as well, and that comes first. */
    if (!first || tl_flag(first, TL_OPT_HELP) || tl_flag(first, TL_OPT_VERSION) ||
        tl_flag(first, TL_OPT_OPTIONS_ROFF))
        return 0;
    char *text = shown(first, &once);
    TL_SCOPED(tl_options_destroy) tl_options *second = parse(text, once);
    must(second != NULL);
    char *again = shown(second, &twice);
    must(once == twice && memcmp(text, again, once) == 0);
    free(text);
    free(again);
    return 0;
}
