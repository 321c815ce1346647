#!/bin/sh
# The formatter has the last word (.clang-format); `clang-format -i FILE` settles it.
set -eu
cd "$(dirname "$0")/../.."
find proto ventilator worker sink launcher tests -name '*.[ch]' -print0 |
    xargs -0 clang-format --dry-run -Werror
