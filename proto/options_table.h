/* options_table — the rows of options.def, and how a value of each kind reads.
 *
 * Why it exists: parsing (options.c) and telling (options_help.c) share the table;
 * nobody else looks at it. */
#ifndef TL_OPTIONS_TABLE_H
#define TL_OPTIONS_TABLE_H

#include "proto/options.h"

typedef enum {
    TL_KIND_FLAG,
    TL_KIND_COUNT,
    TL_KIND_BYTES,
    TL_KIND_DURATION,
    TL_KIND_PIXELS,
    TL_KIND_TEXT,
    TL_KIND_LIST,
} tl_kind;

typedef enum { TL_SCOPE_MACHINE, TL_SCOPE_RUN } tl_scope;

typedef struct {
    const char *name;
    tl_kind kind;
    const char *initial;
    uint64_t least;
    uint64_t most;
    unsigned programs;
    tl_scope scope;
    const char *meta;
    const char *help;
} tl_option_row;

const tl_option_row *tl_option_row_of(tl_option option);

/* Whose options are these? */
tl_program tl_options_program(const tl_options *self);

/* Is the option one of the program's? */
bool tl_option_belongs(tl_option option, tl_program program);

/* "yes"/"no", "12", "512MiB", "1m30s", "128x128" as a number (PIXELS: width << 32 |
 * height); TL_USAGE with a sentence that names the option. */
tl_fault tl_option_number(const tl_option_row *row, const char *value, uint64_t *number,
                          tl_error *err);

#endif
