#include "launcher/record_name.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/digest.h"
#include "proto/scope.h"

static const char suffix[] = ".txt";

enum {
    STEM_BYTES = RECORD_NAME_BYTES - 10, /* "-", eight digits, the end */
    DIGEST_BYTES = 4,
};

static bool
is_plain(char c)
{
    return isascii((unsigned char) c) &&
           (isalnum((unsigned char) c) || c == '-' || c == '_');
}

/* The last part of the path without ".txt", made safe; true if nothing had to be
 * changed for it but the ".txt". */
static bool
make_stem(const char *word, char stem[STEM_BYTES])
{
    const char *slash = strrchr(word, '/');
    const char *from = slash ? slash + 1 : word;
    size_t size = strlen(from);
    size_t cut = sizeof suffix - 1;
    bool has_suffix = size > cut && strcmp(from + size - cut, suffix) == 0;
    bool same = !slash && has_suffix && size > cut;

    if (has_suffix)
        size -= cut;
    if (size >= STEM_BYTES) {
        size = STEM_BYTES - 1;
        same = false;
    }
    for (size_t i = 0; i < size; i++) {
        bool keep = is_plain(from[i]) || (from[i] == '.' && i > 0);

        stem[i] = (char) (keep ? from[i] : '_');
        same = same && keep;
    }
    stem[size] = '\0';
    return same;
}

/* What was said, and where, if that makes a difference. */
static tl_fault
digest_source(const tl_options *options, char hex[2 * DIGEST_BYTES + 1], tl_error *err)
{
    uint8_t sha256[TL_SHA_BYTES];
    char here[PATH_MAX];
    bool together = tl_text(options, TL_OPT_OUTPUT)[0] != '/';
    TL_SCOPED(tl_digest_destroy) tl_digest *digest = tl_digest_new();

    if (!digest)
        return tl_fail(err, TL_NO_MEMORY, "no memory for a digest");
    tl_digest_start(digest);
    for (size_t i = 0; i < tl_words(options); i++) {
        const char *word = tl_word(options, i);
        bool is_path = strcmp(word, "-") != 0 && !strstr(word, "://") && word[0] != '/';

        if (is_path && !together) {
            if (!getcwd(here, sizeof here))
                return tl_fail_errno(err, TL_CANNOT_START, "cannot tell where we are");
            tl_digest_add(digest, here, strlen(here));
        }
        tl_digest_add(digest, word, strlen(word) + 1);
    }
    tl_digest_finish(digest, sha256);
    (void) tl_hex(sha256, DIGEST_BYTES, hex);
    return TL_OK;
}

tl_fault
record_name(const tl_options *options, char name[RECORD_NAME_BYTES], tl_error *err)
{
    char stem[STEM_BYTES];
    char hex[2 * DIGEST_BYTES + 1];
    const char *first = tl_word(options, 0);
    bool alone = tl_words(options) == 1;
    bool together = tl_text(options, TL_OPT_OUTPUT)[0] != '/';
    const char *kind = strcmp(first, "-") == 0 ? "stdin"
                       : strstr(first, "://")  ? "links"
                                               : NULL;
    bool same = !kind && make_stem(first, stem);

    if (kind)
        (void) snprintf(stem, sizeof stem, "%s", kind);
    /* Standard input has no name: each source of it is taken for the same, as the
     * ventilator does. */
    bool plain = alone && ((same && together) || strcmp(first, "-") == 0);
    if (plain) {
        (void) snprintf(name, RECORD_NAME_BYTES, "%s", stem);
        return TL_OK;
    }
    if (digest_source(options, hex, err) != TL_OK)
        return err->fault;
    (void) snprintf(name, RECORD_NAME_BYTES, "%s-%s", stem, hex);
    return TL_OK;
}
