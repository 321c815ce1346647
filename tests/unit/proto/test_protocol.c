/* PROTOCOL.md against the code: every message and field, fault, verdict, limit and run
 * option, both ways. Its worked bytes are executed by test_worked_bytes.c. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/message.h"
#include "proto/options_table.h"
#include "proto/scope.h"
#include "tests/support/document.h"
#include "tests/support/unit.h"

static int
read_page(void **state)
{
    *state = document_read(TEST_SOURCE_ROOT "/proto/PROTOCOL.md");
    return 0;
}

static int
close_page(void **state)
{
    document *page = *state;

    document_destroy(&page);
    return 0;
}

static bool
is_about(const document_row *row, const char *heading)
{
    return strncmp(row->heading, heading, strlen(heading)) == 0;
}

static bool
is_of_section(const document_row *row, const char *name)
{
    size_t size = strlen(name);

    return row->heading[0] == '`' && strncmp(row->heading + 1, name, size) == 0 &&
           row->heading[1 + size] == '`';
}

/* ---- messages --------------------------------------------------------------------- */

/* "2^63-1" and "17" */
static uint64_t
number(const char *text, const char **end)
{
    static const char big[] = "2^63-1";

    if (strncmp(text, big, sizeof big - 1) == 0) {
        *end = text + sizeof big - 1;
        return INT64_MAX;
    }
    char *after = NULL;
    uint64_t value = strtoull(text, &after, 10);
    *end = after;
    return value;
}

/* "1..64", "16" (exactly), "" (a bool's) */
static void
check_range(const document_row *row, const tl_field *field)
{
    const char *text = row->cells[3];
    const char *end = text;
    uint64_t least = number(text, &end);
    uint64_t most = least;

    if (strncmp(end, "..", 2) == 0)
        most = number(end + 2, &end);
    if (field->kind == TL_FIELD_BOOL)
        most = 1;
    if (*end != '\0' || least != field->least || most != field->most)
        fail_msg("line %zu: the range of %s is %" PRIu64 "..%" PRIu64 " in the code",
                 row->line, field->key, field->least, field->most);
}

static void
check_type(const document_row *row, const tl_field *field)
{
    static const char *const plain[] = {
        [TL_FIELD_UINT] = "uint",   [TL_FIELD_BOOL] = "bool", [TL_FIELD_TEXT] = "text",
        [TL_FIELD_BYTES] = "bytes", [TL_FIELD_LIST] = "ids",
    };
    char expected[64];

    if (field->kind == TL_FIELD_LIST && field->items)
        (void) snprintf(expected, sizeof expected, "list of `%s", field->items->name);
    else
        (void) snprintf(expected, sizeof expected, "%s", plain[field->kind]);
    if (strcmp(row->cells[1], expected) != 0)
        fail_msg("line %zu: %s is %s in the code", row->line, field->key, expected);
}

static void
check_schema(const document *page, const tl_schema *schema)
{
    const document_row *row;
    size_t fields = 0;

    for (size_t i = 0; (row = document_at(page, i)); i++) {
        if (!is_of_section(row, schema->name))
            continue;
        const tl_field *field = &schema->fields[fields++];

        if (fields > schema->count || strcmp(row->cells[0], field->key) != 0)
            fail_msg("line %zu: %s has no field %s, or not here", row->line, schema->name,
                     row->cells[0]);
        check_type(row, field);
        check_range(row, field);
        assert_string_equal(row->cells[2], field->required ? "yes" : "");
    }
    if (fields != schema->count)
        fail_msg("%s: %zu of %zu fields are in PROTOCOL.md", schema->name, fields,
                 schema->count);
}

static void
every_message_stands_in_the_document(void **state)
{
    const tl_schema *schema;

    for (size_t i = 0; (schema = tl_schema_at(i)); i++) {
        check_schema(*state, schema);
        for (size_t f = 0; f < schema->count; f++)
            if (schema->fields[f].items)
                check_schema(*state, schema->fields[f].items);
    }
}

/* Is there a message, or an item of one, with the section's name? */
static bool
is_known_section(const document_row *row)
{
    const tl_schema *schema;

    for (size_t i = 0; (schema = tl_schema_at(i)); i++) {
        if (is_of_section(row, schema->name))
            return true;
        for (size_t f = 0; f < schema->count; f++)
            if (schema->fields[f].items &&
                is_of_section(row, schema->fields[f].items->name))
                return true;
    }
    return false;
}

static void
every_section_of_the_document_is_a_message(void **state)
{
    const document_row *row;

    for (size_t i = 0; (row = document_at(*state, i)); i++)
        if (row->heading[0] == '`' && !is_known_section(row))
            fail_msg("line %zu: the code has no %s", row->line, row->heading);
}

/* ---- numbers ---------------------------------------------------------------------- */

static void
the_faults_are_those_of_fault_def(void **state)
{
    static const char *const retries[] = {"never", "once", "tries"};
    const document_row *row;
    tl_fault fault;
    size_t rows = 0;

    for (size_t i = 0; (row = document_at(*state, i)); i++) {
        if (!is_about(row, "6. Faults"))
            continue;
        if (!tl_fault_at(rows++, &fault))
            fail_msg("line %zu: not in fault.def", row->line);
        assert_int_equal(strtoull(row->cells[0], NULL, 10), fault);
        assert_string_equal(row->cells[1], tl_fault_label(fault));
        assert_string_equal(row->cells[2], retries[tl_fault_retry(fault)]);
        assert_string_equal(row->cells[3], tl_fault_meaning(fault));
    }
    assert_false(tl_fault_at(rows, &fault)); /* or the document misses one */
}

static void
the_verdicts_are_those_of_the_code(void **state)
{
    const document_row *row;
    size_t rows = 0;

    for (size_t i = 0; (row = document_at(*state, i)); i++) {
        if (!is_about(row, "5. Verdicts"))
            continue;
        assert_int_equal(strtoull(row->cells[0], NULL, 10), rows);
        assert_string_equal(row->cells[1], tl_verdict_label((tl_verdict) rows));
        rows++;
    }
    assert_int_equal(rows, TL_VERDICTS);
}

#define LIMIT(name)                                                                      \
    {                                                                                    \
#name, TL_##name                                                                 \
    }

static void
the_limits_are_those_of_limits_h(void **state)
{
    /* In the document's order; limits.h has more, which no peer can notice. */
    static const struct {
        const char *name;
        uint64_t value;
    } limits[] = {
        LIMIT(FRAME_BYTES),   LIMIT(BATCH_BYTES),
        LIMIT(BATCH_LINKS),   LIMIT(BATCH_IDS),
        LIMIT(NEST_LEVELS),   LIMIT(URL_BYTES),
        LIMIT(NAME_BYTES),    LIMIT(WORKER_NAME_BYTES),
        LIMIT(TEXT_BYTES),    LIMIT(ENDPOINT_BYTES),
        LIMIT(KEY_BYTES),     LIMIT(SHA_BYTES),
        LIMIT(CACHE_REPORTS), LIMIT(LOSSES),
        LIMIT(SENDS),         LIMIT(COMMIT_REPORTS),
        LIMIT(BEAT_MS),       LIMIT(SILENT_MS),
        LIMIT(LISTEN_MS),     LIMIT(SETTLE_MS),
        LIMIT(REPEAT_MS),     LIMIT(GRACE_MS),
        LIMIT(BYE_MS),
    };
    const document_row *row;
    size_t rows = 0;

    for (size_t i = 0; (row = document_at(*state, i)); i++) {
        if (!is_about(row, "3. Limits"))
            continue;
        if (rows == sizeof limits / sizeof limits[0])
            fail_msg("line %zu: one limit more than here", row->line);
        assert_string_equal(row->cells[0], limits[rows].name);
        assert_int_equal(strtoull(row->cells[1], NULL, 10), limits[rows].value);
        rows++;
    }
    assert_int_equal(rows, sizeof limits / sizeof limits[0]);
}

/* The next option of scope RUN from *at on; NULL past the end. */
static const tl_option_row *
next_run_option(int *at)
{
    while (*at < TL_OPTIONS) {
        const tl_option_row *row = tl_option_row_of((tl_option) (*at)++);

        if (row->scope == TL_SCOPE_RUN)
            return row;
    }
    return NULL;
}

static void
the_run_options_are_those_of_options_def(void **state)
{
    const document_row *row;
    int at = 0;

    for (size_t i = 0; (row = document_at(*state, i)); i++) {
        if (!is_about(row, "7. Run options"))
            continue;
        const tl_option_row *option = next_run_option(&at);
        if (!option) {
            fail_msg("line %zu: not in options.def", row->line);
            return;
        }
        assert_string_equal(row->cells[0], option->name);
        assert_string_equal(row->cells[1], option->initial);
    }
    assert_null(next_run_option(&at));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_stands_in_the_document),
        cmocka_unit_test(every_section_of_the_document_is_a_message),
        cmocka_unit_test(the_faults_are_those_of_fault_def),
        cmocka_unit_test(the_verdicts_are_those_of_the_code),
        cmocka_unit_test(the_limits_are_those_of_limits_h),
        cmocka_unit_test(the_run_options_are_those_of_options_def),
    };

    return cmocka_run_group_tests(tests, read_page, close_page);
}
