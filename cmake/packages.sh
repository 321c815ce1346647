#!/bin/bash
# packages.sh GROUP... — install what packages.txt lists for these groups, if it is missing.
# Asks apt for nothing when all is there, so it also works without root and without network.
set -euo pipefail
list=$(dirname "$0")/../packages.txt

missing=()
while read -r package group _; do
    case " $* " in *" $group "*) ;; *) continue ;; esac
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
        missing+=("$package")
done < <(grep -E '^[a-z]' "$list")
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "these packages are missing, and only root can install them: ${missing[*]}" >&2
        echo "run as root: apt-get install ${missing[*]}" >&2
        exit 4
    fi
    as_root=(sudo)
fi
echo "installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } \
    >"$log" 2>&1 </dev/null; then
    tail -20 "$log" >&2
    echo "apt-get could not install ${missing[*]}" >&2
    exit 4
fi
