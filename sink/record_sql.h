/* record_sql — the door to SQLite: a file, its statements, and its errors as ours.
 *
 * Why it exists: the record speaks of links and reports; pragmas, bindings and result
 * codes stay behind this. Numbers are bound by position, from 1; columns count from 0. */
#ifndef SINK_RECORD_SQL_H
#define SINK_RECORD_SQL_H

#include "proto/codec.h"
#include "proto/fault.h"

typedef struct record_sql record_sql;
typedef struct record_query record_query;

/* Open or create the file; nothing is written yet. */
record_sql *record_sql_open(const char *file, tl_error *err);

/* Queries must have been finished. */
void record_sql_close(record_sql **self_p);

/* Run a script that has no rows. */
tl_fault record_sql_run(record_sql *self, const char *script, tl_error *err);

/* The one number that a query gives; 0 if it has no row. */
tl_fault record_sql_number(record_sql *self, const char *query, uint64_t *number,
                           tl_error *err);

bool record_sql_in_transaction(const record_sql *self);

/* Rows that the last statement has added or changed. */
bool record_sql_changed(const record_sql *self);

record_query *record_query_new(record_sql *sql, const char *text, tl_error *err);
void record_query_destroy(record_query **self_p);

/* Texts must live until the query is reset or run. */
void record_query_number(record_query *self, int position, uint64_t number);
void record_query_text(record_query *self, int position, tl_text_view text);
void record_query_bytes(record_query *self, int position, const void *bytes, size_t size);

/* Run a statement that has no rows. */
tl_fault record_query_run(record_query *self, record_sql *sql, tl_error *err);

/* The next row; `*row` is false past the last. Reset it in the end, whatever happened. */
tl_fault record_query_next(record_query *self, record_sql *sql, bool *row, tl_error *err);
void record_query_reset(record_query *self);

/* Columns of the row, valid until the next one. */
uint64_t record_query_get(record_query *self, int column);
tl_text_view record_query_get_text(record_query *self, int column);
tl_text_view record_query_get_bytes(record_query *self, int column);

#endif
