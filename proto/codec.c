#include "proto/codec.h"

#include <assert.h>
#include <msgpack.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/message.h"
#include "proto/utf8.h"

/* ---- packing, with msgpack-c ------------------------------------------------------ */

typedef struct {
    tl_buf *buf;
    tl_error *err;
} sink_of_bytes;

static int
append(void *data, const char *bytes, size_t size)
{
    sink_of_bytes *to = data;

    return tl_buf_add(to->buf, bytes, size, to->err) == TL_OK ? 0 : -1;
}

static const void *
member(const void *message, const tl_field *field)
{
    return (const uint8_t *) message + field->offset;
}

static uint64_t
measure(const void *message, const tl_field *field)
{
    const void *at = member(message, field);

    switch (field->kind) {
    case TL_FIELD_UINT:
        return *(const uint64_t *) at;
    case TL_FIELD_BOOL:
        return *(const bool *) at;
    case TL_FIELD_TEXT:
    case TL_FIELD_BYTES:
        return ((const tl_text_view *) at)->size;
    case TL_FIELD_LIST:
        return ((const tl_list *) at)->count;
    }
    return 0;
}

static bool
is_sent(const void *message, const tl_field *field)
{
    return field->required || measure(message, field) != 0;
}

/* A server's words end up in reports: what the peer would refuse must fail here, where
 * the caller can still say it otherwise. */
static bool
is_text_if_it_must(const void *message, const tl_field *field)
{
    const tl_text_view *view = member(message, field);

    return field->kind != TL_FIELD_TEXT ||
           tl_utf8_valid((const uint8_t *) view->at, view->size);
}

static int
pack_value(msgpack_packer *packer, const void *message, const tl_field *field)
{
    const void *at = member(message, field);
    const tl_text_view *view = at;
    const tl_list *list = at;

    switch (field->kind) {
    case TL_FIELD_UINT:
        return msgpack_pack_uint64(packer, *(const uint64_t *) at);
    case TL_FIELD_BOOL:
        return *(const bool *) at ? msgpack_pack_true(packer)
                                  : msgpack_pack_false(packer);
    case TL_FIELD_TEXT:
        return msgpack_pack_str(packer, view->size) ||
               msgpack_pack_str_body(packer, view->at, view->size);
    case TL_FIELD_BYTES:
        return msgpack_pack_bin(packer, view->size) ||
               msgpack_pack_bin_body(packer, view->at, view->size);
    case TL_FIELD_LIST:
        return msgpack_pack_array(packer, list->count) ||
               packer->callback(packer->data, (const char *) list->bytes, list->size);
    }
    return -1;
}

static tl_fault
pack_map(msgpack_packer *packer, const tl_schema *schema, const void *message,
         tl_error *err)
{
    size_t pairs = 0;

    for (size_t i = 0; i < schema->count; i++)
        pairs += is_sent(message, &schema->fields[i]);
    err->fault = TL_OK;
    (void) msgpack_pack_map(packer, pairs); /* a failure shows in err, below */
    for (size_t i = 0; i < schema->count && err->fault == TL_OK; i++) {
        const tl_field *field = &schema->fields[i];
        uint64_t much = measure(message, field);

        if (!is_sent(message, field))
            continue;
        if (much < field->least || much > field->most ||
            !is_text_if_it_must(message, field))
            return tl_fail(err, TL_MALFORMED, "%s: %s is out of range or not UTF-8",
                           schema->name, field->key);
        size_t length = strlen(field->key);
        if (msgpack_pack_str(packer, length) == 0 &&
            msgpack_pack_str_body(packer, field->key, length) == 0)
            (void) pack_value(packer, message, field);
    }
    return err->fault == TL_OK ? TL_OK : tl_within(err, "packing %s", schema->name);
}

tl_fault
tl_encode(const tl_schema *schema, const void *message, tl_buf *frame, tl_error *err)
{
    sink_of_bytes to = {frame, err};
    msgpack_packer packer;
    size_t length = strlen(schema->name);

    msgpack_packer_init(&packer, &to, append);
    if (msgpack_pack_array(&packer, 3) ||
        msgpack_pack_uint64(&packer, TL_VERSION_MAJOR) ||
        msgpack_pack_str(&packer, length) ||
        msgpack_pack_str_body(&packer, schema->name, length))
        return tl_within(err, "packing %s", schema->name);
    return pack_map(&packer, schema, message, err);
}

tl_fault
tl_list_add(tl_buf *items, const tl_schema *schema, const void *item, tl_error *err)
{
    sink_of_bytes to = {items, err};
    msgpack_packer packer;

    msgpack_packer_init(&packer, &to, append);
    return pack_map(&packer, schema, item, err);
}

tl_fault
tl_list_add_id(tl_buf *items, uint64_t id, tl_error *err)
{
    sink_of_bytes to = {items, err};
    msgpack_packer packer;

    msgpack_packer_init(&packer, &to, append);
    return msgpack_pack_uint64(&packer, id) == 0 ? TL_OK : err->fault;
}

tl_list
tl_list_of(const tl_buf *items, size_t count)
{
    return (tl_list){tl_buf_bytes(items), tl_buf_size(items), count};
}

/* ---- reading, with the bounded cursor --------------------------------------------- */

static void read_map(tl_reader *in, const tl_schema *schema, void *message);

static void
complain(tl_reader *in, const char *problem)
{
    if (!in->problem)
        in->problem = problem;
}

static void
check_range(tl_reader *in, const tl_field *field, uint64_t much)
{
    if (much < field->least || much > field->most)
        complain(in, "out of range");
}

static void
check_item(tl_reader *in, const tl_schema *schema)
{
    union { /* room for any item; tl_items_fit in message.c asserts that it is enough */
        uint64_t align;
        uint8_t room[TL_ITEM_BYTES];
    } item;

    if (schema) {
        read_map(in, schema, item.room);
        return;
    }
    uint64_t id = tl_read_uint(in);
    if (!in->problem && (id == 0 || id > INT64_MAX))
        complain(in, "not an id");
}

static tl_list
read_list(tl_reader *in, const tl_field *field)
{
    tl_list list = {.count = tl_read_array(in)};

    list.bytes = in->at;
    check_range(in, field, list.count);
    for (size_t i = 0; i < list.count && !in->problem; i++)
        check_item(in, field->items);
    list.size = (size_t) (in->at - list.bytes);
    return list;
}

static void
read_value(tl_reader *in, const tl_field *field, void *message)
{
    void *at = (uint8_t *) message + field->offset;

    switch (field->kind) {
    case TL_FIELD_UINT:
        *(uint64_t *) at = tl_read_uint(in);
        break;
    case TL_FIELD_BOOL:
        *(bool *) at = tl_read_bool(in);
        break;
    case TL_FIELD_TEXT:
        *(tl_text_view *) at = tl_read_text(in);
        break;
    case TL_FIELD_BYTES:
        *(tl_text_view *) at = tl_read_bytes(in);
        break;
    case TL_FIELD_LIST:
        *(tl_list *) at = read_list(in, field);
        break;
    }
    if (!in->problem)
        check_range(in, field, measure(message, field));
}

/* Peers usually send fields in the order of the table, so look on from the last one. */
static size_t
find_field(const tl_schema *schema, tl_text_view key, size_t from)
{
    for (size_t n = 0; n < schema->count; n++) {
        size_t i = (from + n) % schema->count;
        const char *ours = schema->fields[i].key;

        if (strncmp(ours, key.at, key.size) == 0 && ours[key.size] == '\0')
            return i;
    }
    return schema->count;
}

static void
read_map(tl_reader *in, const tl_schema *schema, void *message)
{
    uint64_t seen = 0;
    size_t pairs = tl_read_map(in);

    assert(schema->count < 64);
    memset(message, 0, schema->size);
    for (size_t n = 0, next = 0; n < pairs && !in->problem; n++) {
        tl_text_view key = tl_read_text(in);
        size_t i = in->problem ? schema->count : find_field(schema, key, next);

        if (i == schema->count) {
            tl_read_skip(in); /* a newer peer may say more than we know */
            continue;
        }
        if (seen >> i & 1)
            complain(in, "a key stands twice");
        seen |= (uint64_t) 1 << i;
        next = i + 1;
        read_value(in, &schema->fields[i], message);
    }
    for (size_t i = 0; i < schema->count; i++)
        if (schema->fields[i].required && !(seen >> i & 1))
            complain(in, "a required key is missing");
}

static tl_text_view
read_envelope(tl_reader *in, uint64_t *major)
{
    size_t elements = tl_read_array(in);

    *major = tl_read_uint(in);
    /* A later major may have another shape: only its first element is promised. */
    if (in->problem || *major != TL_VERSION_MAJOR)
        return (tl_text_view){"", 0};
    if (elements != 3)
        complain(in, "not an array of three");
    return tl_read_text(in);
}

static tl_fault
refuse_version(uint64_t major, tl_error *err)
{
    return tl_fail(
        err, TL_VERSION,
        "the peer speaks version %llu of the protocol, we speak %d: install the "
        "same release everywhere",
        (unsigned long long) major, TL_VERSION_MAJOR);
}

const tl_schema *
tl_peek(const void *bytes, size_t size, tl_error *err)
{
    const uint8_t *start = bytes;
    tl_reader in = {start, start + size, NULL};
    uint64_t major = 0;
    tl_text_view name = read_envelope(&in, &major);

    if (!in.problem && major != TL_VERSION_MAJOR) {
        (void) refuse_version(major, err);
        return NULL;
    }
    const tl_schema *schema = in.problem ? NULL : tl_schema_by_name(name);
    if (!schema)
        (void) tl_fail(err, TL_MALFORMED, "not a message we know: %s",
                       in.problem ? in.problem : "its name");
    return schema;
}

tl_fault
tl_decode(const tl_schema *schema, void *message, const void *bytes, size_t size,
          tl_error *err)
{
    const uint8_t *start = bytes;
    tl_reader in = {start, start + size, NULL};
    union {
        uint64_t align;
        uint8_t room[TL_MESSAGE_BYTES];
    } got;
    uint64_t major = 0;
    tl_text_view name = read_envelope(&in, &major);

    if (!in.problem && major != TL_VERSION_MAJOR)
        return refuse_version(major, err);
    if (!in.problem && tl_schema_by_name(name) != schema)
        complain(&in, "another message");
    if (!in.problem)
        read_map(&in, schema, got.room);
    if (!in.problem && in.at != in.end)
        complain(&in, "bytes behind the end");
    if (in.problem)
        return tl_fail(err, TL_MALFORMED, "%s: %s at byte %zu", schema->name, in.problem,
                       (size_t) (in.at - start));
    memcpy(message, got.room, schema->size);
    return TL_OK;
}

bool
tl_list_next_id(tl_list *rest, uint64_t *id)
{
    if (rest->count == 0)
        return false;
    tl_reader in = {rest->bytes, rest->bytes + rest->size, NULL};
    *id = tl_read_uint(&in);
    assert(!in.problem); /* decoding has checked it */
    *rest = (tl_list){in.at, (size_t) (in.end - in.at), rest->count - 1};
    return true;
}

bool
tl_list_next(tl_list *rest, const tl_schema *schema, void *item)
{
    if (rest->count == 0)
        return false;
    tl_reader in = {rest->bytes, rest->bytes + rest->size, NULL};
    read_map(&in, schema, item);
    assert(!in.problem); /* decoding has checked it */
    *rest = (tl_list){in.at, (size_t) (in.end - in.at), rest->count - 1};
    return true;
}

tl_text_view
tl_view(const char *text)
{
    return (tl_text_view){text, strlen(text)};
}

char *
tl_view_copy(tl_text_view view, char *out, size_t room)
{
    size_t size = view.size < room ? view.size : room - 1;

    if (size > 0) /* the text of an absent field is nowhere */
        memcpy(out, view.at, size);
    out[size] = '\0';
    return out;
}
