/* identity — what makes a run that run: its sources' names and its options.
 *
 * Why it exists: a run that is started again with the same words goes on where it was,
 * whatever is in the list by now; and a link's key says what was to be done with it. */
#ifndef TL_VENTILATOR_IDENTITY_H
#define TL_VENTILATOR_IDENTITY_H

#include "proto/limits.h"
#include "proto/options.h"

enum { IDENTITY_TITLE_BYTES = 512 };

typedef struct {
    uint8_t run[TL_SHA_BYTES];        /* what the run does to each link */
    uint8_t name[TL_KEY_BYTES];       /* that, and the sources' names */
    char title[IDENTITY_TITLE_BYTES]; /* the sources' names, for people */
} identity;

/* TL_NO_MEMORY. */
tl_fault identity_of(const tl_options *options, identity *out, tl_error *err);

#endif
