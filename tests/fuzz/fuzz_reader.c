/* fuzz_reader — the cursor: stepping over any value, and reading whatever comes next.
 * It never leaves its bytes, its first problem sticks, and a value that can be skipped
 * is a value that msgpack-c can unpack. */
#include <msgpack.h>
#include <stdint.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
must(bool held)
{
    if (!held)
        __builtin_trap();
}

static void
skips_what_msgpack_c_reads(const uint8_t *bytes, size_t size)
{
    tl_reader in = {bytes, bytes + size, NULL};
    msgpack_unpacked unpacked;
    size_t offset = 0;

    tl_read_skip(&in);
    must(in.at >= bytes && in.at <= bytes + size);
    if (in.problem)
        return;
    msgpack_unpacked_init(&unpacked);
    must(msgpack_unpack_next(&unpacked, (const char *) bytes, size, &offset) ==
         MSGPACK_UNPACK_SUCCESS);
    must(offset == (size_t) (in.at - bytes));
    msgpack_unpacked_destroy(&unpacked);
}

/* The low bits of each byte also say how the value there is to be read. */
static void
reads_anything_in_bounds(const uint8_t *bytes, size_t size)
{
    tl_reader in = {bytes, bytes + size, NULL};

    while (!in.problem) {
        const uint8_t *before = in.at;

        switch (in.at < in.end ? (*in.at >> 3) % 7 : 0) {
        case 0:
            (void) tl_read_uint(&in);
            break;
        case 1:
            (void) tl_read_bool(&in);
            break;
        case 2:
            must(tl_read_text(&in).size <= size);
            break;
        case 3:
            must(tl_read_bytes(&in).size <= size);
            break;
        case 4:
            must(tl_read_array(&in) <= size);
            break;
        case 5:
            must(tl_read_map(&in) <= size / 2);
            break;
        default:
            tl_read_skip(&in);
            break;
        }
        must(in.at <= in.end && (in.problem || in.at > before));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    skips_what_msgpack_c_reads(bytes, size);
    reads_anything_in_bounds(bytes, size);
    return 0;
}
