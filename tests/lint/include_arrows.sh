#!/bin/sh
# The arrows of README.md's diagram, enforced: a folder includes itself and proto/ only, and
# each third-party library is included through one door.
set -eu
cd "$(dirname "$0")/../.."
bad=0

may_include() { # folder, alternation of the folders it may name
    if grep -rnE '^ *# *include +"' "$1" --include='*.[ch]' | grep -vE ":# *include +\"($2)/"; then
        echo "^ $1/ may include only: $2" >&2
        bad=1
    fi
}

owned_by() { # header pattern, alternation of the paths that may include it
    if grep -rnE "^ *# *include +[<\"]($1)" proto ventilator worker sink launcher \
        --include='*.[ch]' | grep -vE "^($2):"; then
        echo "^ <$1> belongs to: $2" >&2
        bad=1
    fi
}

may_include proto 'proto'
may_include ventilator 'proto|ventilator'
may_include worker 'proto|worker'
may_include sink 'proto|sink'
may_include launcher 'proto|launcher'

# The worker's helper is a program of its own: what decodes pixels shares nothing with what
# talks to the network, except the words they say to each other.
if grep -rnE '^#include "worker/shrink/' worker --include='*.[ch]' |
    grep -vE '^worker/shrink/|"worker/shrink/(wire|picture)\.h"'; then
    echo '^ worker/ and worker/shrink/ share only the words they say to each other' >&2
    bad=1
fi

owned_by 'msgpack' 'proto/[a-z_]+\.c'
owned_by 'c?zmq|zsock|zloop|zpoller' \
    'proto/socket\.[ch]|(ventilator/ventilator|ventilator/loop|ventilator/main|worker/worker|worker/loop|worker/main|sink/sink|sink/loop|sink/main)\.[ch]'
owned_by 'openssl/' 'proto/digest\.c'
owned_by 'curl/' 'worker/fetch[a-z_]*\.c|ventilator/url\.c'
owned_by 'zlib' 'ventilator/(inflate|source)\.c'
owned_by 'vips/|jpeglib|turbojpeg|jerror' 'worker/shrink/[a-z_]+\.[ch]'
owned_by 'seccomp' 'worker/shrink/[a-z_]+\.c'
owned_by 'sqlite3' 'sink/record[a-z_]*\.[ch]'

exit $bad
