#include "proto/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct tl_digest {
    EVP_MD *kind; /* fetched once: a fetch costs more than a short digest */
    EVP_MD_CTX *context;
};

tl_digest *
tl_digest_new(void)
{
    tl_digest *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->kind = EVP_MD_fetch(NULL, "SHA256", NULL);
    self->context = EVP_MD_CTX_new();
    if (!self->kind || !self->context)
        tl_digest_destroy(&self);
    return self;
}

void
tl_digest_destroy(tl_digest **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    EVP_MD_CTX_free((*self_p)->context);
    EVP_MD_free((*self_p)->kind);
    free(*self_p);
    *self_p = NULL;
}

/* With the kind fetched these fail only if OpenSSL itself is broken: our bug, not the
 * world's. */
void
tl_digest_start(tl_digest *self)
{
    int ok = EVP_DigestInit_ex2(self->context, self->kind, NULL);

    assert(ok == 1);
}

void
tl_digest_add(tl_digest *self, const void *bytes, size_t size)
{
    int ok = EVP_DigestUpdate(self->context, bytes, size);

    assert(ok == 1);
}

void
tl_digest_finish(tl_digest *self, uint8_t sha256[TL_SHA_BYTES])
{
    unsigned size = 0;
    int ok = EVP_DigestFinal_ex(self->context, sha256, &size);

    assert(ok == 1 && size == TL_SHA_BYTES);
}

char *
tl_hex(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = '\0';
    return out;
}
