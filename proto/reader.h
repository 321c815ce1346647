/* reader — a bounded cursor over the msgpack that PROTOCOL.md uses.
 *
 * Why it exists: msgpack-c's unpacker reserves memory for the element count that a peer
 * claims (five bytes ask for 128 GiB). This one allocates nothing, looks at every claim
 * against the bytes that are there, and its first problem sticks: read on, ask once at
 * the end. Texts and lists are views into the frame and live as long as it does. */
#ifndef TL_READER_H
#define TL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
    const char *problem; /* NULL while all is well */
} tl_reader;

/* Bytes inside a frame; not ended by NUL. */
typedef struct {
    const char *at;
    size_t size;
} tl_text_view;

uint64_t tl_read_uint(tl_reader *in);
bool tl_read_bool(tl_reader *in);
tl_text_view tl_read_text(tl_reader *in);  /* str: well-formed UTF-8 without NUL */
tl_text_view tl_read_bytes(tl_reader *in); /* bin */

/* The number of elements (pairs for a map) that follow; never more than there are bytes
 * left, since each element is at least one byte. */
size_t tl_read_array(tl_reader *in);
size_t tl_read_map(tl_reader *in);

/* Step over one value of any kind, nested at most TL_NEST_LEVELS deep. */
void tl_read_skip(tl_reader *in);

#endif
