/* codec: every message there is, with values of every kind, there and back; read by
 * msgpack-c too; cut off anywhere and broken anywhere. */
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/message.h"
#include "proto/scope.h"
#include "tests/support/unit.h"

enum { ROUNDS = 20, POOL_BYTES = TL_FRAME_BYTES };

/* A message with random valid values; its texts and lists live in here too. */
typedef struct {
    uint64_t seed;
    uint64_t message[TL_MESSAGE_BYTES / sizeof(uint64_t)];
    char texts[POOL_BYTES];
    size_t used;
    tl_buf *lists[8];
    size_t list_count;
} made;

static void
made_destroy(made *self)
{
    for (size_t i = 0; i < self->list_count; i++)
        tl_buf_destroy(&self->lists[i]);
}

/* xorshift64*: the same sequence on every machine. */
static uint64_t
next(made *self)
{
    self->seed ^= self->seed >> 12;
    self->seed ^= self->seed << 25;
    self->seed ^= self->seed >> 27;
    return self->seed * 2685821657736338717ULL;
}

/* Of every magnitude, so that every width of integer and text turns up. */
static uint64_t
between(made *self, uint64_t least, uint64_t most)
{
    switch (next(self) % 4) {
    case 0:
        return least;
    case 1:
        return most;
    default: {
        uint64_t span = (most - least) >> (next(self) % 64);
        return least + (span == UINT64_MAX ? next(self) : next(self) % (span + 1));
    }
    }
}

static tl_text_view
some_text(made *self, const tl_field *field)
{
    static const uint8_t picture[] = {0xf0, 0x9f, 0x96,
                                      0xbc}; /* a character of four bytes */
    static const uint8_t letters[] = "ab \"\\\n\x7fZ0/%";
    uint64_t most = field->most < 300 ? field->most : 300;
    size_t size = (size_t) between(self, field->least, most);
    char *at = self->texts + self->used;

    assert_true(size < sizeof self->texts - self->used);
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t) next(self);

        if (field->kind == TL_FIELD_TEXT)
            byte = letters[byte % (sizeof letters - 1)];
        memcpy(at + i, &byte, 1);
    }
    if (field->kind == TL_FIELD_TEXT && size >= sizeof picture)
        memcpy(at, picture, sizeof picture);
    self->used += size;
    return (tl_text_view){at, size};
}

static void fill(made *self, const tl_schema *schema, void *message);

static tl_list
some_list(made *self, const tl_field *field)
{
    uint64_t item[TL_ITEM_BYTES / sizeof(uint64_t)];
    tl_error err = {.fault = TL_OK};
    size_t count = (size_t) between(self, field->least, 20);

    assert_true(self->list_count < sizeof self->lists / sizeof self->lists[0]);
    tl_buf *items = self->lists[self->list_count++] = tl_buf_new(TL_BATCH_BYTES);
    assert_non_null(items);
    for (size_t i = 0; i < count; i++) {
        if (!field->items) {
            assert_int_equal(tl_list_add_id(items, between(self, 1, INT64_MAX), &err),
                             TL_OK);
            continue;
        }
        fill(self, field->items, item);
        assert_int_equal(tl_list_add(items, field->items, item, &err), TL_OK);
    }
    return tl_list_of(items, count);
}

static void
fill(made *self, const tl_schema *schema, void *message)
{
    memset(message, 0, schema->size);
    for (size_t i = 0; i < schema->count; i++) {
        const tl_field *field = &schema->fields[i];
        void *at = (uint8_t *) message + field->offset;

        switch (field->kind) {
        case TL_FIELD_UINT:
            *(uint64_t *) at = between(self, field->least, field->most);
            break;
        case TL_FIELD_BOOL:
            *(bool *) at = next(self) % 2;
            break;
        case TL_FIELD_TEXT:
        case TL_FIELD_BYTES:
            *(tl_text_view *) at = some_text(self, field);
            break;
        case TL_FIELD_LIST:
            *(tl_list *) at = some_list(self, field);
            break;
        }
    }
}

static tl_buf *
encoded(const tl_schema *schema, const void *message)
{
    tl_buf *frame = tl_buf_new(TL_FRAME_BYTES);
    tl_error err = {.fault = TL_OK};

    assert_non_null(frame);
    if (tl_encode(schema, message, frame, &err) != TL_OK)
        fail_msg("%s", err.text);
    return frame;
}

/* Calls `check` with a few of each kind of message and its frame. */
static void
with_every_message(void (*check)(const tl_schema *schema, const void *message,
                                 const uint8_t *frame, size_t size))
{
    const tl_schema *schema;

    for (size_t i = 0; (schema = tl_schema_at(i)); i++)
        for (uint64_t round = 1; round <= ROUNDS; round++) {
            TL_SCOPED(made_destroy) made some = {.seed = round * 977 + i};

            fill(&some, schema, some.message);
            TL_SCOPED(tl_buf_destroy) tl_buf *frame = encoded(schema, some.message);
            check(schema, some.message, tl_buf_bytes(frame), tl_buf_size(frame));
        }
}

/* ---- there and back --------------------------------------------------------------- */

static void
is_same_field(const tl_field *field, const void *left, const void *right)
{
    const tl_text_view *text = left, *text_too = right;
    const tl_list *list = left, *list_too = right;

    switch (field->kind) {
    case TL_FIELD_UINT:
        assert_true(*(const uint64_t *) left == *(const uint64_t *) right);
        break;
    case TL_FIELD_BOOL:
        assert_true(*(const bool *) left == *(const bool *) right);
        break;
    case TL_FIELD_TEXT:
    case TL_FIELD_BYTES:
        assert_int_equal(text->size, text_too->size);
        assert_memory_equal(text->at, text_too->at, text->size);
        break;
    case TL_FIELD_LIST:
        assert_int_equal(list->count, list_too->count);
        assert_int_equal(list->size, list_too->size);
        assert_memory_equal(list->bytes, list_too->bytes, list->size);
        break;
    }
}

static void
comes_back(const tl_schema *schema, const void *message, const uint8_t *frame,
           size_t size)
{
    uint64_t back[TL_MESSAGE_BYTES / sizeof(uint64_t)];
    tl_error err = {.fault = TL_OK};

    assert_ptr_equal(tl_peek(frame, size, &err), schema);
    if (tl_decode(schema, back, frame, size, &err) != TL_OK)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < schema->count; i++) {
        size_t offset = schema->fields[i].offset;

        is_same_field(&schema->fields[i], (const uint8_t *) message + offset,
                      (const uint8_t *) back + offset);
    }
}

static void
every_message_comes_back_as_it_was(void **state)
{
    (void) state;
    with_every_message(comes_back);
}

/* ---- msgpack-c reads the same ----------------------------------------------------- */

static void is_same_map(const tl_schema *schema, const void *message, msgpack_object map);

static void
is_same_list(const tl_field *field, tl_list rest, msgpack_object_array array)
{
    uint64_t item[TL_ITEM_BYTES / sizeof(uint64_t)];
    uint64_t id = 0;

    assert_int_equal(array.size, rest.count);
    for (size_t i = 0; i < array.size; i++) {
        if (field->items) {
            assert_true(tl_list_next(&rest, field->items, item));
            is_same_map(field->items, item, array.ptr[i]);
        } else {
            assert_true(tl_list_next_id(&rest, &id));
            assert_true(array.ptr[i].via.u64 == id);
        }
    }
    assert_false(tl_list_next_id(&rest, &id));
}

static void
is_same_value(const tl_field *field, const void *at, msgpack_object value)
{
    const tl_text_view *view = at;

    switch (field->kind) {
    case TL_FIELD_UINT:
        assert_int_equal(value.type, MSGPACK_OBJECT_POSITIVE_INTEGER);
        assert_true(value.via.u64 == *(const uint64_t *) at);
        break;
    case TL_FIELD_BOOL:
        assert_int_equal(value.type, MSGPACK_OBJECT_BOOLEAN);
        assert_true(value.via.boolean == *(const bool *) at);
        break;
    case TL_FIELD_TEXT:
        assert_int_equal(value.type, MSGPACK_OBJECT_STR);
        assert_int_equal(value.via.str.size, view->size);
        assert_memory_equal(value.via.str.ptr, view->at, view->size);
        break;
    case TL_FIELD_BYTES:
        assert_int_equal(value.type, MSGPACK_OBJECT_BIN);
        assert_int_equal(value.via.bin.size, view->size);
        assert_memory_equal(value.via.bin.ptr, view->at, view->size);
        break;
    case TL_FIELD_LIST:
        assert_int_equal(value.type, MSGPACK_OBJECT_ARRAY);
        is_same_list(field, *(const tl_list *) at, value.via.array);
        break;
    }
}

static void
is_same_map(const tl_schema *schema, const void *message, msgpack_object map)
{
    size_t pair = 0;

    assert_int_equal(map.type, MSGPACK_OBJECT_MAP);
    for (size_t i = 0; i < schema->count && pair < map.via.map.size; i++) {
        const tl_field *field = &schema->fields[i];
        msgpack_object_kv kv = map.via.map.ptr[pair];

        if (kv.key.via.str.size != strlen(field->key) ||
            memcmp(kv.key.via.str.ptr, field->key, kv.key.via.str.size) != 0)
            continue; /* it is zero, and was left out */
        is_same_value(field, (const uint8_t *) message + field->offset, kv.val);
        pair++;
    }
    assert_int_equal(pair, map.via.map.size);
}

static void
is_read_by_msgpack_c(const tl_schema *schema, const void *message, const uint8_t *frame,
                     size_t size)
{
    msgpack_unpacked unpacked;
    size_t offset = 0;

    msgpack_unpacked_init(&unpacked);
    assert_int_equal(msgpack_unpack_next(&unpacked, (const char *) frame, size, &offset),
                     MSGPACK_UNPACK_SUCCESS);
    assert_int_equal(offset, size);
    assert_int_equal(unpacked.data.type, MSGPACK_OBJECT_ARRAY);
    assert_int_equal(unpacked.data.via.array.size, 3);
    assert_int_equal(unpacked.data.via.array.ptr[0].via.u64, TL_VERSION_MAJOR);
    is_same_map(schema, message, unpacked.data.via.array.ptr[2]);
    msgpack_unpacked_destroy(&unpacked);
}

static void
msgpack_c_reads_what_we_write(void **state)
{
    (void) state;
    with_every_message(is_read_by_msgpack_c);
}

/* ---- broken frames ---------------------------------------------------------------- */

/* An exact copy, so that sanitizers and valgrind see a byte read too far. */
static tl_fault
decode_copy(const tl_schema *schema, const uint8_t *frame, size_t size)
{
    uint64_t back[TL_MESSAGE_BYTES / sizeof(uint64_t)];
    uint8_t *copy = malloc(size > 0 ? size : 1);
    tl_error err = {.fault = TL_OK};

    assert_non_null(copy);
    memcpy(copy, frame, size);
    (void) tl_peek(copy, size, &err);
    tl_fault fault = tl_decode(schema, back, copy, size, &err);
    free(copy);
    return fault;
}

static void
is_refused_when_cut(const tl_schema *schema, const void *message, const uint8_t *frame,
                    size_t size)
{
    (void) message;
    for (size_t cut = 0; cut < size; cut += 1 + cut / 200)
        assert_int_equal(decode_copy(schema, frame, cut), TL_MALFORMED);
}

static void
a_frame_that_is_cut_off_is_refused(void **state)
{
    (void) state;
    with_every_message(is_refused_when_cut);
}

static void
survives_mutation(const tl_schema *schema, const void *message, const uint8_t *frame,
                  size_t size)
{
    static const uint8_t evil[] = {0x00, 0xff, 0xc1, 0xdd, 0xdf, 0xc6, 0xdb, 0x9f, 0x8f};
    uint8_t broken[TL_FRAME_BYTES];
    size_t step = 1 + size / 60;

    (void) message;
    memcpy(broken, frame, size);
    for (size_t i = 0; i < size; i += step) {
        for (size_t e = 0; e < sizeof evil; e++) {
            broken[i] = evil[e];
            (void) decode_copy(schema, broken, size); /* either verdict is right */
        }
        broken[i] = frame[i];
    }
}

static void
a_wrong_byte_anywhere_breaks_nothing(void **state)
{
    (void) state;
    with_every_message(survives_mutation);
}

static void
a_refused_message_leaves_no_trace(void **state)
{
    static const uint8_t frame[] = "\x93\x01\xa3"
                                   "bye\x81\xa5"
                                   "epoch\x00";
    tl_bye bye = {.epoch = 42};
    tl_error err = {.fault = TL_OK};

    (void) state;
    assert_int_equal(tl_decode(&TL_BYE, &bye, frame, sizeof frame - 1, &err),
                     TL_MALFORMED);
    assert_int_equal(bye.epoch, 42);
    assert_int_equal(tl_decode(&TL_END, &bye, frame, sizeof frame - 1, &err),
                     TL_MALFORMED);
}

static void
another_version_is_named_by_every_decoder(void **state)
{
    static const uint8_t frame[] = "\x93\x07\xa3"
                                   "bye\x81\xa5"
                                   "epoch\x01";
    tl_bye bye;
    tl_error err = {.fault = TL_OK};

    (void) state;
    assert_int_equal(tl_decode(&TL_BYE, &bye, frame, sizeof frame - 1, &err), TL_VERSION);
    assert_non_null(strstr(err.text, "speaks version 7"));
    assert_non_null(strstr(err.text, "we speak 1"));
    err.text[0] = '\0';
    assert_null(tl_peek(frame, sizeof frame - 1, &err));
    assert_non_null(strstr(err.text, "speaks version 7"));
}

/* ---- what we don't send ----------------------------------------------------------- */

static void
what_a_peer_would_refuse_is_not_sent(void **state)
{
    char long_text[TL_TEXT_BYTES + 1];
    const struct {
        const char *what;
        tl_refused message;
    } cases[] = {
        {"too short", {{"", 0}}},
        {"not UTF-8", {{"\xff", 1}}},
        {"NUL", {{"\0", 1}}},
        {"too long", {{long_text, sizeof long_text}}},
    };
    tl_error err = {.fault = TL_OK};

    (void) state;
    memset(long_text, 'x', sizeof long_text);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TL_SCOPED(tl_buf_destroy) tl_buf *frame = tl_buf_new(TL_FRAME_BYTES);

        if (tl_encode(&TL_REFUSED_MESSAGE, &cases[i].message, frame, &err) !=
            TL_MALFORMED)
            fail_msg("%s: sent", cases[i].what);
    }
}

static void
a_frame_has_a_ceiling(void **state)
{
    const tl_refused message = {{"a sentence", 10}};
    const size_t whole = 26;
    tl_error err = {.fault = TL_OK};

    (void) state;
    for (size_t room = 0; room <= whole; room++) {
        TL_SCOPED(tl_buf_destroy) tl_buf *frame = tl_buf_new(room);

        assert_int_equal(tl_encode(&TL_REFUSED_MESSAGE, &message, frame, &err),
                         room < whole ? TL_TOO_LARGE : TL_OK);
    }
}

static void
views_are_copied_into_the_room_there_is(void **state)
{
    char out[4];

    (void) state;
    assert_string_equal(tl_view_copy(tl_view("abcdef"), out, sizeof out), "abc");
    assert_string_equal(tl_view_copy((tl_text_view){NULL, 0}, out, sizeof out), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_as_it_was),
        cmocka_unit_test(msgpack_c_reads_what_we_write),
        cmocka_unit_test(a_frame_that_is_cut_off_is_refused),
        cmocka_unit_test(a_wrong_byte_anywhere_breaks_nothing),
        cmocka_unit_test(a_refused_message_leaves_no_trace),
        cmocka_unit_test(another_version_is_named_by_every_decoder),
        cmocka_unit_test(what_a_peer_would_refuse_is_not_sent),
        cmocka_unit_test(a_frame_has_a_ceiling),
        cmocka_unit_test(views_are_copied_into_the_room_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
