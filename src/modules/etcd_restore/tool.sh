# shellcheck shell=sh disable=SC2154
# restore_into DIRECTORY: has etcd's tool make a member from the snapshot, and looks at the result.
# The module sets: snapshot name peer_url initial_cluster token bump skip_hash_check tool bin_dir.
PATH=$bin_dir:$PATH
export PATH ETCDCTL_API=3
unset ETCDCTL_ENDPOINTS ETCDCTL_CACERT ETCDCTL_CERT ETCDCTL_KEY

restore_into() {
	# A snapshot is pages of 512 bytes and a digest of 32; etcd_snapshot has checked which it is.
	if [ "$skip_hash_check" = auto ]; then
		skip_hash_check=no
		[ $(($(stat -L -c %s "$snapshot") % 512)) -ne 0 ] || skip_hash_check=yes
	fi
	set -- snapshot restore "$snapshot" --data-dir "$1" --name "$name" \
		--initial-cluster "$initial_cluster" --initial-advertise-peer-urls "$peer_url" \
		--initial-cluster-token "$token"
	[ "$bump" = 0 ] || set -- "$@" --bump-revision "$bump" --mark-compacted
	[ "$skip_hash_check" = no ] || set -- "$@" --skip-hash-check
	directory=$5
	"$tool" "$@" >&2
	# An exit code of 0 alone is no proof (DOMAIN 3.2).
	for file in "$directory"/member/snap/db "$directory"/member/wal/*.wal; do
		[ -s "$file" ] || {
			echo "$tool made no $file" >&2
			exit 1
		}
	done
}
