# shellcheck shell=sh disable=SC2154,SC2034
# Where a data directory's old and new content lie. The module sets: data_dir run unit.
#
# A directory of its own is renamed as a whole. A mount point cannot be renamed: what is in it is
# moved inside it (DESIGN 8). Both stay on one file system, so that every move is a rename.
set -eu
umask 077

# refuse REASON WAY-OUT
refuse() {
	printf '%s\n%s\n' "$1" "$2" >&2
	exit 3
}

is_mount_point() {
	while read -r _ _ _ _ point _; do
		[ "$point" != "$1" ] || return 0
	done </proc/self/mountinfo
	return 1
}

has_mount_inside() {
	while read -r _ _ _ _ point _; do
		case $point in "$1"/*) return 0 ;; esac
	done </proc/self/mountinfo
	return 1
}

# A link to another disk: what it points to is what is moved, the link stays.
[ ! -L "$data_dir" ] || data_dir=$(readlink -f "$data_dir")
case $data_dir in
/*/*) ;;
*) refuse "$data_dir cannot be etcd's data directory" "set etcd_data_dir" ;;
esac
[ -d "${data_dir%/*}" ] || refuse "${data_dir%/*} is missing" "create it, or mount its disk"

if is_mount_point "$data_dir"; then
	mounted=yes
	new=$data_dir/new-$run
	aside=$data_dir/rrecover-$run
	trial=$data_dir/trial-$run
	scratch=$data_dir/scratch-$run
	parent=$data_dir
else
	mounted=no
	new=$data_dir.new-$run
	aside=$data_dir.rrecover-$run
	trial=$data_dir.trial-$run
	scratch=$data_dir.scratch-$run
	parent=${data_dir%/*}
fi

# Everything in the data directory that is not ours, nor the file system's own.
old_entries() {
	for entry in "$data_dir"/* "$data_dir"/.[!.]*; do
		[ -e "$entry" ] || [ -L "$entry" ] || continue
		case $mounted:${entry##*/} in
		yes:lost+found | yes:rrecover-* | yes:new-* | yes:trial-* | yes:scratch-*) ;;
		*) printf '%s\n' "$entry" ;;
		esac
	done
}

# free_bytes DIRECTORY
free_bytes() {
	df -Pk "$1" | {
		read -r _
		read -r _ _ _ kilobytes _
		echo $((kilobytes * 1024))
	}
}

# The database is the same file from inside a container too, so its inode is what is looked for.
etcd_uses_data() {
	database=$(stat -c %d:%i "$data_dir/member/snap/db" 2>/dev/null) || return 1
	for process in /proc/[0-9]*; do
		{ read -r program <"$process/comm"; } 2>/dev/null || continue
		case $program in etcd*) ;; *) continue ;; esac
		stat -L -c %d:%i "$process"/fd/* 2>/dev/null | grep -qxF "$database" || continue
		user=${process#/proc/}
		return 0
	done
	return 1
}

must_be_stopped() {
	if etcd_uses_data; then
		refuse "etcd (process $user) runs with $data_dir" "stop it first: systemctl disable --now etcd"
	fi
	[ -n "$unit" ] || return 0
	case $(systemctl is-active "$unit" 2>/dev/null || :) in
	active | activating | reloading | deactivating)
		refuse "the service $unit runs, or is being started" "systemctl disable --now $unit"
		;;
	esac
	if has_mount_inside "$data_dir"; then
		refuse "a file system is mounted inside $data_dir" "unmount it, or move the data by hand"
	fi
}

# Old data is moved, never deleted, and never mixed with what was kept before (I-10).
move_aside() {
	[ -n "$(old_entries)" ] || return 0
	if [ "$mounted" = no ]; then
		if [ -e "$aside" ] && ! rmdir "$aside" 2>/dev/null; then
			refuse "$aside is not empty: this run kept data there before" "move it to another name"
		fi
		mv "$data_dir" "$aside"
	else
		mkdir -p "$aside"
		old_entries | while IFS= read -r entry; do
			[ ! -e "$aside/${entry##*/}" ] ||
				refuse "$aside/${entry##*/} is there already" "move $aside to another name"
		done
		#@ aside_made
		old_entries | while IFS= read -r entry; do
			mv "$entry" "$aside/"
		done
	fi
	sync
}

label_for_selinux() {
	[ "$(getenforce 2>/dev/null || :)" != Enforcing ] || restorecon -R "$1"
}
