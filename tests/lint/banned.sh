#!/bin/sh
# Functions with a better one beside them, and the better one.
set -eu
cd "$(dirname "$0")/../.."
bad=0

# Comments may name what the code must not call.
calls() { # alternation of names, grep's further arguments
    names=$1
    shift
    grep -rnE "(^|[^A-Za-z0-9_.>])($names) *\(" "$@" | grep -vE '^[^:]+:[0-9]+: *(\*|/\*|//|#)' || true
}

banned() { # alternation of names, what to use instead
    found=$(calls "$1" proto ventilator worker sink launcher tests --include='*.[ch]')
    [ -z "$found" ] || {
        printf '%s\n^ use %s\n' "$found" "$2" >&2
        bad=1
    }
}

banned 'strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets' 'proto/buf.h or snprintf'
banned 'strtok' 'strsep or a cursor'
banned 'atoi|atol|atoll|atof|sscanf' 'strtol and its errno'
banned 'alloca' 'an array with a limit of proto/limits.h, or tl_buf'
banned 'system|popen' 'posix_spawn with arguments'
banned 'rand|srand|random' 'a seed that is passed in'
banned 'sleep|usleep|nanosleep|zclock_sleep' 'a deadline in the loop'
banned 'localtime|gmtime|ctime|asctime' 'the _r functions'

found=$(calls 'exit|quick_exit' proto ventilator worker sink launcher --include='*.[ch]' \
    --exclude=main.c)
[ -z "$found" ] || {
    printf '%s\n^ only main.c ends the process\n' "$found" >&2
    bad=1
}
found=$(grep -rnE '^[^#]*\bgoto\b +[a-z_]+;' proto ventilator worker sink launcher tests --include='*.[ch]' || true)
[ -z "$found" ] || {
    printf '%s\n^ TL_SCOPED cleans up\n' "$found" >&2
    bad=1
}
found=$(grep -rnE '\btime\.sleep\(' tests/flow --include='*.py' || true)
[ -z "$found" ] || {
    printf '%s\n^ wait for an event, not for time\n' "$found" >&2
    bad=1
}
exit $bad
