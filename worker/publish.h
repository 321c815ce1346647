/* publish — one file under its name: whole or not at all, and never over another's.
 *
 * Why it exists: readers must not see half a file, two workers may finish the same link,
 * and the name may be taken by another run or by a person. Each file carries a stamp (an
 * extended attribute: the link's key and the content's SHA-256) that tells them apart,
 * and tells whole files from those that a power cut has emptied. */
#ifndef WORKER_PUBLISH_H
#define WORKER_PUBLISH_H

#include "proto/buf.h"
#include "proto/limits.h"
#include "worker/output.h"

typedef struct {
    uint8_t key[TL_KEY_BYTES]; /* of the link */
    uint8_t sha256[TL_SHA_BYTES];
} publish_stamp;

typedef struct {
    const char *name;
    const void *bytes;
    size_t size;
    publish_stamp stamp;
    bool name_has_key; /* nobody else would use that name, stamp or no stamp */
} publish_file;

typedef enum {
    PUBLISH_NEW,   /* it is there now */
    PUBLISH_SAME,  /* the very same bytes were there */
    PUBLISH_OURS,  /* another version of this link's file is there, whole: use that */
    PUBLISH_TAKEN, /* somebody else's file is there: take another name */
} publish_end;

/* TL_DISK_FULL or TL_WRITE_FAILED, and then nothing is left behind. */
tl_fault publish(output *folder, const publish_file *file, publish_end *end,
                 tl_error *err);

/* The content of a file that was found to be ours; NULL on trouble. The caller owns it.
 */
tl_buf *publish_read(const output *folder, const char *name, tl_error *err);

#endif
