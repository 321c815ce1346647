#!/bin/bash
# Every shell script is clean for shellcheck; every Python file compiles.
set -euo pipefail
cd "$(dirname "$0")/../.."
scripts=()
while IFS= read -r -d '' file; do
    if [[ $(head -c 64 "$file" | head -1 | tr -d '\0') =~ ^#!.*(bash|/sh)( |$) ]]; then
        scripts+=("$file")
    fi
done < <(find . -name .git -prune -o -path ./build -prune -o -path ./tests/fuzz/corpus -prune \
    -o -type f -print0 2>/dev/null)
shellcheck "${scripts[@]}"

find tests -name '*.py' -print0 |
    xargs -0 -r /usr/bin/python3 -c 'import ast, sys
for name in sys.argv[1:]:
    ast.parse(open(name).read(), name)'
