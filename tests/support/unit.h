/* unit — cmocka, with the headers that it wants before it, in the order it wants them.
 *
 * Why it exists: the formatter sorts includes, and cmocka.h cannot stand first. */
#ifndef SUPPORT_UNIT_H
#define SUPPORT_UNIT_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
/* clang-format on */

#endif
