/* record_inside — what the files of the record share.
 *
 * Why it exists: the run, its links and its reports are three chapters about one file;
 * each has its statements here in one table. */
#ifndef SINK_RECORD_INSIDE_H
#define SINK_RECORD_INSIDE_H

#include "sink/record.h"
#include "sink/record_sql.h"

typedef enum {
    RECORD_BEGIN,
    RECORD_COMMIT,
    RECORD_ROLLBACK,

    RECORD_RUN,
    RECORD_NAME_RUN,
    RECORD_ADD_OPTION,
    RECORD_ADD_EPOCH,
    RECORD_EPOCH_OF,
    RECORD_SET_LISTED,
    RECORD_KEEP_SEQ,

    RECORD_CLAIM_SLOT,
    RECORD_HOLDER,
    RECORD_CLAIM_NAME,
    RECORD_ADD_LINK,
    RECORD_FIND_LINK,
    RECORD_HAS_LINK,
    RECORD_RELIST,
    RECORD_ADD_DUPLICATE,
    RECORD_RENEW_DUPLICATE,
    RECORD_FORGET_DUPLICATES,
    RECORD_COUNT_DUPLICATES,
    RECORD_PENDING,

    RECORD_ADD_REPORT,
    RECORD_REOPEN,
    RECORD_SETTLED,
    RECORD_REPORTS,

    RECORD_STATEMENTS
} record_statement;

struct record {
    int lock; /* a descriptor of the file that holds its flock; -1 none */
    record_sql *sql;
    record_query *queries[RECORD_STATEMENTS];
    int64_t now_ms; /* wall clock at the transaction's begin */
    store store;
};

extern const char *const record_texts[RECORD_STATEMENTS];

/* The store's functions, one chapter a file. */
void record_fill_links(store *of);
void record_fill_reports(store *of);

/* Run a statement without rows whose values are bound. */
tl_fault record_run(record *self, record_statement which, tl_error *err);

/* The next row of a query whose values are bound. */
tl_fault record_next(record *self, record_statement which, bool *row, tl_error *err);

#endif
