#!/bin/sh
# no_mutable_globals.sh LIBRARY... — fail if any object file holds writable file-scope data.
# .data.rel.ro is left out: it is where PIE builds keep const tables of pointers.
set -eu
found=$(objdump -t "$@" | awk '
    /file format/ { file = $1 }
    NF >= 5 && $NF !~ /^\./ {
        section = $(NF - 2)
        if (section ~ /^\.(t?data|t?bss)(\.|$)/ && section !~ /^\.data\.rel\.ro/)
            print "  " file " " $NF
    }')
[ -z "$found" ] || {
    printf 'mutable file-scope data; put it into a struct that somebody owns:\n%s\n' "$found" >&2
    exit 1
}
