/* record: what is taken for one and what is not, and who may use it. (What it holds is
 * seen in test_book.c and test_resume.c, which use real ones.) */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/scope.h"
#include "sink/record.h"
#include "sink/record_sql.h"
#include "tests/support/unit.h"

typedef struct {
    char folder[32];
    char path[64];
} place;

static int
set_up(void **state)
{
    place *self = calloc(1, sizeof *self);

    assert_non_null(self);
    (void) snprintf(self->folder, sizeof self->folder, "/tmp/tl-record-XXXXXX");
    assert_non_null(mkdtemp(self->folder));
    (void) snprintf(self->path, sizeof self->path, "%s/run.db", self->folder);
    *state = self;
    return 0;
}

static int
tear_down(void **state)
{
    place *self = *state;

    (void) unlink(self->path);
    assert_int_equal(rmdir(self->folder),
                     0); /* a closed record leaves nothing beside it */
    free(self);
    return 0;
}

static void
write_file(const place *self, const char *bytes, size_t size)
{
    FILE *file = fopen(self->path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void
run_sql(const place *self, const char *script)
{
    tl_error err = {0};
    TL_SCOPED(record_sql_close) record_sql *sql = record_sql_open(self->path, &err);

    assert_non_null(sql);
    assert_int_equal(record_sql_run(sql, script, &err), TL_OK);
}

static void
assert_refused(const place *self, const char *because)
{
    tl_error err = {0};

    assert_null(record_open(self->path, &err));
    assert_int_equal(err.fault, TL_RECORD);
    assert_int_equal(tl_exit_code(&err), TL_EXIT_CANNOT_START);
    assert_non_null(strstr(err.text, self->path));
    if (!strstr(err.text, because))
        fail_msg("'%s' does not say '%s'", err.text, because);
}

static void
a_new_record_and_an_old_one_are_the_same_run(void **state)
{
    const place *self = *state;
    tl_error err = {0};
    store_run first;
    store_run again;

    record *file = record_open(self->path, &err);
    assert_non_null(file);
    assert_int_equal(record_store(file)->load(file, &first, &err), TL_OK);
    record_close(&file);
    file = record_open(self->path, &err);
    assert_non_null(file);
    assert_int_equal(record_store(file)->load(file, &again, &err), TL_OK);
    record_close(&file);
    assert_true(first.run > 0 && first.run <= INT64_MAX);
    assert_int_equal(first.run, again.run);
    assert_false(again.named);
    assert_int_equal(again.epoch, 0);
}

static void
an_empty_file_becomes_a_record(void **state)
{
    const place *self = *state;
    tl_error err = {0};

    write_file(self, "", 0);
    record *file = record_open(self->path, &err);
    assert_non_null(file);
    record_close(&file);
}

static void
what_is_not_a_record_is_refused_and_left_alone(void **state)
{
    static const char text[] = "http://x.example/a.jpg\nhttp://x.example/b.jpg\n";
    const place *self = *state;
    struct stat after;

    write_file(self, text, sizeof text - 1);
    assert_refused(self, "a file of something else");
    assert_int_equal(stat(self->path, &after), 0);
    assert_int_equal(after.st_size, sizeof text - 1);
    assert_int_equal(unlink(self->path), 0);

    run_sql(self, "CREATE TABLE bookmark (url TEXT)");
    assert_refused(self, "another program");
    run_sql(self, "INSERT INTO bookmark VALUES ('still here')");
}

static void
a_record_of_another_release_is_refused(void **state)
{
    const place *self = *state;
    tl_error err = {0};

    record *file = record_open(self->path, &err);
    assert_non_null(file);
    record_close(&file);
    run_sql(self, "PRAGMA user_version = 99");
    assert_refused(self, "version 99");
}

static void
one_sink_at_a_time_uses_a_record(void **state)
{
    const place *self = *state;
    tl_error err = {0};

    record *file = record_open(self->path, &err);
    assert_non_null(file);
    assert_refused(self, "another sink");
    record_close(&file);
    file = record_open(self->path, &err);
    assert_non_null(file);
    record_close(&file);
}

static void
a_place_where_there_can_be_no_record_is_named(void **state)
{
    place *self = *state;
    place nowhere = {.path = "/proc/no/such/run.db"};

    (void) self;
    assert_refused(&nowhere, "No such file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_record_and_an_old_one_are_the_same_run),
        TEST(an_empty_file_becomes_a_record),
        TEST(what_is_not_a_record_is_refused_and_left_alone),
        TEST(a_record_of_another_release_is_refused),
        TEST(one_sink_at_a_time_uses_a_record),
        TEST(a_place_where_there_can_be_no_record_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
