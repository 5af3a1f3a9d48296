# shellcheck shell=sh disable=SC2154,SC2034
# Takes a snapshot of this host's own member. Appended to the client, place.sh and scratch.sh.
# The module also sets: wanted file check.
# Prints how=live, how=started (etcd on a copy of the data) or how=copied (the database alone), the
# reason= for the last, and restarted=yes when etcd was stopped for the copy and started again.
make_directory() {
	mkdir -p "$directory"
	chmod 0700 "${directory%/*}" "$directory"
}

answers() {
	client endpoint status -w json >/dev/null 2>&1
}

take_live() {
	[ "$check" = no ] || return 0
	make_directory
	# No --command-timeout: the whole task has its own deadline.
	timeout "$seconds" etcdctl --dial-timeout=3s snapshot save "$file.new" >&2
	how=live
}

take_stopped() {
	[ -s "$data_dir/member/snap/db" ] || {
		echo "$data_dir/member/snap/db is missing or empty" >&2
		exit 1
	}
	if etcd_uses_data && answers; then
		refuse "etcd (process $user) runs and answers" "use \`source: live\`, or stop it first"
	fi
	if unit_uses_data; then
		echo restarted=yes
		restart=yes
	fi
	[ "$check" = no ] || return 0
	make_directory
	needs_space
	trap clean_up EXIT
	trap 'exit 1' HUP INT TERM
	# A member without a quorum serves nobody, so nothing is lost while it is stopped. A copy of
	# data in use would be torn.
	if [ "$restart" = yes ]; then
		stopped_unit=$unit
		systemctl stop "$unit" >&2
		! etcd_uses_data || refuse "etcd (process $user) still runs" "stop it on this host"
	fi
	copy_data
	how=started
	save_from_scratch || {
		# Without what only the write-ahead log holds, but better than nothing. It comes from the
		# original, because etcd has written to its copy.
		how=copied
		printf 'reason=%s\n' "$reason"
		cp "$data_dir/member/snap/db" "$file.new"
	}
	clean_up
}

restart=no
case $wanted in
auto) if answers; then wanted=live; else wanted=stopped; fi ;;
esac
"take_$wanted"
[ "$check" = no ] || {
	echo "how=$wanted"
	exit 0
}
chmod 0600 "$file.new"
sync
mv "$file.new" "$file"
echo "how=$how"
