#!/bin/sh
# The main job, on real hosts: quorum is lost, and one command brings the cluster back.
set -eu

rrecover=${1:-target/release/rrecover}
dir=${RRECOVER_DEMO_DIR:-.lab/demo}

say() { printf '\n# %s\n' "$1"; }
run() {
    printf '$ rrecover %s\n' "$*"
    "$rrecover" "$@"
}
lab() {
    what=$1
    shift
    run lab "$what" --name demo "$@"
}
etcdctl() {
    lab exec node1 -- "set -a; . /etc/etcd.env; etcdctl $*"
}
down() { "$rrecover" lab down --name demo >/dev/null 2>&1 || true; }

down
trap down EXIT
trap 'exit 130' HUP INT TERM

say 'Three hosts with systemd, OpenSSH and etcd, laid out as Kubespray does, behind a bastion'
lab up --dir "$dir" --etcd 3 --etcd-version 3.5
say 'A key is written and acknowledged'
etcdctl put /demo/written-before alive

say 'Two hosts are lost for good; machines of the same names take their place, empty'
lab break node2 --how replace
lab break node3 --how replace
sed -i '/^\[broken_etcd\]$/a node2\nnode3' "$dir/inventory/inventory.ini"

say 'What is broken?'
run diagnose -i "$dir/inventory"
say 'What would be done?'
run plan recover-control-plane -i "$dir/inventory"
say 'Recover'
run play recover-control-plane -i "$dir/inventory" --yes

say 'The end state: three healthy members, and the key is there'
run diagnose -i "$dir/inventory"
etcdctl member list -w table
etcdctl get /demo/written-before
