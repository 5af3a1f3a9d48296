# shellcheck shell=sh disable=SC2154
# Says of each of this host's certificates whether it is good. Reads the CA certificate on standard
# input. The module sets: cert_dir host check_seconds.
set -eu
umask 077
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/ca.pem"

public_key() {
	openssl "$@" 2>/dev/null | sha256sum
}

judge() {
	if [ ! -s "$1" ] || [ ! -s "$2" ]; then
		echo missing
	elif ! openssl verify -CAfile "$scratch/ca.pem" "$1" >/dev/null 2>&1; then
		echo unverified
	elif ! openssl x509 -in "$1" -noout -checkend "$check_seconds" >/dev/null 2>&1; then
		echo expiring
	elif [ "$(public_key x509 -in "$1" -noout -pubkey)" != "$(public_key pkey -in "$2" -pubout)" ]; then
		echo mismatched
	else
		echo good
	fi
}

for kind in member admin node; do
	certificate=$cert_dir/$kind-$host.pem
	echo "$kind=$(judge "$certificate" "$cert_dir/$kind-$host-key.pem")"
	[ ! -s "$certificate" ] || openssl x509 -in "$certificate" -noout -text 2>/dev/null |
		sed -n "/Subject Alternative Name/{n;s/^[[:space:]]*/$kind.names=/p;}"
done
if cmp -s "$scratch/ca.pem" "$cert_dir/ca.pem"; then echo ca=good; else echo ca=missing; fi
