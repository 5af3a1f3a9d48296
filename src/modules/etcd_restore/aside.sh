# shellcheck shell=sh disable=SC2154
# Moves a data directory's content aside. Appended to place.sh.
# check=yes only says whether there is something to move.
if [ ! -d "$data_dir" ] || [ -z "$(old_entries)" ]; then
	echo empty
	exit 0
fi
# Under check mode nothing was really stopped before.
[ "$check" = no ] || {
	printf 'would %s\n' "$aside"
	exit 0
}
must_be_stopped
move_aside
printf 'moved %s\n' "$aside"
