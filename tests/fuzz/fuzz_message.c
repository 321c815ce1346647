/* fuzz_message — every message decoder. The first byte says which: the schema of that
 * number gets the rest as its map, in a right envelope; a byte beyond takes the rest as a
 * whole frame.
 *
 * The property is more than survival: what is accepted can be written again, and read
 * again as the same. */
#include <stdint.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/message.h"
#include "proto/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

typedef union {
    uint64_t align;
    uint8_t room[TL_MESSAGE_BYTES];
} any_message;

static void
must(bool held)
{
    if (!held)
        __builtin_trap();
}

/* Walk each list as a handler would: decoding has promised that it can be. */
static void
walk_lists(const tl_schema *schema, const any_message *message)
{
    for (size_t i = 0; i < schema->count; i++) {
        const tl_field *field = &schema->fields[i];
        any_message item;
        uint64_t id = 0;
        size_t count = 0;
        tl_list rest;

        if (field->kind != TL_FIELD_LIST)
            continue;
        memcpy(&rest, message->room + field->offset, sizeof rest);
        size_t claimed = rest.count;
        while (field->items ? tl_list_next(&rest, field->items, &item)
                            : tl_list_next_id(&rest, &id))
            count++;
        must(count == claimed && rest.size == 0);
    }
}

static void
survives_the_round_trip(const tl_schema *schema, const uint8_t *frame, size_t size)
{
    any_message first, second;
    tl_error err = {.fault = TL_OK};

    if (tl_decode(schema, &first, frame, size, &err) != TL_OK)
        return;
    must(tl_peek(frame, size, &err) == schema);
    walk_lists(schema, &first);

    /* Written again it can only be shorter, and the same from then on. */
    TL_SCOPED(tl_buf_destroy) tl_buf *once = tl_buf_new(size);
    TL_SCOPED(tl_buf_destroy) tl_buf *twice = tl_buf_new(size);
    must(once && twice);
    must(tl_encode(schema, &first, once, &err) == TL_OK);
    must(tl_decode(schema, &second, tl_buf_bytes(once), tl_buf_size(once), &err) ==
         TL_OK);
    must(tl_encode(schema, &second, twice, &err) == TL_OK);
    must(tl_buf_size(once) == tl_buf_size(twice) &&
         memcmp(tl_buf_bytes(once), tl_buf_bytes(twice), tl_buf_size(once)) == 0);
}

static void
try_frame(const uint8_t *frame, size_t size)
{
    tl_error err = {.fault = TL_OK};
    const tl_schema *schema = tl_peek(frame, size, &err);

    if (schema)
        survives_the_round_trip(schema, frame, size);
}

static void
try_map(const tl_schema *schema, const uint8_t *map, size_t size)
{
    TL_SCOPED(tl_buf_destroy) tl_buf *frame = tl_buf_new(size + 32);
    size_t length = strlen(schema->name);
    const uint8_t envelope[] = {0x93, TL_VERSION_MAJOR, (uint8_t) (0xa0 | length)};
    tl_error err = {.fault = TL_OK};

    must(frame && tl_buf_add(frame, envelope, sizeof envelope, &err) == TL_OK &&
         tl_buf_add(frame, schema->name, length, &err) == TL_OK &&
         tl_buf_add(frame, map, size, &err) == TL_OK);
    survives_the_round_trip(schema, tl_buf_bytes(frame), tl_buf_size(frame));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0 || size > TL_FRAME_BYTES)
        return 0;

    const tl_schema *schema = tl_schema_at(bytes[0]);
    if (schema)
        try_map(schema, bytes + 1, size - 1);
    else
        try_frame(bytes + 1, size - 1);
    return 0;
}
