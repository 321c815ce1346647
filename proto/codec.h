/* codec — messages to bytes and back, both driven by one table of fields.
 *
 * Why it exists: PROTOCOL.md describes a message as a table of keys, types and ranges.
 * A tl_schema is that table in C; encoding, decoding, the fuzzers and the test of the
 * document all walk it, so a field is added in one row and checked everywhere.
 *
 * A message is one frame: [ major, "name", { key: value, ... } ]. Keys we don't know are
 * skipped, keys that are absent leave zero, every value is checked against its row. */
#ifndef TL_CODEC_H
#define TL_CODEC_H

#include "proto/buf.h"
#include "proto/reader.h"

/* A packed list inside a frame: `count` items in `size` bytes of msgpack. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
    size_t count;
} tl_list;

typedef enum {
    TL_FIELD_UINT,  /* uint64_t, least..most */
    TL_FIELD_BOOL,  /* bool */
    TL_FIELD_TEXT,  /* tl_text_view, least..most bytes of UTF-8 without NUL */
    TL_FIELD_BYTES, /* tl_text_view, least..most bytes */
    TL_FIELD_LIST,  /* tl_list, least..most items: maps of `items`, or ids if that is NULL
                     */
} tl_field_kind;

typedef struct tl_schema tl_schema;

typedef struct {
    const char *key;
    tl_field_kind kind;
    bool required; /* absent is malformed; what is not required is not sent when zero */
    size_t offset; /* in the message's struct */
    uint64_t least;
    uint64_t most;
    const tl_schema *items;
} tl_field;

struct tl_schema {
    const char *name;
    size_t size; /* of the struct */
    size_t count;
    const tl_field *fields;
};

/* Which message is it? Checks the version and that the frame is whole at the outer
 * level. NULL with TL_VERSION (naming both) or TL_MALFORMED. */
const tl_schema *tl_peek(const void *bytes, size_t size, tl_error *err);

/* Decode a frame as that message. TL_VERSION or TL_MALFORMED, as above, and message is
 * untouched then; views point into the frame. */
tl_fault tl_decode(const tl_schema *schema, void *message, const void *bytes, size_t size,
                   tl_error *err);

/* Append the message as a frame. TL_TOO_LARGE at the buffer's ceiling; TL_MALFORMED if a
 * field is outside its row, since a peer would refuse it. */
tl_fault tl_encode(const tl_schema *schema, const void *message, tl_buf *frame,
                   tl_error *err);

/* Lists are packed item by item into a buffer of the caller's, then pointed at. */
tl_fault tl_list_add_id(tl_buf *items, uint64_t id, tl_error *err);
tl_fault tl_list_add(tl_buf *items, const tl_schema *schema, const void *item,
                     tl_error *err);
tl_list tl_list_of(const tl_buf *items, size_t count);

/* Walk a list of a decoded message: each call takes the first item off a copy of the
 * list; false at its end. Decoding has checked every item already. */
bool tl_list_next_id(tl_list *rest, uint64_t *id);
bool tl_list_next(tl_list *rest, const tl_schema *schema, void *item);

/* Views of C strings and back. tl_view_copy cuts to room and always ends with NUL. */
tl_text_view tl_view(const char *text);
char *tl_view_copy(tl_text_view view, char *out, size_t room);

#endif
