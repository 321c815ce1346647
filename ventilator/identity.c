#include "ventilator/identity.h"

#include <string.h>

#include "proto/digest.h"
#include "proto/log.h"
#include "proto/scope.h"

/* What the run does to each link: all options of scope RUN. */
static void
digest_options(const tl_options *options, tl_digest *digest, identity *out)
{
    const char *name = NULL;
    const char *value = NULL;

    tl_digest_start(digest);
    for (size_t i = 0; tl_options_run_at(options, i, &name, &value); i++) {
        tl_digest_add(digest, name, strlen(name) + 1);
        tl_digest_add(digest, value, strlen(value) + 1);
    }
    tl_digest_finish(digest, out->run);
}

static void
digest_name(const tl_options *options, tl_digest *digest, identity *out)
{
    uint8_t whole[TL_SHA_BYTES];

    tl_digest_start(digest);
    for (size_t i = 0; i < tl_words(options); i++)
        tl_digest_add(digest, tl_word(options, i), strlen(tl_word(options, i)) + 1);
    tl_digest_add(digest, out->run, sizeof out->run);
    tl_digest_finish(digest, whole);
    memcpy(out->name, whole, sizeof out->name);
}

/* As many names as fit whole: half a name, or half a character, helps nobody. */
static void
compose_title(const tl_options *options, char title[IDENTITY_TITLE_BYTES])
{
    static const char more[] = " ...";
    size_t used = 0;

    title[0] = '\0';
    for (size_t i = 0; i < tl_words(options); i++) {
        char word[IDENTITY_TITLE_BYTES - sizeof more];

        (void) tl_escape(tl_word(options, i), strlen(tl_word(options, i)), word,
                         sizeof word);
        size_t size = strlen(word) + (i > 0);
        bool fits = used + size + sizeof more <= IDENTITY_TITLE_BYTES;
        (void) snprintf(title + used, IDENTITY_TITLE_BYTES - used, "%s%s",
                        i && fits ? " " : "", fits ? word : more);
        used += size;
        if (!fits)
            return;
    }
}

tl_fault
identity_of(const tl_options *options, identity *out, tl_error *err)
{
    TL_SCOPED(tl_digest_destroy) tl_digest *digest = tl_digest_new();

    if (!digest)
        return tl_fail(err, TL_NO_MEMORY, "no memory for the run's identity");
    digest_options(options, digest, out);
    digest_name(options, digest, out);
    compose_title(options, out->title);
    return TL_OK;
}
