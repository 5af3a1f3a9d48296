# What is mounted at a path, and what the table of file systems says. In front stand: place, fstab.
# shellcheck disable=SC2154

record() {
    printf '\036%s\n' "$1"
}

real=$(readlink -f "$place" 2>/dev/null) || real=$place
escaped=$(printf '%s' "$real" | sed 's/\\/\\134/g; s/ /\\040/g')
record mounted
while read -r source target rest; do
    if [ "$target" = "$escaped" ]; then printf '%s\n' "$source"; fi
done </proc/self/mounts
record roots
while read -r _ _ _ root target rest; do
    if [ "$target" = "$escaped" ]; then printf '%s\n' "$root"; fi
done </proc/self/mountinfo
if [ -e "$place" ]; then record 'place is there'; fi
record fstab
if [ -e "$fstab" ]; then cat "$fstab" || exit; fi
exit 0
