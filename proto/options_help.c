#include <string.h>

#include "proto/options.h"
#include "proto/options_table.h"

/* Telling what the options are; the other half of options.h. */

enum { HELP_COLUMN = 30 };

#ifndef TL_RELEASE
#error "the build says which release this is"
#endif

static void
print_name(const tl_option_row *row, FILE *out)
{
    bool negative = row->kind == TL_KIND_FLAG && strcmp(row->initial, "yes") == 0;
    int used = fprintf(out, "  --%s%s%s%s", negative ? "no-" : "", row->name,
                       *row->meta ? " " : "", row->meta);

    /* A long name gets a line of its own. */
    if (used >= HELP_COLUMN)
        (void) fprintf(out, "\n%*s", HELP_COLUMN, "");
    else
        (void) fprintf(out, "%*s", HELP_COLUMN - used, "");
}

static void
print_help(tl_program program, const char *usage, FILE *out)
{
    (void) fprintf(out, "usage: %s\n\n", usage);
    for (int i = 0; i < TL_OPTIONS; i++) {
        const tl_option_row *row = tl_option_row_of((tl_option) i);

        if (!tl_option_belongs((tl_option) i, program))
            continue;
        print_name(row, out);
        if (row->kind == TL_KIND_FLAG && strcmp(row->initial, "yes") == 0)
            (void) fprintf(out, "do not %s\n", row->help);
        else if (row->kind == TL_KIND_FLAG || *row->initial == '\0')
            (void) fprintf(out, "%s\n", row->help);
        else
            (void) fprintf(out, "%s [%s]\n", row->help, row->initial);
    }
    (void) fprintf(out,
                   "\nEach option is also read from the environment (--body-cap from "
                   "THUMBLINE_BODY_CAP)\nand from the file that --config names.\n");
}

static void
print_roff_row(const tl_option_row *row, FILE *out)
{
    bool negative = row->kind == TL_KIND_FLAG && strcmp(row->initial, "yes") == 0;

    (void) fprintf(out, ".TP\n.BR \\-\\-%s", negative ? "no\\-" : "");
    for (const char *c = row->name; *c; c++)
        (void) fprintf(out, *c == '-' ? "\\-" : "%c", *c);
    if (*row->meta)
        (void) fprintf(out, " \" \" \\fI%s\\fR", row->meta);
    (void) fprintf(out, "\n%s%s.", negative ? "Do not " : "", row->help);
    if (row->kind != TL_KIND_FLAG && *row->initial)
        (void) fprintf(out, " The default is %s.", row->initial);
    (void) fputc('\n', out);
}

static void
print_roff(tl_program program, FILE *out)
{
    for (int i = 0; i < TL_OPTIONS; i++)
        if (tl_option_belongs((tl_option) i, program))
            print_roff_row(tl_option_row_of((tl_option) i), out);
}

static void
print_config(const tl_options *self, tl_program program, FILE *out)
{
    for (int i = 0; i < TL_OPTIONS; i++) {
        const tl_option_row *row = tl_option_row_of((tl_option) i);
        size_t items = row->kind == TL_KIND_LIST ? tl_items(self, (tl_option) i) : 0;

        /* Questions like --help are no settings. */
        if (!tl_option_belongs((tl_option) i, program) || i >= TL_OPT_CONFIG)
            continue;
        for (size_t k = 0; k < items; k++)
            (void) fprintf(out, "%s = %s\n", row->name, tl_item(self, (tl_option) i, k));
        if (row->kind != TL_KIND_LIST)
            (void) fprintf(out, "%s = %s\n", row->name, tl_text(self, (tl_option) i));
    }
}

bool
tl_options_answered(const tl_options *self, const char *usage, FILE *out)
{
    tl_program program = tl_options_program(self);

    if (tl_flag(self, TL_OPT_HELP))
        print_help(program, usage, out);
    else if (tl_flag(self, TL_OPT_VERSION))
        (void) fprintf(out, "thumbline %s\n", TL_RELEASE);
    else if (tl_flag(self, TL_OPT_OPTIONS_ROFF))
        print_roff(program, out);
    else if (tl_flag(self, TL_OPT_SHOW_CONFIG))
        print_config(self, program, out);
    else
        return false;
    return true;
}

const char *
tl_release(void)
{
    return TL_RELEASE;
}
