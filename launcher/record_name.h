/* record_name — what a run's record is called when nobody says: after its source.
 *
 * Why it exists: the same command resumes, another source must start afresh. A person
 * should recognise the name too, so links.txt, right here, with its output right here,
 * becomes "links". All else could meet a namesake from somewhere else, so it gets a
 * digest of what was said as well: "links-6f1c09ab". */
#ifndef LAUNCHER_RECORD_NAME_H
#define LAUNCHER_RECORD_NAME_H

#include "proto/options.h"

enum { RECORD_NAME_BYTES = 64 };

/* Letters, digits, '-', '_' and dots inside: fit for a file name. */
tl_fault record_name(const tl_options *options, char name[RECORD_NAME_BYTES],
                     tl_error *err);

#endif
