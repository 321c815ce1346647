/* store — what the book needs of a record, as a table of functions.
 *
 * Why it exists: the book decides, the record remembers. With this table between them the
 * book knows no SQL, and tests and simulations give it a record in memory. All calls that
 * change something come between begin and commit. */
#ifndef SINK_STORE_H
#define SINK_STORE_H

#include "proto/limits.h"
#include "proto/message.h"

/* The run that the record belongs to, as it was when the record was opened. */
typedef struct {
    uint64_t run; /* random: tells this record's reports from another's */
    bool named;   /* a ventilator has opened it before */
    uint8_t name[TL_KEY_BYTES];
    char title[TL_TEXT_BYTES + 1];
    uint64_t epoch;   /* the last one handed out; 0 none */
    uint64_t seq;     /* the settled chain's last number */
    uint64_t last_id; /* of the links */
    uint64_t listed;  /* the last epoch that came to its source's end; 0 none */
} store_run;

/* A link that the record knows. */
typedef struct {
    uint64_t id;
    uint8_t key[TL_KEY_BYTES];
    uint64_t source;
    uint64_t line;
    uint64_t epoch;   /* the last one that registered it */
    uint64_t verdict; /* TL_PENDING until it ends */
    uint64_t fault;
    char name[TL_NAME_BYTES + 1];
} store_link;

typedef enum { STORE_ADDED, STORE_ENDED_BEFORE, STORE_NO_SUCH_LINK } store_outcome;

/* Takes one row of a walk; false ends the walk. */
typedef bool store_take_link(void *context, const tl_page_link *link);
typedef bool store_take_settled(void *context, uint64_t seq, uint64_t id);

/* A walk over the pending links. */
typedef struct {
    uint64_t after;  /* it begins behind this id */
    uint64_t before; /* and leaves out what this epoch and later ones have registered */
    store_take_link *take;
    void *context; /* of take */
} store_walk;

/* Every function returns TL_OK; TL_DISK_FULL, TL_NO_MEMORY or TL_SYSTEM for trouble that
 * may pass; TL_RECORD for a record that is beyond use. */
typedef struct {
    void *self;

    tl_fault (*begin)(void *self, tl_error *err);
    tl_fault (*commit)(void *self, tl_error *err);
    void (*rollback)(void *self); /* nothing happens where nothing has begun */

    /* The run. */
    tl_fault (*load)(void *self, store_run *run, tl_error *err);
    tl_fault (*open)(void *self, const tl_open *open, uint64_t epoch, tl_error *err);
    /* Which epoch did this instance of a ventilator get? 0 if none. */
    tl_fault (*epoch_of)(void *self, uint64_t instance, uint64_t *epoch, tl_error *err);
    /* That epoch has come to its source's end; 0: the list is open again. */
    tl_fault (*set_listed)(void *self, uint64_t epoch, uint64_t lines, tl_error *err);
    /* Numbers up to seq have been used, though their reports may be gone. */
    tl_fault (*keep_seq)(void *self, uint64_t seq, tl_error *err);

    /* Links. A slot is a number made of a key, a hash one of a name. */
    tl_fault (*claim_slot)(void *self, uint64_t slot, uint64_t id, uint64_t *holder,
                           tl_error *err); /* holder: id, or who was there before */
    tl_fault (*claim_name)(void *self, uint64_t hash, bool *claimed, tl_error *err);
    tl_fault (*add_link)(void *self, const store_link *link, const tl_link *said,
                         tl_error *err);
    tl_fault (*find_link)(void *self, uint64_t id, store_link *link, tl_error *err);
    tl_fault (*relist)(void *self, const store_link *link, tl_error *err);
    tl_fault (*add_duplicate)(void *self, const store_link *link, bool *added,
                              tl_error *err);
    /* Those of epochs before that one; how many are left? */
    tl_fault (*forget_duplicates)(void *self, uint64_t before, uint64_t *left,
                                  tl_error *err);

    /* Reports: the settled chain. */
    tl_fault (*add_report)(void *self, uint64_t seq, const tl_report *report,
                           store_outcome *outcome, tl_error *err);
    tl_fault (*reopen)(void *self, uint64_t id, tl_error *err);

    /* Walks, in the order of seq (behind `after`) and of id. */
    tl_fault (*settled)(void *self, uint64_t after, store_take_settled *take,
                        void *context, tl_error *err);
    tl_fault (*pending)(void *self, const store_walk *walk, tl_error *err);
} store;

/* Every epoch is before this one. */
#define STORE_ANY_EPOCH ((uint64_t) INT64_MAX)

#endif
