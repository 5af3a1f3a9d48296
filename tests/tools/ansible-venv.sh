#!/bin/sh
# Prints the directory with the programs of the pinned ansible-core, which the differential tests
# compare with. Creates it first when it is not there: outside the repository, once per machine.
set -eu

version=2.19.14
home=${RRECOVER_CACHE:-$HOME/.cache/rrecover}
venv=$home/ansible-2.19

if [ "$(cat "$venv/.version" 2>/dev/null || true)" != "$version" ]; then
    mkdir -p "$home"
    # Tests run in parallel: the first one in creates, the others wait for it.
    exec 9>"$home/ansible-2.19.lock"
    flock 9
    if [ "$(cat "$venv/.version" 2>/dev/null || true)" != "$version" ]; then
        python3 -m venv --clear "$venv" >&2
        "$venv/bin/pip" install --quiet --disable-pip-version-check "ansible-core==$version" >&2
        # Written last: a half-made environment is made anew.
        echo "$version" >"$venv/.version"
    fi
fi
echo "$venv/bin"
