#include "sink/record.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "proto/clock.h"
#include "proto/scope.h"
#include "sink/record_inside.h"
#include "sink/schema.h"

/* How SQLite is used, and why:
 *   synchronous=FULL     a commit that was answered survives a power cut; WAL makes that
 *                        one fsync
 *   wal_autocheckpoint   pages of the key index are written again by each large batch:
 *                        a long log lets a checkpoint write many versions as one
 *   cache_size, mmap     memory stays flat; a mapped file would count as ours
 *   trusted_schema       a file from elsewhere must not run functions */
static const char settings[] = "PRAGMA trusted_schema = OFF;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA cache_size = -16384;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA wal_autocheckpoint = 16384;";

enum {
    APPLICATION = 0x544c5231, /* "TLR1" */
    SCHEMA_VERSION = 1,       /* of schema.sql: raise it with every change */
};

/* ---- transactions ----------------------------------------------------------------- */

tl_fault
record_run(record *self, record_statement which, tl_error *err)
{
    return record_query_run(self->queries[which], self->sql, err);
}

tl_fault
record_next(record *self, record_statement which, bool *row, tl_error *err)
{
    return record_query_next(self->queries[which], self->sql, row, err);
}

static tl_fault
begin(void *context, tl_error *err)
{
    record *self = context;

    self->now_ms = tl_wall_ms();
    return record_run(self, RECORD_BEGIN, err);
}

static tl_fault
commit(void *context, tl_error *err)
{
    return record_run(context, RECORD_COMMIT, err);
}

static void
rollback(void *context)
{
    record *self = context;
    tl_error ignored;

    /* Some failures have undone everything already. */
    if (record_sql_in_transaction(self->sql))
        (void) record_run(self, RECORD_ROLLBACK, &ignored);
}

/* ---- the run ---------------------------------------------------------------------- */

static void
read_run(record_query *row, store_run *run)
{
    tl_text_view name = record_query_get_bytes(row, 1);

    run->run = record_query_get(row, 0);
    run->named = name.size == TL_KEY_BYTES;
    if (run->named)
        memcpy(run->name, name.at, TL_KEY_BYTES);
    (void) tl_view_copy(record_query_get_text(row, 2), run->title, sizeof run->title);
    run->listed = record_query_get(row, 3);
    run->seq = record_query_get(row, 4);
    run->epoch = record_query_get(row, 5);
    run->last_id = record_query_get(row, 6);
}

static tl_fault
load(void *context, store_run *run, tl_error *err)
{
    record *self = context;
    record_query *query = self->queries[RECORD_RUN];
    bool row = false;

    *run = (store_run){0};
    tl_fault fault = record_next(self, RECORD_RUN, &row, err);
    if (row)
        read_run(query, run);
    else if (fault == TL_OK)
        fault = tl_fail(err, TL_RECORD, "it has lost its run");
    record_query_reset(query);
    return fault;
}

static tl_fault
add_options(record *self, tl_list rest, tl_error *err)
{
    record_query *add = self->queries[RECORD_ADD_OPTION];

    for (tl_run_option option; tl_list_next(&rest, &TL_RUN_OPTION, &option);) {
        record_query_text(add, 1, option.name);
        record_query_text(add, 2, option.value);
        if (record_run(self, RECORD_ADD_OPTION, err) != TL_OK)
            return err->fault;
    }
    return TL_OK;
}

static tl_fault
open_run(void *context, const tl_open *open, uint64_t epoch, tl_error *err)
{
    record *self = context;
    record_query *name = self->queries[RECORD_NAME_RUN];
    record_query *add = self->queries[RECORD_ADD_EPOCH];

    record_query_bytes(name, 1, open->name.at, open->name.size);
    record_query_text(name, 2, open->title);
    if (record_run(self, RECORD_NAME_RUN, err) != TL_OK ||
        add_options(self, open->options, err) != TL_OK)
        return err->fault;

    record_query_number(add, 1, epoch);
    record_query_number(add, 2, open->instance);
    record_query_text(add, 3, open->release);
    record_query_number(add, 4, (uint64_t) self->now_ms);
    return record_run(self, RECORD_ADD_EPOCH, err);
}

static tl_fault
epoch_of(void *context, uint64_t instance, uint64_t *epoch, tl_error *err)
{
    record *self = context;
    record_query *find = self->queries[RECORD_EPOCH_OF];
    bool row = false;

    record_query_number(find, 1, instance);
    tl_fault fault = record_next(self, RECORD_EPOCH_OF, &row, err);
    *epoch = row ? record_query_get(find, 0) : 0;
    record_query_reset(find);
    return fault;
}

static tl_fault
set_listed(void *context, uint64_t epoch, uint64_t lines, tl_error *err)
{
    record *self = context;

    record_query_number(self->queries[RECORD_SET_LISTED], 1, epoch);
    record_query_number(self->queries[RECORD_SET_LISTED], 2, lines);
    return record_run(self, RECORD_SET_LISTED, err);
}

static tl_fault
keep_seq(void *context, uint64_t seq, tl_error *err)
{
    record *self = context;

    record_query_number(self->queries[RECORD_KEEP_SEQ], 1, seq);
    return record_run(self, RECORD_KEEP_SEQ, err);
}

const store *
record_store(const record *self)
{
    return &self->store;
}

/* ---- opening ---------------------------------------------------------------------- */

/* One sink a record. SQLite's own locks come and go with transactions; this one stays
 * until we end, however that happens. It must be taken before SQLite opens the file and
 * given up after it has closed it: closing any descriptor of a file drops the locks that
 * SQLite holds on it. */
static tl_fault
take_lock(record *self, const char *file, tl_error *err)
{
    self->lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (self->lock == -1)
        return tl_fail_errno(err, TL_RECORD, "cannot open it");
    if (flock(self->lock, LOCK_EX | LOCK_NB) == 0)
        return TL_OK;
    if (errno == EWOULDBLOCK)
        return tl_fail(err, TL_RECORD,
                       "another sink is using it; give this one another --record");
    return tl_fail_errno(err, TL_RECORD, "cannot lock it");
}

static tl_fault
create(record *self, tl_error *err)
{
    uint64_t run = 0;
    char script[256];

    if (getrandom(&run, sizeof run, 0) != sizeof run)
        return tl_fail_errno(err, TL_SYSTEM, "cannot get random bytes");
    /* Integers end at 2^63 in SQLite and in the protocol; 0 is no run. */
    run = run >> 1 | 1;
    (void) snprintf(script, sizeof script,
                    "INSERT INTO run (one, run) VALUES (1, %llu);"
                    "PRAGMA application_id = %d;"
                    "PRAGMA user_version = %d;"
                    "COMMIT;",
                    (unsigned long long) run, APPLICATION, SCHEMA_VERSION);
    /* In one transaction: a kill leaves either nothing or a whole record. */
    if (record_sql_run(self->sql, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;", err) !=
            TL_OK ||
        record_sql_run(self->sql, (const char *) record_schema, err) != TL_OK)
        return err->fault;
    return record_sql_run(self->sql, script, err);
}

/* Is it ours? A file without anything in it becomes ours. */
static tl_fault
check_identity(record *self, tl_error *err)
{
    uint64_t application = 0;
    uint64_t version = 0;
    uint64_t things = 0;
    record_sql *sql = self->sql;

    if (record_sql_number(sql, "PRAGMA application_id", &application, err) != TL_OK ||
        record_sql_number(sql, "PRAGMA user_version", &version, err) != TL_OK ||
        record_sql_number(sql, "SELECT count(*) FROM sqlite_schema", &things, err) !=
            TL_OK)
        return err->fault;
    if (application == 0 && things == 0)
        return create(self, err);
    if (application != APPLICATION)
        return tl_fail(err, TL_RECORD,
                       "it belongs to another program; give another --record");
    if (version != SCHEMA_VERSION)
        return tl_fail(err, TL_RECORD,
                       "it was written by another release (version %llu of the record, "
                       "this one knows %d)",
                       (unsigned long long) version, SCHEMA_VERSION);
    return record_sql_run(sql, "PRAGMA journal_mode = WAL", err);
}

static tl_fault
prepare(record *self, tl_error *err)
{
    for (size_t i = 0; i < RECORD_STATEMENTS; i++) {
        self->queries[i] = record_query_new(self->sql, record_texts[i], err);
        if (!self->queries[i])
            return err->fault;
    }
    return TL_OK;
}

static tl_fault
start(record *self, const char *file, tl_error *err)
{
    if (take_lock(self, file, err) != TL_OK)
        return err->fault;
    self->sql = record_sql_open(file, err);
    if (!self->sql || record_sql_run(self->sql, settings, err) != TL_OK ||
        check_identity(self, err) != TL_OK)
        return err->fault;
    return prepare(self, err);
}

record *
record_open(const char *file, tl_error *err)
{
    record *self = calloc(1, sizeof *self);

    if (!self) {
        (void) tl_fail(err, TL_NO_MEMORY, "opening the record");
        return NULL;
    }
    self->lock = -1;
    self->store = (store){
        .self = self,
        .begin = begin,
        .commit = commit,
        .rollback = rollback,
        .load = load,
        .open = open_run,
        .epoch_of = epoch_of,
        .set_listed = set_listed,
        .keep_seq = keep_seq,
    };
    record_fill_links(&self->store);
    record_fill_reports(&self->store);
    if (start(self, file, err) != TL_OK) {
        err->fault = TL_RECORD; /* whatever it is, we cannot start */
        (void) tl_within(err, "the record %s", file);
        record_close(&self);
    }
    return self;
}

void
record_close(record **self_p)
{
    assert(self_p);
    record *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < RECORD_STATEMENTS; i++)
        record_query_destroy(&self->queries[i]);
    record_sql_close(&self->sql);
    if (self->lock != -1)
        (void) close(self->lock);
    free(self);
    *self_p = NULL;
}
