/* options — what a person may set, out of the one table in options.def.
 *
 * Why it exists: flags, environment, config file, --help, --show-config and the man
 * pages must agree, so they are all made from the same rows. The command line beats the
 * environment (THUMBLINE_NAME), which beats the config file, which beats the default. */
#ifndef TL_OPTIONS_H
#define TL_OPTIONS_H

#include <stdio.h>

#include "proto/fault.h"

typedef enum {
#define OPTION(ID, name, KIND, initial, least, most, programs, SCOPE, meta, help)        \
    TL_OPT_##ID,
#include "proto/options.def"
#undef OPTION
    TL_OPTIONS
} tl_option;

/* The programs; a row of the table names a set of them. */
typedef enum {
    TL_VENTILATOR = 1,
    TL_WORKER = 2,
    TL_SINK = 4,
    TL_LAUNCHER = 8, /* `thumbline run` */
    TL_SHRINK = 16,
} tl_program;

typedef struct tl_options tl_options;

/* The options of one program at their defaults; NULL when memory is out. */
tl_options *tl_options_new(tl_program program);
void tl_options_destroy(tl_options **self_p);

/* Read config file, environment and command line (argv[0] is skipped). TL_USAGE with
 * one sentence that names the option. */
tl_fault tl_options_parse(tl_options *self, int argc, char **argv, tl_error *err);

/* If --help, --version, --show-config or --options-roff was given: print the answer to
 * `out` and return true; the program then leaves with 0. `usage` is the line after
 * "usage: ". */
bool tl_options_answered(const tl_options *self, const char *usage, FILE *out);

/* This release, "1.0.0". */
const char *tl_release(void);

/* The values. Texts belong to self; a TEXT is never NULL. */
bool tl_flag(const tl_options *self, tl_option option);
uint64_t tl_number(const tl_options *self, tl_option option); /* COUNT, BYTES, ms */
const char *tl_text(const tl_options *self, tl_option option);
void tl_pixels(const tl_options *self, tl_option option, uint32_t *width,
               uint32_t *height);
size_t tl_items(const tl_options *self, tl_option option); /* of a LIST */
const char *tl_item(const tl_options *self, tl_option option, size_t index);

/* What is not an option: file names, links. */
size_t tl_words(const tl_options *self);
const char *tl_word(const tl_options *self, size_t index);
const char *const *tl_word_list(const tl_options *self);

/* Set one option by name, as the grant's run options and tests do. */
tl_fault tl_options_set(tl_options *self, const char *name, const char *text,
                        tl_error *err);

/* Walk the options of scope RUN that differ from their defaults, as text: index 0, 1, ...
 * until false. */
bool tl_options_run_at(const tl_options *self, size_t index, const char **name,
                       const char **value);

/* Walk what `program` must be told to have our values: "--name=value" words, allocated,
 * the caller frees each; NULL past the end. A list has several words. */
char *tl_options_forward(const tl_options *self, tl_program program, size_t index);

#endif
