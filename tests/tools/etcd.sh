#!/bin/sh
# Prints the directory that holds etcd, etcdctl (and etcdutl) of VERSION, fetched from a Debian
# mirror when they are not cached yet: etcd.sh 3.4|3.5
#
# Nothing is installed: the packages are unpacked below ${RRECOVER_CACHE:-$HOME/.cache/rrecover}.
set -eu

die() {
	printf 'etcd.sh: %s\n' "$1" >&2
	exit 1
}

version=${1-}
case $version in
3.4) suite=bookworm ;;
3.5) suite=trixie ;;
*) die 'usage: etcd.sh 3.4|3.5' ;;
esac

cache=${RRECOVER_CACHE:-$HOME/.cache/rrecover}
target=$cache/etcd-$version
if [ -x "$target/usr/bin/etcd" ] && [ -x "$target/usr/bin/etcdctl" ]; then
	printf '%s\n' "$target/usr/bin"
	exit 0
fi

command -v apt-get >/dev/null || die "needs apt-get, or etcd $version in $target/usr/bin"
command -v dpkg-deb >/dev/null || die 'needs dpkg-deb'

# The mirror that this machine uses already, because it may be the only one within reach.
mirror() {
	{
		sed -n 's/^deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\).*/\2/p' \
			/etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true
		sed -n 's/^URIs:[[:space:]]*\([^[:space:]]*\).*/\1/p' \
			/etc/apt/sources.list.d/*.sources 2>/dev/null || true
	} | sed -n 's,/*$,,;/\/debian$/p' | head -n 1
}
uri=$(mirror)
uri=${uri:-http://deb.debian.org/debian}

mkdir -p "$cache"
work=$(mktemp -d "$cache/etcd-$version.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root"
: >"$work/status"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$uri" "$suite" >"$work/sources.list"

private_apt() {
	apt-get -qq \
		-o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State="$work/state" -o Dir::State::status="$work/status" \
		-o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@" >&2
}
private_apt update || die "cannot read the package lists of $uri $suite"
(cd "$work/debs" && private_apt download etcd-server etcd-client) ||
	die "cannot download etcd-server and etcd-client from $uri $suite"
for package in "$work"/debs/*.deb; do
	dpkg-deb -x "$package" "$work/root"
done
[ -x "$work/root/usr/bin/etcd" ] || die "the packages of $suite hold no /usr/bin/etcd"

# Several may fetch at once: the first to finish wins, the others are as good.
mv "$work/root" "$target" 2>/dev/null || [ -x "$target/usr/bin/etcd" ] ||
	die "cannot put $target in place"
rm -rf "$target/root"
printf '%s\n' "$target/usr/bin"
