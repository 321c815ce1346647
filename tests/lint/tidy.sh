#!/bin/bash
# tidy.sh BUILD — clang-tidy over every file that BUILD compiles, one process a core.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1

# gcc's own warnings are in the database of a gcc build; clang need not know them.
mapfile -t files < <(/usr/bin/python3 -c 'import json, sys
print("\n".join(sorted({row["file"] for row in json.load(open(sys.argv[1]))})))' \
    "$build/compile_commands.json")
printf '%s\0' "${files[@]}" |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$build" --quiet \
        --extra-arg=-Wno-unknown-warning-option 2> >(grep -vE 'warnings? (generated|treated)|^Suppressed|^Use -' >&2)
