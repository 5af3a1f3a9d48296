# shellcheck shell=sh disable=SC2154
# Removes exactly the six files of each host that is gone for good, after copying them (I-18).
# The module sets: directory cert_dir hosts check.
set -eu
umask 077

# Kubespray lets API servers of other hosts read a certificate through a link: a file that one
# points to is still in use.
is_linked_to() {
	for link in "$cert_dir"/*; do
		[ -L "$link" ] || continue
		[ "$link" != "$1" ] || continue
		[ "$(readlink -f "$link")" != "$(readlink -f "$1")" ] || return 0
	done
	return 1
}

forget() {
	file=$cert_dir/$1
	[ -e "$file" ] || [ -L "$file" ] || return 0
	if [ ! -L "$file" ] && is_linked_to "$file"; then
		echo "kept $1"
		return 0
	fi
	echo "removed $1"
	[ "$check" = no ] || return 0
	mkdir -p "$directory/pki"
	chmod 0700 "${directory%/*}" "$directory" "$directory/pki"
	cp -pP "$file" "$directory/pki/"
	cmp -s "$file" "$directory/pki/$1" || [ -L "$file" ]
	rm "$file"
}

for host in $hosts; do
	for kind in member admin node; do
		forget "$kind-$host.pem"
		forget "$kind-$host-key.pem"
	done
done
