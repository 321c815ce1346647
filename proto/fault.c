#include "proto/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NEVER = TL_RETRY_NEVER, ONCE = TL_RETRY_ONCE, TRIES = TL_RETRY_TRIES };

static const struct row {
    tl_fault fault;
    tl_retry retry;
    const char *label;
    const char *meaning;
} rows[] = {
#define FAULT(name, number, label, retry, text)                                          \
    {TL_##name, (tl_retry) (retry), label, text},
#include "proto/fault.def"
#undef FAULT
};

enum {
    ROWS = sizeof rows / sizeof rows[0],
    FIRST_OF_OURS = TL_MALFORMED, /* numbers from here on never end a link */
};

static const struct row *
find(tl_fault fault)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].fault == fault)
            return &rows[i];
    return NULL;
}

const char *
tl_fault_label(tl_fault fault)
{
    const struct row *row = find(fault);

    return row ? row->label : "unknown";
}

const char *
tl_fault_meaning(tl_fault fault)
{
    const struct row *row = find(fault);

    return row ? row->meaning : "unknown to this release";
}

tl_retry
tl_fault_retry(tl_fault fault)
{
    const struct row *row = find(fault);

    return row ? row->retry : TL_RETRY_NEVER;
}

bool
tl_fault_ends_link(uint64_t number)
{
    return number < FIRST_OF_OURS && find((tl_fault) number) != NULL;
}

bool
tl_fault_by_label(const char *label, tl_fault *fault)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].label, label) == 0) {
            *fault = rows[i].fault;
            return true;
        }
    return false;
}

bool
tl_fault_at(size_t index, tl_fault *fault)
{
    if (index >= ROWS)
        return false;
    *fault = rows[index].fault;
    return true;
}

const char *
tl_verdict_label(tl_verdict verdict)
{
    static const char *const labels[TL_VERDICTS] = {
        [TL_PENDING] = "pending",     [TL_DONE] = "done",
        [TL_FAILED] = "failed",       [TL_LOST] = "lost",
        [TL_SKIPPED] = "skipped",     [TL_DUPLICATE] = "duplicate",
        [TL_UNCHANGED] = "unchanged", [TL_CANCELLED] = "cancelled",
    };

    return (unsigned) verdict < TL_VERDICTS ? labels[verdict] : "unknown";
}

tl_fault
tl_fail(tl_error *err, tl_fault fault, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    err->fault = fault;
    (void) vsnprintf(err->text, sizeof err->text, format, args); /* cut, never over-run */
    va_end(args);
    return fault;
}

tl_fault
tl_fail_errno(tl_error *err, tl_fault fault, const char *format, ...)
{
    int reason = errno; /* before anything here can change it */
    va_list args;

    va_start(args, format);
    err->fault = fault;
    (void) vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);

    size_t used = strlen(err->text);
    const char *known = strerrordesc_np(reason); /* strerror is not for threads */
    (void) snprintf(err->text + used, sizeof err->text - used, ": %s",
                    known ? known : "unknown error");
    return fault;
}

tl_fault
tl_within(tl_error *err, const char *format, ...)
{
    char inner[TL_ERROR_TEXT_BYTES];
    va_list args;

    memcpy(inner, err->text, sizeof inner);
    va_start(args, format);
    (void) vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);

    size_t used = strlen(err->text);
    (void) snprintf(err->text + used, sizeof err->text - used, ": %.*s",
                    (int) (sizeof inner - 1), inner);
    return err->fault;
}

int
tl_exit_code(const tl_error *err)
{
    return err->fault == TL_USAGE ? TL_EXIT_USAGE : TL_EXIT_CANNOT_START;
}
