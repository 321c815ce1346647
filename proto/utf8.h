/* utf8 — is it text? One answer for links, messages and log lines.
 *
 * Why it exists: text from outside may be anything; what is not well-formed UTF-8
 * (over-long forms and surrogates included) is refused or escaped. */
#ifndef TL_UTF8_H
#define TL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at `at`, 1 to 4; 0 if it is malformed or cut off. */
size_t tl_utf8_length(const uint8_t *at, size_t size);

/* Is all of it well-formed and without NUL? */
bool tl_utf8_valid(const uint8_t *bytes, size_t size);

#endif
