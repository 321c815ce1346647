#include "worker/settings.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "proto/utf8.h"

enum {
    NULL_SLOTS = 512, /* nothing is waited for, so enough to fill a round trip */
    SLACK = 4,      /* tasks that lie ready, so that no transfer waits for the network */
    SLACK_PART = 8, /* or this part of the downloads, if that is more */
    HOST_BYTES = 40,
};

static size_t
cores(void)
{
    cpu_set_t ours;

    CPU_ZERO(&ours);
    if (sched_getaffinity(0, sizeof ours, &ours) != 0)
        return 1;
    return (size_t) CPU_COUNT(&ours);
}

static tl_fault
read_name(settings *self, const char *given, tl_error *err)
{
    char host[HOST_BYTES + 1] = "worker";
    size_t size = strlen(given);

    if (size > TL_WORKER_NAME_BYTES)
        return tl_fail(err, TL_USAGE, "--name has at most %d bytes",
                       TL_WORKER_NAME_BYTES);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char) given[i] <= ' ' || given[i] == '/' || given[i] == 0x7f)
            return tl_fail(
                err, TL_USAGE,
                "--name is one word without slashes: it is part of file names");
    if (size > 0) {
        (void) snprintf(self->name, sizeof self->name, "%s", given);
        return TL_OK;
    }
    (void) gethostname(host, HOST_BYTES); /* a longer one is cut, or it stays "worker" */
    host[HOST_BYTES] = '\0';
    (void) snprintf(self->name, sizeof self->name, "%s-%ld", host, (long) getpid());
    return TL_OK;
}

static tl_fault
read_boot(settings *self, tl_error *err)
{
    if (getrandom(&self->me.boot, sizeof self->me.boot, 0) !=
        (ssize_t) sizeof self->me.boot)
        return tl_fail_errno(err, TL_CANNOT_START, "no random numbers");
    self->me.boot = (self->me.boot & INT64_MAX) | 1; /* not 0 */
    return TL_OK;
}

/* The helper program lies beside this one. */
static tl_fault
find_shrink(settings *self, const char *given, tl_error *err)
{
    static const char name[] = "thumbline-shrink";

    if (given[0] != '\0') {
        (void) snprintf(self->shrink, sizeof self->shrink, "%s", given);
    } else {
        ssize_t size =
            readlink("/proc/self/exe", self->shrink, sizeof self->shrink - sizeof name);
        if (size < 0)
            return tl_fail_errno(err, TL_CANNOT_START, "/proc/self/exe");
        self->shrink[size] = '\0';
        char *slash = strrchr(self->shrink, '/');
        memcpy(slash ? slash + 1 : self->shrink, name, sizeof name);
    }
    if (access(self->shrink, X_OK) != 0)
        return tl_fail_errno(err, TL_CANNOT_START,
                             "the helper program %s cannot be run (say where it is with "
                             "--shrink FILE)",
                             self->shrink);
    return TL_OK;
}

static tl_fault
read_root(settings *self, const char *given, tl_error *err)
{
    if (!realpath(given, self->root))
        return tl_fail_errno(err, TL_CANNOT_START, "--output-root %s", given);
    return TL_OK;
}

static tl_fault
read_gate(settings *self, const tl_options *options, tl_error *err)
{
    self->gate = guard_new();
    if (!self->gate)
        return tl_fail(err, TL_NO_MEMORY, "starting");
    for (size_t i = 0; i < tl_items(options, TL_OPT_ALLOW_NET); i++)
        if (guard_allow(self->gate, tl_item(options, TL_OPT_ALLOW_NET, i), err) != TL_OK)
            return err->fault;
    return TL_OK;
}

static void
count_slots(settings *self)
{
    const pipeline_settings *machine = &self->pipeline;
    size_t slack = machine->downloads / SLACK_PART;
    size_t slots =
        machine->downloads + 2 * machine->helpers + (slack > SLACK ? slack : SLACK);

    if (self->null)
        slots = NULL_SLOTS;
    self->slots = slots < RUN_LINKS ? (uint32_t) slots : RUN_LINKS;
}

tl_fault
settings_read(settings *self, const tl_options *options, tl_error *err)
{
    size_t helpers = (size_t) tl_number(options, TL_OPT_HELPERS);

    memset(self, 0, sizeof *self);
    self->null = tl_flag(options, TL_OPT_NULL);
    if (read_name(self, tl_text(options, TL_OPT_NAME), err) != TL_OK ||
        read_boot(self, err) != TL_OK || read_gate(self, options, err) != TL_OK)
        return err->fault;
    if (!self->null &&
        (read_root(self, tl_text(options, TL_OPT_OUTPUT_ROOT), err) != TL_OK ||
         find_shrink(self, tl_text(options, TL_OPT_SHRINK), err) != TL_OK))
        return err->fault;
    self->me.name = self->name;
    self->me.root = self->null ? NULL : self->root;
    self->me.insecure = tl_flag(options, TL_OPT_INSECURE);
    self->pipeline = (pipeline_settings){
        .downloads = (size_t) tl_number(options, TL_OPT_DOWNLOADS),
        .helpers = helpers ? helpers : cores(),
        .memory = tl_number(options, TL_OPT_MEMORY),
        .shrink = self->shrink,
        .shrink_ms = (int64_t) tl_number(options, TL_OPT_SHRINK_TIMEOUT),
        .gate = self->gate,
    };
    count_slots(self);
    return TL_OK;
}

void
settings_clear(settings *self)
{
    guard_destroy(&self->gate);
}
