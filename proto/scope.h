/* scope — cleanup that follows the braces, and ownership that moves by a visible word.
 *
 * Why it exists: with it an early return is always correct, so errors are handled
 * where they happen and nobody needs goto. Destructors take T** and null it, which
 * is czmq's convention too, so zsock_t and zframe_t work the same way as ours. */
#ifndef TL_SCOPE_H
#define TL_SCOPE_H

/* Declare a variable that `destroy(&variable)` cleans up; always initialise it. The
 * clean-up alone may be its use. */
#define TL_SCOPED(destroy) __attribute__((cleanup(destroy), unused))

/* Hand the object on: the value of p, which is NULL from here on. */
#define TL_GIVE(p)                                                                       \
    __extension__({                                                                      \
        __typeof__(p) given_ = (p);                                                      \
        (p) = NULL;                                                                      \
        given_;                                                                          \
    })

#endif
