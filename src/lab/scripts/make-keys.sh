# Runs in a container of its own with the lab's directory at /lab; writes the login key and, in pki/, the
# etcd certificates as Kubespray names and signs them. Arguments: the members' host names and
# addresses, as NAME=ADDRESS.
set -eu
umask 077
cd /lab

ssh-keygen -q -t ed25519 -N '' -C rrecover-lab -f key

mkdir -p pki
cd pki
names='DNS:localhost,DNS:etcd.kube-system.svc.cluster.local,DNS:etcd.kube-system.svc'
names="$names,DNS:etcd.kube-system,DNS:etcd,IP:127.0.0.1,IP:::1"
for member; do
    names="$names,DNS:${member%%=*},IP:${member#*=}"
done
cat >extensions <<EXTENSIONS
basicConstraints = CA:FALSE
keyUsage = nonRepudiation, digitalSignature, keyEncipherment
extendedKeyUsage = clientAuth, serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer
subjectAltName = $names
EXTENSIONS

days=36500
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca-key.pem -out ca.pem -days $days \
    -subj /CN=etcd-ca 2>/dev/null

issue() {
    openssl req -newkey rsa:2048 -nodes -keyout "$1-$2-key.pem" -subj "/CN=etcd-$1-$2" 2>/dev/null |
        openssl x509 -req -CA ca.pem -CAkey ca-key.pem -days $days -set_serial "0x$(openssl rand -hex 16)" \
            -extfile extensions -out "$1-$2.pem" 2>/dev/null
}
for member; do
    for kind in member admin node; do
        issue $kind "${member%%=*}" &
    done
    wait
done
for member; do
    for kind in member admin node; do
        openssl verify -CAfile ca.pem "$kind-${member%%=*}.pem" >/dev/null
    done
done
rm extensions
chmod 0640 ./*
