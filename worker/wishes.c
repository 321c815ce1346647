#include "worker/wishes.h"

#include <stdio.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/log.h"
#include "proto/options.h"
#include "proto/scope.h"

static tl_fault
set_all(tl_options *options, tl_list given, tl_error *err)
{
    tl_run_option it;
    char name[TL_TEXT_BYTES + 1];
    char value[TL_TEXT_BYTES + 1];

    while (tl_list_next(&given, &TL_RUN_OPTION, &it))
        if (tl_options_set(options, tl_view_copy(it.name, name, sizeof name),
                           tl_view_copy(it.value, value, sizeof value), err) != TL_OK)
            return tl_within(err, "the run wants what this release cannot do");
    return TL_OK;
}

/* The contact is a person's text; in a header it must stay on its line. */
static void
name_agent(wishes *self, const char *contact)
{
    char safe[AGENT_BYTES / 2];
    bool given = contact[0] != '\0';

    (void) tl_escape(contact, strlen(contact), safe, sizeof safe);
    (void) snprintf(self->agent, sizeof self->agent, "Thumbline/%s%s%s%s", tl_release(),
                    given ? " (+" : "", safe, given ? ")" : "");
}

tl_fault
wishes_read(wishes *self, const tl_list *options, const char *root, const char *worker,
            tl_error *err)
{
    wishes got = {0};
    TL_SCOPED(tl_options_destroy) tl_options *all = tl_options_new(TL_VENTILATOR);

    if (!all)
        return tl_fail(err, TL_NO_MEMORY, "reading the run's options");
    if (set_all(all, *options, err) != TL_OK)
        return err->fault;
    tl_pixels(all, TL_OPT_SIZE, &got.box.width, &got.box.height);
    got.originals = tl_flag(all, TL_OPT_ORIGINALS);
    got.sync = tl_flag(all, TL_OPT_SYNC);
    got.connect_ms = tl_number(all, TL_OPT_CONNECT_TIMEOUT);
    got.transfer_ms = tl_number(all, TL_OPT_TRANSFER_TIMEOUT);
    got.low_speed_ms = tl_number(all, TL_OPT_LOW_SPEED_TIME);
    got.body_cap = tl_number(all, TL_OPT_BODY_CAP);
    name_agent(&got, tl_text(all, TL_OPT_CONTACT));
    if (root) {
        got.folder = output_open(root, tl_text(all, TL_OPT_OUTPUT), worker, err);
        if (!got.folder)
            return err->fault;
    }
    wishes_clear(self);
    *self = got;
    return TL_OK;
}

void
wishes_clear(wishes *self)
{
    output_close(&self->folder);
}
