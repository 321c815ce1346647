/* names — what a link's file is called: as wanted if that is free, else with a piece of
 * its key.
 *
 * Why it exists: two links must never write one file, nor a link's file be taken for
 * another's thumbnail. What counts as taken is the stem (the name without the extension
 * of a picture, in lower case): "300", "300.jpg" and "300.PNG" exclude each other, since
 * a worker adds the extension a name lacks and chooses its thumbnail's by itself, and
 * since some file systems ignore case. */
#ifndef SINK_NAMES_H
#define SINK_NAMES_H

#include "proto/message.h"

/* The name for try `round` (0: as wanted) into `out`, TL_NAME_BYTES + 1 of room. Returns
 * the hash of the stem it takes; equal stems have equal hashes, and different ones that
 * share a hash only cost a longer name. */
uint64_t names_make(const tl_link *link, unsigned round, char *out);

#endif
