#include "proto/options_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { V = TL_VENTILATOR, W = TL_WORKER, S = TL_SINK, R = TL_LAUNCHER, H = TL_SHRINK };

static const tl_option_row rows[TL_OPTIONS] = {
#define OPTION(ID, name, KIND, initial, least, most, programs, SCOPE, meta, help)        \
    [TL_OPT_##ID] = {name,     TL_KIND_##KIND,   initial, least, most,                   \
                     programs, TL_SCOPE_##SCOPE, meta,    help},
#include "proto/options.def"
#undef OPTION
};

const tl_option_row *
tl_option_row_of(tl_option option)
{
    return &rows[option];
}

bool
tl_option_belongs(tl_option option, tl_program program)
{
    return (rows[option].programs & (unsigned) program) != 0;
}

typedef struct {
    const char *suffix;
    uint64_t factor;
} unit;

static const unit byte_units[] = {
    {"", 1},
    {"KiB", 1 << 10},
    {"MiB", 1 << 20},
    {"GiB", 1 << 30},
    {"TiB", (uint64_t) 1 << 40},
    {"kB", 1000},
    {"MB", 1000000},
    {"GB", 1000000000},
    {"TB", 1000000000000},
    {NULL, 0},
};

/* A bare number is seconds, as people write timeouts. */
static const unit time_units[] = {
    {"", 1000},     {"ms", 1},       {"s", 1000}, {"m", 60000},
    {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static const unit no_units[] = {{"", 1}, {NULL, 0}};

static const unit *
units_of(tl_kind kind)
{
    return kind == TL_KIND_BYTES      ? byte_units
           : kind == TL_KIND_DURATION ? time_units
                                      : no_units;
}

static const char *
example_of(tl_kind kind)
{
    return kind == TL_KIND_BYTES      ? "a size like 512MiB"
           : kind == TL_KIND_DURATION ? "a time like 500ms, 30s or 5m"
           : kind == TL_KIND_PIXELS   ? "a box like 128x128"
                                      : "a whole number";
}

/* Digits, then one of the units that are the whole word up to `end`. */
static bool
read_part(const char **at, const unit *units, uint64_t *number)
{
    char *rest = NULL;

    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    uint64_t digits = strtoull(*at, &rest, 10);
    if (errno != 0)
        return false;
    size_t size = strcspn(rest, "0123456789");
    for (; units->suffix; units++)
        if (strlen(units->suffix) == size && strncmp(units->suffix, rest, size) == 0)
            break;
    if (!units->suffix || digits > (UINT64_MAX - *number) / units->factor)
        return false;
    *number += digits * units->factor;
    *at = rest + size;
    return true;
}

static bool
read_number(const char *value, const unit *units, bool several, uint64_t *number)
{
    *number = 0;
    do {
        if (!read_part(&value, units, number))
            return false;
    } while (several && *value != '\0');
    return *value == '\0';
}

static tl_fault
read_flag(const tl_option_row *row, const char *value, uint64_t *number, tl_error *err)
{
    bool yes = strcmp(value, "yes") == 0 || strcmp(value, "true") == 0 ||
               strcmp(value, "1") == 0;
    bool no = strcmp(value, "no") == 0 || strcmp(value, "false") == 0 ||
              strcmp(value, "0") == 0;

    if (!yes && !no)
        return tl_fail(err, TL_USAGE, "--%s is yes or no, not '%s'", row->name, value);
    *number = yes;
    return TL_OK;
}

static tl_fault
out_of_range(const tl_option_row *row, const char *value, tl_error *err)
{
    return tl_fail(err, TL_USAGE,
                   "--%s is from %" PRIu64 " to %" PRIu64 "%s, and '%s' is not",
                   row->name, row->least, row->most,
                   row->kind == TL_KIND_DURATION ? " ms"
                   : row->kind == TL_KIND_BYTES  ? " bytes"
                                                 : "",
                   value);
}

static tl_fault
read_pixels(const tl_option_row *row, const char *value, uint64_t *number, tl_error *err)
{
    char *end = NULL;
    bool digit = *value >= '0' && *value <= '9';
    uint64_t width = strtoull(value, &end, 10);
    bool second = digit && *end == 'x' && end[1] >= '0' && end[1] <= '9';
    uint64_t height = second ? strtoull(end + 1, &end, 10) : 0;

    if (!second || *end != '\0')
        return tl_fail(err, TL_USAGE, "--%s takes %s, not '%s'", row->name,
                       example_of(row->kind), value);
    if (width < row->least || width > row->most || height < row->least ||
        height > row->most)
        return out_of_range(row, value, err);
    *number = width << 32 | height;
    return TL_OK;
}

tl_fault
tl_option_number(const tl_option_row *row, const char *value, uint64_t *number,
                 tl_error *err)
{
    if (row->kind == TL_KIND_FLAG)
        return read_flag(row, value, number, err);
    if (row->kind == TL_KIND_PIXELS)
        return read_pixels(row, value, number, err);
    if (!read_number(value, units_of(row->kind), row->kind == TL_KIND_DURATION, number))
        return tl_fail(err, TL_USAGE, "--%s takes %s, not '%s'", row->name,
                       example_of(row->kind), value);
    if (*number < row->least || *number > row->most)
        return out_of_range(row, value, err);
    return TL_OK;
}
