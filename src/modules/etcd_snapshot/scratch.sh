# shellcheck shell=sh disable=SC2154,SC2034
# A copy of a member's data, and etcd started on it: that has all of the write-ahead log, which the
# database alone lacks (I-14). Appended to the client, place.sh
# and commit.sh.
# The module sets: seconds directory unit.
etcd_pid=
stopped_unit=

stop_scratch_etcd() {
	[ -n "$etcd_pid" ] || return 0
	kill "$etcd_pid" 2>/dev/null || :
	wait "$etcd_pid" 2>/dev/null || :
	etcd_pid=
}

start_again() {
	[ -n "$stopped_unit" ] || return 0
	# Without waiting: without a quorum etcd never says that it has started.
	systemctl --no-block start "$stopped_unit" >&2
	stopped_unit=
}

clean_up() {
	stop_scratch_etcd
	rm -rf "$scratch"
	start_again
}

unit_is_active() {
	case $(systemctl is-active "$1" 2>/dev/null || :) in
	active | activating | reloading) return 0 ;;
	*) return 1 ;;
	esac
}

# Whether the service is what uses the data: its process does, or it is about to start again.
unit_uses_data() {
	if etcd_uses_data; then
		[ "$(systemctl show -p MainPID "$unit" 2>/dev/null || :)" = "MainPID=$user" ] || refuse \
			"etcd (process $user) runs but does not answer: its database cannot be copied" \
			"stop it on this host, or start it properly, and run again"
		return 0
	fi
	unit_is_active "$unit" || return 1
	service_data=$(from_env_file ETCD_DATA_DIR)
	[ -n "$service_data" ] && [ "$(readlink -f "$service_data")" = "$(readlink -f "$data_dir")" ]
}

needs_space() {
	member=$(($(du -sk "$data_dir/member" | cut -f 1) * 1024))
	snapshot=$(stat -L -c %s "$data_dir/member/snap/db")
	# etcd allocates its write-ahead log ahead, two files of 64 MiB.
	copy=$((member + 2 * 67108864))
	[ "$(stat -c %d "$parent")" != "$(stat -c %d "$directory")" ] || copy=$((copy + snapshot))
	enough "$parent" "$copy"
	enough "$directory" "$snapshot"
}

# enough DIRECTORY BYTES
enough() {
	free=$(free_bytes "$1")
	[ "$free" -ge "$2" ] || refuse \
		"$free bytes are free in $1, $2 are needed to save the member's data" "free some space there"
}

copy_data() {
	rm -rf "$scratch"
	mkdir "$scratch"
	cp -a "$data_dir/member" "$scratch/member"
}

# next_free_port FIRST
next_free_port() {
	port=$1
	while grep -qs "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$port") " /proc/net/tcp /proc/net/tcp6; do
		port=$((port + 1))
	done
}

# The whole database is served, so nobody may come in without a certificate of the cluster's own.
read_certificates() {
	ca=$(from_env_file ETCD_TRUSTED_CA_FILE)
	certificate=$(from_env_file ETCD_CERT_FILE)
	key=$(from_env_file ETCD_KEY_FILE)
	[ -r "$ca" ] && [ -r "$certificate" ] && [ -r "$key" ] && find_certificate
}

start_scratch_etcd() {
	next_free_port $((20000 + $$ % 5000 * 2))
	client_url=https://127.0.0.1:$port
	next_free_port $((port + 1))
	peer_url=https://127.0.0.1:$port
	name=$(from_env_file ETCD_NAME)
	name=${name:-default}
	# None of the service's own settings: its addresses and its peers are not this one's. The
	# proxy, where nobody listens, keeps it from talking to the old peers; loopback goes past it.
	env -i PATH="$PATH" HTTPS_PROXY=http://127.0.0.1:1 HTTP_PROXY=http://127.0.0.1:1 \
		timeout -k 10 "$seconds" etcd --force-new-cluster --name "$name" --data-dir "$scratch" \
		--listen-client-urls "$client_url" --advertise-client-urls "$client_url" \
		--listen-peer-urls "$peer_url" --initial-advertise-peer-urls "$peer_url" \
		--initial-cluster "$name=$peer_url" \
		--client-cert-auth --trusted-ca-file "$ca" --cert-file "$certificate" --key-file "$key" \
		--peer-client-cert-auth --peer-trusted-ca-file "$ca" --peer-cert-file "$certificate" \
		--peer-key-file "$key" >"$scratch/log" 2>&1 </dev/null &
	etcd_pid=$!
	export ETCDCTL_ENDPOINTS="$client_url"
}

# A linearizable read proves that it leads and has applied what its log holds.
wait_for_scratch_etcd() {
	end=$(($(date +%s) + seconds / 3))
	until client get rrecover/quorum >/dev/null 2>&1; do
		kill -0 "$etcd_pid" 2>/dev/null || return 1
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.2 2>/dev/null || sleep 1
	done
}

save_from_scratch() {
	if ! read_certificates; then
		reason="$env_file names no certificates that etcd could be started with"
		return 1
	fi
	if ! command -v etcd >/dev/null 2>&1; then
		reason="there is no etcd in $bin_dir"
		return 1
	fi
	if commit_all; then
		! save_once || return 0
		# Whatever it is that etcd does not like: without the mark it may.
		copy_data
	fi
	save_once
}

save_once() {
	start_scratch_etcd
	if wait_for_scratch_etcd &&
		timeout "$seconds" etcdctl --dial-timeout=3s snapshot save "$file.new" >&2; then
		stop_scratch_etcd
		return 0
	fi
	reason="etcd does not start with it: $(tail -n 1 "$scratch/log" | cut -c 1-300)"
	cat "$scratch/log" >&2
	stop_scratch_etcd
	return 1
}
