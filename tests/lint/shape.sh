#!/bin/sh
# The size budget of CONTRIBUTING.md, measured: 500 lines a file, 60 a function.
set -eu
cd "$(dirname "$0")/../.."
bad=0
files=$(find proto ventilator worker sink launcher tests -name '*.[ch]')
for file in $files; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 500 ] || {
        echo "$file: $lines lines, budget 500"
        bad=1
    }
done
# Tests may hold longer tables of cases (see tests/.clang-tidy), product code may not.
# shellcheck disable=SC2086 # a list of plain names
ctags --languages=C --kinds-C=f --fields=+ne -x --_xformat='%{end} %n %N %F' $files |
    awk '$4 !~ /^tests\// && $1 - $2 >= 60 {
             print $4 ": " $3 ": " $1 - $2 + 1 " lines, budget 60"; bad = 1
         }
         END { exit bad }' || bad=1
exit $bad
