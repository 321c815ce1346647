#include "proto/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/options_table.h"
#include "proto/scope.h"
#include "proto/utf8.h"

enum {
    LIST_ITEMS = 256, /* of a repeated option */
    WORDS = 65536,    /* on a command line; the kernel's own limit comes first */
    CONFIG_LINE_BYTES = 4096,
};

/* Where a value comes from; a later one beats an earlier one. */
typedef enum { INITIAL, FROM_CONFIG, FROM_ENVIRONMENT, FROM_COMMAND_LINE } origin;

typedef struct {
    origin origin;
    uint64_t number;
    char *text;   /* as written; never NULL */
    char **items; /* of a LIST */
    size_t count;
} setting;

struct tl_options {
    tl_program program;
    setting values[TL_OPTIONS];
    char **words;
    size_t word_count;
};

static void
drop_items(setting *value)
{
    for (size_t i = 0; i < value->count; i++)
        free(value->items[i]);
    free(value->items);
    value->items = NULL;
    value->count = 0;
}

void
tl_options_destroy(tl_options **self_p)
{
    assert(self_p);
    tl_options *self = *self_p;

    if (!self)
        return;
    for (int i = 0; i < TL_OPTIONS; i++) {
        drop_items(&self->values[i]);
        free(self->values[i].text);
    }
    for (size_t i = 0; i < self->word_count; i++)
        free(self->words[i]);
    free(self->words);
    free(self);
    *self_p = NULL;
}

static tl_fault
append(char ***list, size_t *count, size_t most, const char *text, tl_error *err)
{
    if (*count == most)
        return tl_fail(err, TL_USAGE, "more than %zu values are given", most);
    char **grown = realloc(*list, (*count + 1) * sizeof *grown);
    char *copy = strdup(text);
    if (grown)
        *list = grown;
    if (!grown || !copy) {
        free(copy);
        return tl_fail(err, TL_NO_MEMORY, "no memory for options");
    }
    (*list)[(*count)++] = copy;
    return TL_OK;
}

/* Set one value from one origin. Values of a stronger origin stay. */
static tl_fault
assign(tl_options *self, tl_option option, const char *text, origin from, tl_error *err)
{
    const tl_option_row *row = tl_option_row_of(option);
    setting *value = &self->values[option];
    uint64_t number = 0;

    if (from < value->origin)
        return TL_OK;
    if (!tl_utf8_valid((const uint8_t *) text, strlen(text)))
        return tl_fail(err, TL_USAGE, "the value of --%s is not UTF-8 text", row->name);
    if (row->kind < TL_KIND_TEXT && tl_option_number(row, text, &number, err) != TL_OK)
        return err->fault;
    if (row->kind == TL_KIND_LIST) {
        if (from > value->origin)
            drop_items(value); /* the weaker origin's list is replaced, not continued */
        if (*text != '\0' &&
            append(&value->items, &value->count, LIST_ITEMS, text, err) != TL_OK)
            return tl_within(err, "--%s", row->name);
    }
    char *copy = strdup(text);
    if (!copy)
        return tl_fail(err, TL_NO_MEMORY, "no memory for options");
    free(value->text);
    value->text = copy;
    value->number = number;
    value->origin = from;
    return TL_OK;
}

tl_options *
tl_options_new(tl_program program)
{
    TL_SCOPED(tl_options_destroy) tl_options *self = calloc(1, sizeof *self);
    tl_error err = {0};

    if (!self)
        return NULL;
    self->program = program;
    for (int i = 0; i < TL_OPTIONS; i++) {
        tl_fault fault = assign(self, (tl_option) i,
                                tl_option_row_of((tl_option) i)->initial, INITIAL, &err);

        if (fault == TL_NO_MEMORY)
            return NULL;
        assert(fault == TL_OK); /* a default that its own row refuses */
    }
    return TL_GIVE(self);
}

/* ---- where values come from ------------------------------------------------------- */

static bool
find(const tl_options *self, const char *name, size_t size, tl_option *option)
{
    for (int i = 0; i < TL_OPTIONS; i++) {
        const char *ours = tl_option_row_of((tl_option) i)->name;

        if (tl_option_belongs((tl_option) i, self->program) && strlen(ours) == size &&
            strncmp(ours, name, size) == 0) {
            *option = (tl_option) i;
            return true;
        }
    }
    return false;
}

static tl_fault
unknown(const char *name, size_t size, tl_error *err)
{
    return tl_fail(err, TL_USAGE, "there is no option --%.*s; see --help", (int) size,
                   name);
}

/* One "--name=value", "--name value", "--flag" or "--no-flag"; *used says how many words
 * it took. */
static tl_fault
take_option(tl_options *self, int argc, char **argv, int *used, tl_error *err)
{
    const char *name = argv[0] + 2;
    size_t size = strcspn(name, "=");
    const char *text = name[size] == '=' ? name + size + 1 : NULL;
    tl_option option;
    bool no = false;

    *used = 1;
    if (!find(self, name, size, &option)) {
        no = size > 3 && strncmp(name, "no-", 3) == 0 &&
             find(self, name + 3, size - 3, &option) &&
             tl_option_row_of(option)->kind == TL_KIND_FLAG;
        if (!no)
            return unknown(name, size, err);
        if (text)
            return tl_fail(err, TL_USAGE, "--%.*s takes no value", (int) size, name);
    }
    if (!text && tl_option_row_of(option)->kind == TL_KIND_FLAG)
        text = no ? "no" : "yes";
    if (!text && argc < 2)
        return tl_fail(err, TL_USAGE, "--%s needs a value: %s",
                       tl_option_row_of(option)->name, tl_option_row_of(option)->meta);
    if (!text) {
        text = argv[1];
        *used = 2;
    }
    return assign(self, option, text, FROM_COMMAND_LINE, err);
}

static tl_fault
take_word(tl_options *self, const char *word, tl_error *err)
{
    return append(&self->words, &self->word_count, WORDS, word, err);
}

/* The first of these words, and its value if that is the next; *used says how many. */
static tl_fault
take_next(tl_options *self, int argc, char **argv, int *used, tl_error *err)
{
    const char *word = argv[0];

    *used = 1;
    if (word[0] != '-' || word[1] == '\0')
        return take_word(self, word, err);
    if (strcmp(word, "-h") == 0)
        return assign(self, TL_OPT_HELP, "yes", FROM_COMMAND_LINE, err);
    if (word[1] != '-')
        return tl_fail(err, TL_USAGE, "there is no option %s; see --help", word);
    return take_option(self, argc, argv, used, err);
}

static tl_fault
read_command_line(tl_options *self, int argc, char **argv, tl_error *err)
{
    tl_fault fault = TL_OK;
    int at = 1;

    for (int used = 1; fault == TL_OK && at < argc && strcmp(argv[at], "--") != 0;
         at += used)
        fault = take_next(self, argc - at, argv + at, &used, err);
    for (at++; fault == TL_OK && at < argc; at++)
        fault = take_word(self, argv[at], err);
    return fault;
}

static tl_fault
read_environment(tl_options *self, tl_error *err)
{
    for (int i = 0; i < TL_OPTIONS; i++) {
        char variable[64] = "THUMBLINE_";
        size_t used = strlen(variable);

        if (!tl_option_belongs((tl_option) i, self->program))
            continue;
        for (const char *c = tl_option_row_of((tl_option) i)->name; *c; c++)
            variable[used++] = (char) (*c == '-' ? '_' : toupper((unsigned char) *c));
        variable[used] = '\0';
        const char *text =
            getenv(variable); /* NOLINT(concurrency-mt-unsafe): no threads yet */
        if (text && assign(self, (tl_option) i, text, FROM_ENVIRONMENT, err) != TL_OK)
            return tl_within(err, "%s in the environment", variable);
    }
    return TL_OK;
}

static char *
trim(char *text)
{
    while (isspace((unsigned char) *text))
        text++;
    size_t size = strlen(text);
    while (size > 0 && isspace((unsigned char) text[size - 1]))
        size--;
    text[size] = '\0';
    return text;
}

static tl_fault
read_config_line(tl_options *self, char *line, tl_error *err)
{
    char *name = trim(line);
    char *equals = strchr(name, '=');
    tl_option option;

    if (*name == '\0' || *name == '#')
        return TL_OK;
    if (!equals)
        return tl_fail(err, TL_USAGE, "'%s' is not `name = value`", name);
    *equals = '\0';
    char *text = trim(equals + 1);
    name = trim(name);
    /* One file may serve all programs: options of the others are not ours to refuse. */
    for (unsigned program = TL_VENTILATOR; program <= TL_SHRINK; program <<= 1) {
        tl_options other = {.program = (tl_program) program};

        if (find(self, name, strlen(name), &option))
            return assign(self, option, text, FROM_CONFIG, err);
        if (find(&other, name, strlen(name), &option))
            return TL_OK;
    }
    return unknown(name, strlen(name), err);
}

static void
close_file(FILE **file_p)
{
    if (*file_p)
        (void) fclose(*file_p); /* it was only read */
}

static tl_fault
read_config(tl_options *self, const char *path, tl_error *err)
{
    char line[CONFIG_LINE_BYTES];
    TL_SCOPED(close_file) FILE *file = fopen(path, "re");

    if (!file)
        return tl_fail_errno(err, TL_USAGE, "cannot read the config file %s", path);
    for (unsigned number = 1; fgets(line, sizeof line, file); number++) {
        if (!strchr(line, '\n') && !feof(file))
            return tl_fail(err, TL_USAGE, "%s line %u is too long", path, number);
        if (read_config_line(self, line, err) != TL_OK)
            return tl_within(err, "%s line %u", path, number);
    }
    return ferror(file) ? tl_fail_errno(err, TL_USAGE, "cannot read %s", path) : TL_OK;
}

tl_fault
tl_options_parse(tl_options *self, int argc, char **argv, tl_error *err)
{
    /* The command line first, since it says where the config file is; weaker origins
     * never overwrite stronger ones. */
    if (read_command_line(self, argc, argv, err) != TL_OK ||
        read_environment(self, err) != TL_OK)
        return err->fault;
    const char *config = tl_text(self, TL_OPT_CONFIG);
    return *config ? read_config(self, config, err) : TL_OK;
}

tl_fault
tl_options_set(tl_options *self, const char *name, const char *text, tl_error *err)
{
    tl_option option;

    if (!find(self, name, strlen(name), &option))
        return unknown(name, strlen(name), err);
    return assign(self, option, text, FROM_COMMAND_LINE, err);
}

/* ---- what they are ---------------------------------------------------------------- */

tl_program
tl_options_program(const tl_options *self)
{
    return self->program;
}

bool
tl_flag(const tl_options *self, tl_option option)
{
    assert(tl_option_row_of(option)->kind == TL_KIND_FLAG);
    return self->values[option].number != 0;
}

uint64_t
tl_number(const tl_options *self, tl_option option)
{
    assert(tl_option_row_of(option)->kind < TL_KIND_TEXT);
    return self->values[option].number;
}

const char *
tl_text(const tl_options *self, tl_option option)
{
    return self->values[option].text;
}

void
tl_pixels(const tl_options *self, tl_option option, uint32_t *width, uint32_t *height)
{
    assert(tl_option_row_of(option)->kind == TL_KIND_PIXELS);
    *width = (uint32_t) (self->values[option].number >> 32);
    *height = (uint32_t) self->values[option].number;
}

size_t
tl_items(const tl_options *self, tl_option option)
{
    return self->values[option].count;
}

const char *
tl_item(const tl_options *self, tl_option option, size_t index)
{
    assert(index < self->values[option].count);
    return self->values[option].items[index];
}

size_t
tl_words(const tl_options *self)
{
    return self->word_count;
}

const char *
tl_word(const tl_options *self, size_t index)
{
    assert(index < self->word_count);
    return self->words[index];
}

const char *const *
tl_word_list(const tl_options *self)
{
    return (const char *const *) self->words;
}

bool
tl_options_run_at(const tl_options *self, size_t index, const char **name,
                  const char **text)
{
    for (int i = 0; i < TL_OPTIONS; i++) {
        const tl_option_row *row = tl_option_row_of((tl_option) i);

        /* Defaults are left out: a release that adds an option still makes the same keys,
         * and older workers don't refuse what nobody asked for. */
        if (row->scope != TL_SCOPE_RUN ||
            strcmp(self->values[i].text, row->initial) == 0 || index-- > 0)
            continue;
        *name = tl_option_row_of((tl_option) i)->name;
        *text = self->values[i].text;
        return true;
    }
    return false;
}

char *
tl_options_forward(const tl_options *self, tl_program program, size_t index)
{
    for (int i = 0; i < TL_OPTIONS; i++) {
        const setting *value = &self->values[i];
        const tl_option_row *row = tl_option_row_of((tl_option) i);
        size_t words = row->kind == TL_KIND_LIST ? value->count : 1;
        char *word = NULL;

        if (!tl_option_belongs((tl_option) i, program) || value->origin == INITIAL ||
            !tl_option_belongs((tl_option) i, self->program))
            continue;
        if (index >= words) {
            index -= words;
            continue;
        }
        const char *text = row->kind == TL_KIND_LIST ? value->items[index] : value->text;
        return asprintf(&word, "--%s=%s", row->name, text) == -1 ? NULL : word;
    }
    return NULL;
}
