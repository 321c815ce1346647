/* url — is this line a link that may be visited, and what shall its file be called?
 *
 * Why it exists: what is not a URL is recorded as failed before any packet is sent, and a
 * file's name must be safe whatever the URL says. libcurl's parser decides, since libcurl
 * will visit it: two parsers that disagree are how filters are tricked. */
#ifndef TL_VENTILATOR_URL_H
#define TL_VENTILATOR_URL_H

#include "proto/fault.h"
#include "proto/limits.h"

typedef struct url_parser url_parser;

/* NULL when memory is out. */
url_parser *url_parser_new(void);
void url_parser_destroy(url_parser **self_p);

/* Check a link. TL_OK and the wanted name of its file (from the URL's last segment,
 * percent-decoded, made safe; "index" if it has none), or URL_INVALID, SCHEME_BLOCKED,
 * CREDENTIALS. `text` ends with NUL. */
tl_fault url_check(url_parser *self, const char *text, char name[TL_NAME_BYTES + 1]);

/* Make any bytes a safe file name: no path, control bytes, leading dot or space, nothing
 * that Windows or a shell stumbles over, at most TL_NAME_BYTES of UTF-8, never empty. */
void url_safe_name(const char *text, size_t size, char name[TL_NAME_BYTES + 1]);

#endif
