/* fleet — the workers that are here: their conversations on CONTROL and their lanes.
 *
 * Why it exists: one bound PUSH for everybody lets a stalled worker swallow thousands of
 * tasks; so each worker gets a lane, a PUSH of its own, and the ledger never has more on
 * it than the worker said it can take. The fleet turns messages and silence into the
 * ledger's events. Grants and answers are repeated with every heartbeat. */
#ifndef TL_VENTILATOR_FLEET_H
#define TL_VENTILATOR_FLEET_H

#include "proto/message.h"
#include "proto/options.h"
#include "proto/socket.h"
#include "ventilator/ledger.h"

typedef struct fleet fleet;

typedef struct {
    const char *control;        /* endpoint to bind */
    const char *lanes;          /* "5600-6699": ports for lanes of a tcp control */
    const char *sink;           /* the sink's RUN endpoint: its host is REPORT's too */
    const char *report_address; /* "" or REPORT's host as workers reach it */
    bool insecure;
    const tl_options *options; /* theirs of scope RUN go into each grant */
} fleet_settings;

/* Binds CONTROL. NULL with TL_USAGE, TL_REFUSED (beyond this machine), TL_CANNOT_START.
 */
fleet *fleet_new(const fleet_settings *settings, ledger *into, tl_error *err);
void fleet_destroy(fleet **self_p);

/* To poll. */
zsock_t *fleet_socket(const fleet *self);

/* The run is open: lanes may be granted from now on. */
void fleet_open(fleet *self, const tl_opened *opened);

/* Take what has come. Bad messages are counted and answered, never fatal; TL_NO_MEMORY.
 */
tl_fault fleet_receive(fleet *self, int64_t now_ms, tl_error *err);

/* Notice silence and broken lanes; call about ten times a second. */
void fleet_tick(fleet *self, int64_t now_ms);

/* Push the task of a LEDGER_SEND; false if the lane does not take it now. */
bool fleet_send(fleet *self, const ledger_action *action);

/* Tell everybody, now and in every answer: hand back what is not begun; the run is over.
 */
void fleet_cancel(fleet *self);
void fleet_over(fleet *self);

/* Workers with a lane; what the displays want to know of them (`items` is filled). */
size_t fleet_size(const fleet *self);
tl_list fleet_facts(const fleet *self, tl_buf *items);

#endif
