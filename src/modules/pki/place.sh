# shellcheck shell=sh disable=SC2154
# Puts a signed certificate (standard input) and its key in place, after they were proved to fit
# each other and the CA. The module sets: directory cert_dir kind host ca owner.
set -eu
umask 077
key=$directory/pki/$kind-$host-key.pem.new
certificate=$directory/pki/$kind-$host.pem.new
cat >"$certificate"
printf '%s' "$ca" >"$directory/pki/ca.pem.new"
openssl verify -CAfile "$directory/pki/ca.pem.new" "$certificate" >&2
[ "$(openssl x509 -in "$certificate" -noout -pubkey)" = "$(openssl pkey -in "$key" -pubout)" ] || {
	echo "the certificate of $kind-$host does not fit its key" >&2
	exit 1
}

id "$owner" >/dev/null 2>&1 || owner=root
if [ ! -d "$cert_dir" ]; then
	(umask 022 && mkdir -p "${cert_dir%/*}")
	mkdir -m 0700 "$cert_dir"
fi
chown "$owner" "$cert_dir"

# put NEW TARGET: beside the target first, so that the target is whole at every moment
put() {
	if [ -e "$2" ] || [ -L "$2" ]; then
		[ -e "$directory/pki/${2##*/}" ] || cp -pP "$2" "$directory/pki/"
	fi
	cp "$1" "$2.new"
	chmod 0640 "$2.new"
	chown "$owner" "$2.new"
	mv "$2.new" "$2"
}
# A run that is cut off between the two leaves a pair that does not fit, which the next look finds.
cmp -s "$directory/pki/ca.pem.new" "$cert_dir/ca.pem" ||
	put "$directory/pki/ca.pem.new" "$cert_dir/ca.pem"
put "$key" "$cert_dir/$kind-$host-key.pem"
put "$certificate" "$cert_dir/$kind-$host.pem"
rm "$key" "$certificate" "$directory/pki/ca.pem.new"
sync
