# shellcheck shell=sh disable=SC2154
# Restores the snapshot into a scratch directory on the data's own file system and removes that
# again: the proof, before anything is stopped, that the restore will work (I-11).
# Appended to place.sh and tool.sh. The module also sets: needs_free.
bytes=$(stat -L -c %s "$snapshot")
# The new database, the write-ahead log that etcd allocates ahead, and as much again to live with.
[ "$needs_free" != 0 ] || needs_free=$((2 * bytes + 2 * 67108864))
free=$(free_bytes "$parent")
[ "$free" -ge "$needs_free" ] || refuse \
	"$free bytes are free beside $data_dir, $needs_free are needed" "free some space there"

rm -rf "$trial"
trap 'rm -rf "$trial"' EXIT
trap 'exit 1' HUP INT TERM
restore_into "$trial"
echo "free $free"
