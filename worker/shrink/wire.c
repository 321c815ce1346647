#include "worker/shrink/wire.h"

#include <string.h>

bool
wire_ready_valid(const wire_ready *ready)
{
    return ready->mark == WIRE_MARK && ready->version == WIRE_VERSION;
}

bool
wire_request_valid(const wire_request *request, uint64_t room)
{
    return request->mark == WIRE_MARK && request->size <= room &&
           request->box.width > 0 && request->box.height > 0;
}

static bool
fault_valid(uint32_t fault)
{
    return fault >= TL_NOT_AN_IMAGE && fault <= TL_ENCODE_FAILED &&
           tl_fault_ends_link(fault);
}

static bool
kind_valid(uint32_t kind)
{
    return kind > PICTURE_NONE && kind < PICTURE_KINDS;
}

static bool
detail_valid(const char *detail)
{
    size_t used = strnlen(detail, WIRE_DETAIL_BYTES);

    for (size_t i = 0; i < used; i++)
        if (detail[i] < ' ' || detail[i] > '~')
            return false;
    return used < WIRE_DETAIL_BYTES;
}

bool
wire_answer_valid(const wire_answer *answer, picture_size box)
{
    if (answer->mark != WIRE_MARK || !detail_valid(answer->detail))
        return false;
    if (answer->fault != TL_OK) /* facts are known up to where it failed */
        return fault_valid(answer->fault) && answer->kind < PICTURE_KINDS &&
               answer->thumb_bytes == 0;
    return kind_valid(answer->kind) && kind_valid(answer->thumb_kind) &&
           answer->size.width > 0 && answer->size.height > 0 &&
           answer->thumb_size.width > 0 && answer->thumb_size.width <= box.width &&
           answer->thumb_size.height > 0 && answer->thumb_size.height <= box.height &&
           answer->thumb_bytes > 0 && answer->thumb_bytes <= WIRE_THUMB_BYTES;
}
