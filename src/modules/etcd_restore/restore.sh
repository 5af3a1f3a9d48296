# shellcheck shell=sh disable=SC2154
# Restores the snapshot beside the data directory and puts it in place. Appended to place.sh and
# tool.sh. The module also sets: remote_dir.
#
# Run again after it was cut off anywhere, it finishes. What is done is read from what is there:
#   $new without .complete      half restored, ours alone: removed and done again
#   $new with .complete         restored; the old data is still in place, or already aside
#   .complete without $new      in place, not yet on record  (on a mount point .complete stays in
#                               $new, and $new/member is what has gone)
#   $record                     done; etcd may have run since, nothing is touched any more
# .complete holds the new cluster's token, which no other restore has, and what it was made from.
record=$remote_dir/restored/$token

# The lock is a file descriptor's, so that a tool that outlives this script still holds it.
mkdir -p "$remote_dir"
if command -v flock >/dev/null 2>&1; then
	exec 9>"$remote_dir/restore.lock"
	# A run that was killed leaves its restore going on here: it is waited for, not raced.
	flock -w 300 9 || refuse "another restore runs on this host" "wait until it has ended"
fi

# The operator may give another file when the run is resumed. The host's own snapshot is taken
# anew each time: its digest says nothing.
from=own
case $snapshot in
*/etcd-snapshot-given.db)
	digest=$(sha256sum <"$snapshot")
	from="given ${digest%% *}"
	;;
esac

holds_token() {
	[ "$(head -n 1 "$1/.complete" 2>/dev/null || :)" = "$token" ]
}

made_from() {
	sed -n 2p "$1"
}

# must_be_from FILE: what is in place already cannot be replaced by another file.
must_be_from() {
	made=$(made_from "$1")
	case $from in
	own | "$made") ;;
	*)
		refuse "this run put another snapshot in place in $data_dir ($made)" \
			"give that snapshot again, or start a new run"
		;;
	esac
}

# Etcd may have run again with old data that is still in place, and have written to it.
must_restore() {
	holds_token "$new" || return 0
	[ "$(made_from "$new/.complete")" = "$from" ] || return 0
	[ "$from" = own ] && [ -n "$(old_entries)" ]
}

in_place() {
	case $mounted in
	no) holds_token "$data_dir" ;;
	yes) holds_token "$new" && [ ! -d "$new/member" ] ;;
	esac
}

remove_marker() {
	if [ "$mounted" = no ]; then
		! holds_token "$data_dir" || rm "$data_dir/.complete"
	elif in_place; then
		rm "$new/.complete"
		rmdir "$new"
	fi
}

# owner and mode of what will be replaced
look_at_owner() {
	for directory in "$data_dir/member" "$data_dir" "$aside"; do
		[ "$mounted" = yes ] || [ "$directory" != "$data_dir/member" ] || continue
		[ -d "$directory" ] || continue
		owner=$(stat -c %u:%g "$directory")
		mode=$(stat -c %a "$directory")
		return 0
	done
	owner=0:0
	! id etcd >/dev/null 2>&1 || owner=$(id -u etcd):$(id -g etcd)
	mode=700
}

if [ -e "$record" ]; then
	must_be_from "$record"
	[ -s "$data_dir/member/snap/db" ] || refuse \
		"this run restored $data_dir, but its data is gone" "start a new run"
	remove_marker
	echo "already $data_dir $aside"
	exit 0
fi
must_be_stopped

if in_place; then
	if [ "$mounted" = no ]; then must_be_from "$data_dir/.complete"; else must_be_from "$new/.complete"; fi
else
	if must_restore; then
		# First, because without member it would say that what was there is in place.
		rm -f "$new/.complete"
		sync
		rm -rf "$new"
		#@ cleared
		restore_into "$new"
		#@ restored
		look_at_owner
		chown -R "$owner" "$new"
		chmod "$mode" "$new"
		sync
		printf '%s\n' "$token" "$from" >"$new/.complete.part"
		mv "$new/.complete.part" "$new/.complete"
		sync
	fi
	#@ complete
	# The restore may have taken long.
	must_be_stopped
	move_aside
	#@ aside
	must_be_stopped
	if [ "$mounted" = no ]; then
		[ ! -d "$data_dir" ] || rmdir "$data_dir"
		mv "$new" "$data_dir"
	else
		mv "$new/member" "$data_dir/member"
	fi
	sync
fi
#@ placed
label_for_selinux "$data_dir"
mkdir -p "$remote_dir/restored"
printf '%s\n' "$data_dir" "$from" >"$record.part"
mv "$record.part" "$record"
sync
#@ recorded
remove_marker
echo "restored $data_dir $aside"
