# shellcheck shell=sh disable=SC2154
# Signs the request on standard input with this host's etcd CA and prints the certificate.
# Nothing stays on this host. The module sets: cert_dir names days.
set -eu
umask 077
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/request.pem"
cat >"$scratch/extensions" <<END
basicConstraints = CA:FALSE
keyUsage = digitalSignature, keyEncipherment
extendedKeyUsage = clientAuth, serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid, issuer
subjectAltName = $names
END
openssl x509 -req -sha256 -in "$scratch/request.pem" -days "$days" \
	-CA "$cert_dir/ca.pem" -CAkey "$cert_dir/ca-key.pem" -set_serial "0x$(openssl rand -hex 16)" \
	-extfile "$scratch/extensions" 2>"$scratch/log" || {
	cat "$scratch/log" >&2
	exit 1
}
