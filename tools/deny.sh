#!/bin/sh
# Licences, sources and bans of every dependency, with a cargo-deny of our own outside the tree.
# Advisories need the advisory database from the network: `make advisories` where there is one.
set -eu

version=$(sed -n 's/^# cargo-deny \([0-9.]*\)$/\1/p' deny.toml)
root=${RRECOVER_CACHE:-$HOME/.cache/rrecover}/cargo-deny-$version
if [ ! -x "$root/bin/cargo-deny" ]; then
    cargo install --quiet --locked --root "$root" cargo-deny --version "$version"
fi
exec "$root/bin/cargo-deny" check "$@"
