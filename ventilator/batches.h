/* batches — links on their way to be registered.
 *
 * Why it exists: register messages carry many links and are repeated until answered. The
 * packed frame is all that is kept of them; the answer's places are matched with the
 * links in it. */
#ifndef TL_VENTILATOR_BATCHES_H
#define TL_VENTILATOR_BATCHES_H

#include "proto/message.h"
#include "ventilator/ledger.h"
#include "ventilator/source.h"

typedef struct batches batches;

batches *batches_new(void); /* NULL when memory is out */
void batches_destroy(batches **self_p);

/* Would the link still fit into the batch that is being filled? */
bool batches_has_room(const batches *self, const source_link *link);
tl_fault batches_add(batches *self, const source_link *link, tl_error *err);

/* End the batch that is being filled and number it; NULL with TL_NO_MEMORY. */
typedef struct batch batch;
const batch *batches_close(batches *self, uint64_t epoch, tl_error *err);

/* Walk the frames that are not answered, oldest first: start with NULL. */
const batch *batches_next(const batches *self, const batch *before);
const tl_buf *batch_frame(const batch *self);

/* An answer: links that are pending go into the ledger. TL_MALFORMED if it does not fit
 * the batch; a batch that was answered before is nothing to us. */
tl_fault batches_answer(batches *self, const tl_registered *answer, ledger *into,
                        int64_t now_ms, tl_error *err);

/* Links added and not answered, and the bytes that hold them. */
size_t batches_links(const batches *self);
size_t batches_bytes(const batches *self);
size_t batches_filling(const batches *self);

#endif
