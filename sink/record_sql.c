#include "sink/record_sql.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>

enum { BUSY_MS = 5000 }; /* somebody else checkpoints or backs up the file */

struct record_sql {
    sqlite3 *db;
};

/* A query is a statement of SQLite's; the name keeps its header behind the door. */
static sqlite3_stmt *
inner(record_query *self)
{
    return (sqlite3_stmt *) self;
}

static tl_fault
fault_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return TL_DISK_FULL;
    case SQLITE_NOMEM:
        return TL_NO_MEMORY;
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return TL_SYSTEM; /* may pass, once somebody has helped */
    default:
        return TL_RECORD;
    }
}

static tl_fault
complain(const record_sql *self, tl_error *err)
{
    int code = sqlite3_extended_errcode(self->db);

    if (code == SQLITE_NOTADB)
        return tl_fail(err, TL_RECORD, "it is not a record but a file of something else");
    return tl_fail(err, fault_of(code), "%s (SQLite %d)", sqlite3_errmsg(self->db), code);
}

record_sql *
record_sql_open(const char *file, tl_error *err)
{
    enum { FLAGS = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX };
    record_sql *self = calloc(1, sizeof *self);

    if (!self) {
        (void) tl_fail(err, TL_NO_MEMORY, "opening SQLite");
        return NULL;
    }
    if (sqlite3_open_v2(file, &self->db, FLAGS, NULL) != SQLITE_OK) {
        (void) complain(self, err);
        record_sql_close(&self);
        return NULL;
    }
    (void) sqlite3_busy_timeout(self->db, BUSY_MS);
    return self;
}

void
record_sql_close(record_sql **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    int code = sqlite3_close((*self_p)->db);
    assert(code == SQLITE_OK); /* else a query was left open */
    free(*self_p);
    *self_p = NULL;
}

tl_fault
record_sql_run(record_sql *self, const char *script, tl_error *err)
{
    return sqlite3_exec(self->db, script, NULL, NULL, NULL) == SQLITE_OK
               ? TL_OK
               : complain(self, err);
}

tl_fault
record_sql_number(record_sql *self, const char *query, uint64_t *number, tl_error *err)
{
    bool row = false;
    record_query *one = record_query_new(self, query, err);

    *number = 0;
    if (!one)
        return err->fault;
    tl_fault fault = record_query_next(one, self, &row, err);
    if (row)
        *number = record_query_get(one, 0);
    record_query_destroy(&one);
    return fault;
}

bool
record_sql_in_transaction(const record_sql *self)
{
    return !sqlite3_get_autocommit(self->db);
}

bool
record_sql_changed(const record_sql *self)
{
    return sqlite3_changes(self->db) > 0;
}

record_query *
record_query_new(record_sql *sql, const char *text, tl_error *err)
{
    sqlite3_stmt *made = NULL;

    if (sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, &made, NULL) !=
        SQLITE_OK)
        (void) complain(sql, err);
    return (record_query *) made;
}

void
record_query_destroy(record_query **self_p)
{
    assert(self_p);
    (void) sqlite3_finalize(inner(*self_p)); /* repeats an error that was reported */
    *self_p = NULL;
}

/* Binding fails only for a position that is not there. */
static void
check(int code)
{
    assert(code == SQLITE_OK);
    (void) code;
}

void
record_query_number(record_query *self, int position, uint64_t number)
{
    check(sqlite3_bind_int64(inner(self), position, (sqlite3_int64) number));
}

void
record_query_text(record_query *self, int position, tl_text_view text)
{
    check(sqlite3_bind_text(inner(self), position, text.size ? text.at : "",
                            (int) text.size, SQLITE_STATIC));
}

void
record_query_bytes(record_query *self, int position, const void *bytes, size_t size)
{
    check(sqlite3_bind_blob(inner(self), position, size ? bytes : "", (int) size,
                            SQLITE_STATIC));
}

tl_fault
record_query_run(record_query *self, record_sql *sql, tl_error *err)
{
    tl_fault fault = TL_OK;

    if (sqlite3_step(inner(self)) != SQLITE_DONE)
        fault = complain(sql, err);
    record_query_reset(self);
    return fault;
}

tl_fault
record_query_next(record_query *self, record_sql *sql, bool *row, tl_error *err)
{
    int code = sqlite3_step(inner(self));

    *row = code == SQLITE_ROW;
    return *row || code == SQLITE_DONE ? TL_OK : complain(sql, err);
}

void
record_query_reset(record_query *self)
{
    (void) sqlite3_reset(inner(self)); /* repeats an error that was reported */
}

uint64_t
record_query_get(record_query *self, int column)
{
    return (uint64_t) sqlite3_column_int64(inner(self), column);
}

tl_text_view
record_query_get_text(record_query *self, int column)
{
    const unsigned char *text = sqlite3_column_text(inner(self), column);

    return (tl_text_view){(const char *) text,
                          (size_t) sqlite3_column_bytes(inner(self), column)};
}

tl_text_view
record_query_get_bytes(record_query *self, int column)
{
    const void *bytes = sqlite3_column_blob(inner(self), column);

    return (tl_text_view){bytes, (size_t) sqlite3_column_bytes(inner(self), column)};
}
