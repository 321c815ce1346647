/* PROTOCOL.md section 9, executed: each row's bytes are decoded, and what comes out is
 * compared with what the row says, word for word. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/message.h"
#include "proto/scope.h"
#include "tests/support/document.h"
#include "tests/support/unit.h"

enum { BYTES = 1024, TEXT = 2048 };

typedef struct {
    uint8_t bytes[BYTES];
    size_t size;
} frame;

typedef struct {
    char text[TEXT];
    size_t used;
} line;

static void __attribute__((format(printf, 2, 3))) put(line *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int size =
        vsnprintf(out->text + out->used, sizeof out->text - out->used, format, args);
    va_end(args);
    assert_in_range(size, 0, sizeof out->text - out->used - 1);
    out->used += (size_t) size;
}

static frame
from_hex(const char *text)
{
    frame out = {.size = 0};

    for (; *text != '\0'; text += strspn(text, " ")) {
        char *end = NULL;

        assert_true(out.size < BYTES);
        out.bytes[out.size++] = (uint8_t) strtoul(text, &end, 16);
        assert_int_equal(end - text, 2);
        text = end;
    }
    return out;
}

/* ---- a message as the document writes it ------------------------------------------ */

static void put_map(line *out, const tl_schema *schema, const void *message);

static void
put_list(line *out, const tl_schema *items, tl_list rest)
{
    uint64_t item[TL_ITEM_BYTES / sizeof(uint64_t)];
    uint64_t id = 0;
    const char *comma = "";

    put(out, "[");
    while (items ? tl_list_next(&rest, items, item) : tl_list_next_id(&rest, &id)) {
        put(out, "%s", comma);
        if (items)
            put_map(out, items, item);
        else
            put(out, "%llu", (unsigned long long) id);
        comma = ", ";
    }
    put(out, "]");
}

static void
put_value(line *out, const tl_field *field, const void *at)
{
    const tl_text_view *view = at;

    switch (field->kind) {
    case TL_FIELD_UINT:
        put(out, "%llu", (unsigned long long) *(const uint64_t *) at);
        break;
    case TL_FIELD_BOOL:
        put(out, "%s", *(const bool *) at ? "true" : "false");
        break;
    case TL_FIELD_TEXT:
        put(out, "\"%.*s\"", (int) view->size, view->at);
        break;
    case TL_FIELD_BYTES:
        put(out, "h'");
        for (size_t i = 0; i < view->size; i++)
            put(out, "%02x", (uint8_t) view->at[i]);
        put(out, "'");
        break;
    case TL_FIELD_LIST:
        put_list(out, field->items, *(const tl_list *) at);
        break;
    }
}

static bool
is_zero(const tl_field *field, const void *at)
{
    switch (field->kind) {
    case TL_FIELD_UINT:
        return *(const uint64_t *) at == 0;
    case TL_FIELD_BOOL:
        return !*(const bool *) at;
    case TL_FIELD_TEXT:
    case TL_FIELD_BYTES:
        return ((const tl_text_view *) at)->size == 0;
    case TL_FIELD_LIST:
        return ((const tl_list *) at)->count == 0;
    }
    return true;
}

static void
put_map(line *out, const tl_schema *schema, const void *message)
{
    const char *comma = "";

    put(out, "{");
    for (size_t i = 0; i < schema->count; i++) {
        const tl_field *field = &schema->fields[i];
        const void *at = (const uint8_t *) message + field->offset;

        if (is_zero(field, at))
            continue;
        put(out, "%s\"%s\": ", comma, field->key);
        put_value(out, field, at);
        comma = ", ";
    }
    put(out, "}");
}

/* ---- the rows --------------------------------------------------------------------- */

typedef struct {
    const tl_schema *schema;
    uint64_t message[TL_MESSAGE_BYTES / sizeof(uint64_t)];
} decoded;

/* The message in words, or "fault: sentence". */
static void
decode(const frame *from, decoded *got, line *out)
{
    tl_error err = {.fault = TL_OK};

    got->schema = tl_peek(from->bytes, from->size, &err);
    if (got->schema)
        (void) tl_decode(got->schema, got->message, from->bytes, from->size, &err);
    if (!got->schema || err.fault != TL_OK) {
        put(out, "%s: %s", tl_fault_label(err.fault), err.text);
        return;
    }
    put(out, "%s ", got->schema->name);
    put_map(out, got->schema, got->message);
}

static size_t
check_rows(const char *heading,
           void (*check)(const document_row *row, const frame *from, const decoded *got))
{
    TL_SCOPED(document_destroy)
    document *page = document_read(TEST_SOURCE_ROOT "/proto/PROTOCOL.md");
    const document_row *row;
    size_t rows = 0;

    for (size_t i = 0; (row = document_at(page, i)); i++) {
        if (strcmp(row->heading, heading) != 0)
            continue;
        frame from = from_hex(row->cells[0]);
        decoded got = {.schema = NULL};
        line out = {.used = 0};

        decode(&from, &got, &out);
        if (strcmp(out.text, row->cells[1]) != 0)
            fail_msg("line %zu: %s", row->line, out.text);
        check(row, &from, &got);
        rows++;
    }
    return rows;
}

static void
is_written_so(const document_row *row, const frame *from, const decoded *got)
{
    TL_SCOPED(tl_buf_destroy) tl_buf *again = tl_buf_new(TL_FRAME_BYTES);
    tl_error err = {.fault = TL_OK};

    assert_non_null(again);
    assert_int_equal(tl_encode(got->schema, got->message, again, &err), TL_OK);
    if (tl_buf_size(again) != from->size ||
        memcmp(tl_buf_bytes(again), from->bytes, from->size) != 0)
        fail_msg("line %zu: we write it otherwise", row->line);
}

static void
is_accepted(const document_row *row, const frame *from, const decoded *got)
{
    (void) from;
    if (!got->schema)
        fail_msg("line %zu: refused", row->line);
}

static void
is_refused(const document_row *row, const frame *from, const decoded *got)
{
    (void) from;
    (void) got;
    if (strncmp(row->cells[1], "malformed: ", 11) != 0 &&
        strncmp(row->cells[1], "version: ", 9) != 0)
        fail_msg("line %zu: accepted", row->line);
}

static void
we_write_what_the_document_says(void **state)
{
    (void) state;
    assert_in_range(check_rows("As our programs write them", is_written_so), 14,
                    SIZE_MAX);
}

static void
we_accept_what_the_document_accepts(void **state)
{
    (void) state;
    assert_in_range(check_rows("Accepted as well", is_accepted), 7, SIZE_MAX);
}

static void
we_refuse_what_the_document_refuses(void **state)
{
    (void) state;
    assert_in_range(check_rows("Refused", is_refused), 26, SIZE_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(we_write_what_the_document_says),
        cmocka_unit_test(we_accept_what_the_document_accepts),
        cmocka_unit_test(we_refuse_what_the_document_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
