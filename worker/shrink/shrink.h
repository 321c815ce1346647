/* shrink — bytes of a picture in, bytes of a thumbnail and facts out.
 *
 * Why it exists: one door for both ways, the fast one for plain JPEGs and libvips for all
 * else, with the guards in front of both. Whoever calls cannot tell which way it went. */
#ifndef SHRINK_H
#define SHRINK_H

#include "proto/buf.h"
#include "worker/shrink/picture.h"

typedef struct shrinker shrinker;

typedef struct {
    const uint8_t *bytes;
    size_t size;
    picture_size box; /* the thumbnail fits into it */
    bool plainly;     /* without the fast way, so that tests can compare the two */
} shrink_job;

/* Starts libvips, so there is one in a process; it has decoded a picture by the time this
 * returns, and does not pay for that in the first one. When memory is out later, libvips
 * may end the process, with `memory_status`. TL_CANNOT_START, TL_NO_MEMORY. */
shrinker *shrinker_new(const char *program, int memory_status, tl_error *err);
void shrinker_destroy(shrinker **self_p);

/* Append the thumbnail to `thumb`. On a fault (TL_NOT_AN_IMAGE to TL_ENCODE_FAILED) half
 * of it may be there, and `facts` say what was known by then. */
tl_fault shrink(shrinker *self, const shrink_job *job, tl_buf *thumb,
                picture_facts *facts, tl_error *err);

#endif
