/* serve — a helper's life: pictures from its worker, one after the other.
 *
 * Why it exists: starting a process and libvips for each picture costs ten times what the
 * picture costs. */
#ifndef SERVE_H
#define SERVE_H

#include "proto/fault.h"

/* Serve on the descriptors of wire.h until the worker closes the link, which is the good
 * end. TL_CANNOT_START if they are not there; TL_SYSTEM, TL_MALFORMED, TL_NO_MEMORY. */
tl_fault serve(const char *program, tl_error *err);

#endif
