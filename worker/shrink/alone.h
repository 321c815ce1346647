/* alone — the helper used by a person: a picture on standard input, its thumbnail on
 * standard output.
 *
 * Why it exists: what a helper does to one picture can be tried in a shell. */
#ifndef ALONE_H
#define ALONE_H

#include "proto/fault.h"
#include "worker/shrink/picture.h"

/* One picture. A fault that ends links says that the picture is to blame. */
tl_fault alone(const char *program, picture_size box, tl_error *err);

#endif
