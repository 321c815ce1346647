/* fuzz_text — what is text, and how what is not is shown. Escaped text is itself text,
 * without control characters, and fits into the room it was given. The first byte is
 * that room. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/log.h"
#include "proto/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
must(bool held)
{
    if (!held)
        __builtin_trap();
}

/* Character by character it must come to the same as at one go. */
static bool
is_text_slowly(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t n = tl_utf8_length(bytes + i, size - i);

        must(n <= 4 && n <= size - i);
        if (n == 0 || bytes[i] == '\0')
            return false;
        i += n;
    }
    return true;
}

static void
is_harmless(const char *text)
{
    const uint8_t *bytes = (const uint8_t *) text;

    must(tl_utf8_valid(bytes, strlen(text)));
    for (size_t i = 0; bytes[i] != '\0'; i++) {
        must(bytes[i] >= 0x20 && bytes[i] != 0x7f);
        must(bytes[i] != 0xc2 || bytes[i + 1] >= 0xa0); /* U+0080..U+009F */
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    size_t room = (size_t) bytes[0] + 1;
    char *out = malloc(room);

    must(out != NULL);
    must(tl_utf8_valid(bytes + 1, size - 1) == is_text_slowly(bytes + 1, size - 1));
    must(tl_escape((const char *) bytes + 1, size - 1, out, room) == out);
    must(memchr(out, '\0', room) != NULL);
    is_harmless(out);
    free(out);
    return 0;
}
