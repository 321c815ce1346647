/* upstream_state — what both halves of the conversation with the sink share.
 *
 * Why it exists: upstream.c says, upstream_answers.c hears; nobody else looks in here. */
#ifndef TL_VENTILATOR_UPSTREAM_STATE_H
#define TL_VENTILATOR_UPSTREAM_STATE_H

#include "ventilator/batches.h"
#include "ventilator/upstream.h"

/* Something said again and again until it is answered. */
typedef struct {
    bool wanted;
    bool answered;
    int64_t said_ms; /* -1: not yet */
} request;

struct upstream {
    ledger *ledger;
    zsock_t *socket;
    zsock_t *monitor;
    tl_buf *frame;
    batches *batches;
    uint64_t refused; /* multipart messages */

    tl_open open;
    tl_buf *open_options;
    uint8_t name[TL_KEY_BYTES];
    char title[TL_TEXT_BYTES + 1];
    request opening;
    tl_opened opened;
    char report_path[TL_ENDPOINT_BYTES + 1];
    char report_key[64];
    bool ever_opened;
    bool news;           /* opened is new to upstream_is_opened */
    int64_t away_ms;     /* since when no sink is there; -1: one is; 0: not looked yet */
    int64_t quiet_ms;    /* since when something is asked and nothing heard; -1 */
    int64_t progress_ms; /* last answer to a register */

    tl_buf *rulings;
    size_t ruling_count;

    uint64_t chain; /* the last number of the settled chain that is here */
    request sync;
    request listing;
    tl_listed listed;
    request paging;
    bool pages_left;
    uint64_t page_after;
    request stopping;
    tl_fault stop_fault;
    request ending;
    tl_complete complete;
};

/* Say everything that is not answered once more. */
void upstream_repeat(upstream *self);

#endif
