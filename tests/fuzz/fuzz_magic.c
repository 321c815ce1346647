/* Everything of ours that reads a picture's bytes itself: kinds, PNG chunks, EXIF, ICC.
 */
#include "worker/shrink/exif.h"
#include "worker/shrink/icc.h"
#include "worker/shrink/magic.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    tl_error err = {0};
    picture_kind kind;
    unsigned orientation = exif_orientation(bytes, size);

    (void) icc_is_srgb(bytes, size);
    if (orientation < 1 || orientation > 8)
        __builtin_trap();

    /* What passes has a kind, and what has none does not pass. */
    tl_fault fault = magic_check(bytes, size, &kind, &err);
    if (kind != magic_kind(bytes, size) ||
        (kind == PICTURE_NONE) != (fault == TL_NOT_AN_IMAGE))
        __builtin_trap();
    if (fault != TL_OK && (!tl_fault_ends_link(fault) || err.text[0] == '\0'))
        __builtin_trap();
    return 0;
}
