# shellcheck shell=sh disable=SC2154
# Makes a private key on this host, which it never leaves, and prints the signing request.
# The module sets: directory kind host common_name bits.
set -eu
umask 077
mkdir -p "$directory/pki"
chmod 0700 "${directory%/*}" "$directory" "$directory/pki"
key=$directory/pki/$kind-$host-key.pem.new
openssl genrsa -out "$key" "$bits" 2>/dev/null
openssl req -new -key "$key" -subj "/CN=$common_name" -config /dev/stdin <<END
[req]
distinguished_name = name
[name]
END
