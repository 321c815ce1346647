#include "proto/reader.h"

#include "proto/limits.h"
#include "proto/utf8.h"

/* What a first byte announces: how many bytes of number follow it, and what the number
 * counts. */
typedef enum { UINT, NEGATIVE, BOOL, TEXT, BYTES, ARRAY, MAP, OTHER, BAD } kind;

typedef struct {
    kind kind;
    uint64_t number; /* the value, or how many bytes or elements follow */
} head;

static head
fail(tl_reader *in, const char *problem)
{
    if (!in->problem)
        in->problem = problem;
    return (head){BAD, 0};
}

static size_t
left(const tl_reader *in)
{
    return (size_t) (in->end - in->at);
}

static uint64_t
big_endian(const uint8_t *at, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    return number;
}

/* The formats whose first byte says everything but a number of `bytes` bytes. */
static const struct {
    uint8_t kind;
    uint8_t bytes;
} formats[32] = {
    /* 0xc0 nil, (unused), false, true */
    {OTHER, 0},
    {BAD, 0},
    {BOOL, 0},
    {BOOL, 0},
    /* 0xc4 bin 8 16 32, 0xc7 ext 8 16 32, 0xca float 32 64 */
    {BYTES, 1},
    {BYTES, 2},
    {BYTES, 4},
    {BAD, 0},
    {BAD, 0},
    {BAD, 0},
    {OTHER, 4},
    {OTHER, 8},
    /* 0xcc uint 8 16 32 64, 0xd0 int 8 16 32 64 */
    {UINT, 1},
    {UINT, 2},
    {UINT, 4},
    {UINT, 8},
    {NEGATIVE, 1},
    {NEGATIVE, 2},
    {NEGATIVE, 4},
    {NEGATIVE, 8},
    /* 0xd4 fixext: never used by us */
    {BAD, 0},
    {BAD, 0},
    {BAD, 0},
    {BAD, 0},
    {BAD, 0},
    /* 0xd9 str 8 16 32, 0xdc array 16 32, 0xde map 16 32 */
    {TEXT, 1},
    {TEXT, 2},
    {TEXT, 4},
    {ARRAY, 2},
    {ARRAY, 4},
    {MAP, 2},
    {MAP, 4},
};

static head
take_long_head(tl_reader *in, uint8_t first)
{
    kind what = (kind) formats[first - 0xc0].kind;
    size_t bytes = formats[first - 0xc0].bytes;

    if (what == BAD)
        return fail(in, "a type that PROTOCOL.md does not use");
    if (bytes > left(in))
        return fail(in, "cut off");
    head got = {what, what == BOOL ? first & 1U : big_endian(in->at, bytes)};
    /* A signed format may hold a number that is not negative. */
    if (what == NEGATIVE && bytes > 0 && in->at[0] < 0x80)
        got.kind = UINT;
    in->at += bytes;
    return got;
}

static head
take_head(tl_reader *in)
{
    if (in->problem || left(in) == 0)
        return fail(in, "cut off");

    uint8_t first = *in->at++;

    if (first < 0x80)
        return (head){UINT, first};
    if (first < 0x90)
        return (head){MAP, first & 0x0fU};
    if (first < 0xa0)
        return (head){ARRAY, first & 0x0fU};
    if (first < 0xc0)
        return (head){TEXT, first & 0x1fU};
    if (first >= 0xe0)
        return (head){NEGATIVE, 0};
    return take_long_head(in, first);
}

static uint64_t
take(tl_reader *in, kind wanted, const char *problem)
{
    head got = take_head(in);

    if (in->problem)
        return 0;
    if (got.kind != wanted) {
        (void) fail(in, problem);
        return 0;
    }
    return got.number;
}

static tl_text_view
take_view(tl_reader *in, kind wanted, const char *problem)
{
    uint64_t size = take(in, wanted, problem);

    if (in->problem)
        return (tl_text_view){"", 0};
    if (size > left(in)) {
        (void) fail(in, "cut off");
        return (tl_text_view){"", 0};
    }
    tl_text_view view = {(const char *) in->at, (size_t) size};
    in->at += size;
    return view;
}

/* Each element takes a byte at least, so a larger claim is a lie. */
static size_t
take_count(tl_reader *in, kind wanted, size_t least_bytes, const char *problem)
{
    uint64_t count = take(in, wanted, problem);

    if (!in->problem && count > left(in) / least_bytes)
        (void) fail(in, "more elements than bytes");
    return in->problem ? 0 : (size_t) count;
}

uint64_t
tl_read_uint(tl_reader *in)
{
    return take(in, UINT, "not an unsigned integer");
}

bool
tl_read_bool(tl_reader *in)
{
    return take(in, BOOL, "not a boolean") != 0;
}

tl_text_view
tl_read_text(tl_reader *in)
{
    tl_text_view view = take_view(in, TEXT, "not a string");

    if (!in->problem && !tl_utf8_valid((const uint8_t *) view.at, view.size))
        (void) fail(in, "not UTF-8 text");
    return view;
}

tl_text_view
tl_read_bytes(tl_reader *in)
{
    return take_view(in, BYTES, "not binary");
}

size_t
tl_read_array(tl_reader *in)
{
    return take_count(in, ARRAY, 1, "not an array");
}

size_t
tl_read_map(tl_reader *in)
{
    return take_count(in, MAP, 2, "not a map");
}

static void
skip_bytes(tl_reader *in, uint64_t size)
{
    if (size > left(in))
        (void) fail(in, "cut off");
    else
        in->at += size;
}

/* How many values are still owed at each level; no recursion, so a hostile frame cannot
 * use up the stack. */
typedef struct {
    size_t owed[TL_NEST_LEVELS + 1];
    size_t level;
} nest;

/* To the innermost level that is owed a value, which is then taken as paid; false when
 * there is none. */
static bool
step_out(nest *self)
{
    while (self->owed[self->level] == 0) {
        if (self->level == 0)
            return false;
        self->level--;
    }
    self->owed[self->level]--;
    return true;
}

static void
step_in(nest *self, tl_reader *in, head of)
{
    if (self->level == TL_NEST_LEVELS || of.number > left(in))
        (void) fail(in, "nested too deeply, or more elements than bytes");
    else
        self->owed[++self->level] = (size_t) of.number * (of.kind == MAP ? 2 : 1);
}

void
tl_read_skip(tl_reader *in)
{
    nest open = {.owed = {1}};

    while (!in->problem && step_out(&open)) {
        head got = take_head(in);

        if (got.kind == TEXT || got.kind == BYTES)
            skip_bytes(in, got.number);
        if (got.kind == ARRAY || got.kind == MAP)
            step_in(&open, in, got);
    }
}
