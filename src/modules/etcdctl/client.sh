# shellcheck shell=sh disable=SC2154
# etcd's client on this host, as DOMAIN 3.1 wants it. The module sets: endpoint cert_dir env_file
# bin_dir host.
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
unset ETCDCTL_CACERT ETCDCTL_CERT ETCDCTL_KEY
PATH=$bin_dir:$PATH
export PATH ETCDCTL_API=3

from_env_file() {
	[ -r "$env_file" ] || return 0
	sed -n "s/^[[:space:]]*$1[[:space:]]*=//p" "$env_file" | tail -n 1 | tr -d "\"'\r "
}

[ -n "$endpoint" ] || endpoint=$(from_env_file ETCD_ADVERTISE_CLIENT_URLS)
[ -n "$endpoint" ] || endpoint=https://127.0.0.1:2379
ETCDCTL_ENDPOINTS=${endpoint%%,*}
export ETCDCTL_ENDPOINTS

use_certificate() {
	[ -r "$1" ] && [ -r "$2" ] && [ -r "$3" ] || return 1
	export ETCDCTL_CACERT="$1" ETCDCTL_CERT="$2" ETCDCTL_KEY="$3"
}

# A host that was reinstalled may lack some of them: the first usable pair is taken.
find_certificate() {
	for kind in admin member node; do
		use_certificate "$cert_dir/ca.pem" "$cert_dir/$kind-$host.pem" \
			"$cert_dir/$kind-$host-key.pem" && return 0
	done
	use_certificate "$(from_env_file ETCD_TRUSTED_CA_FILE)" "$(from_env_file ETCD_CERT_FILE)" \
		"$(from_env_file ETCD_KEY_FILE)"
}
case $ETCDCTL_ENDPOINTS in
https:*)
	find_certificate || {
		echo "no certificate for etcd's clients: $cert_dir/{admin,member,node}-$host.pem" >&2
		exit 1
	}
	;;
esac

client() {
	timeout 15 etcdctl --dial-timeout=3s --command-timeout=5s "$@"
}
