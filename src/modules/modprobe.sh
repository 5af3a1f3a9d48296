# Whether a module of the kernel is there, and what is said about it for the next boot. In front
# stands: name.
# shellcheck disable=SC2154

record() {
    printf '\036%s\n' "$1"
}

short=$(printf '%s' "$name" | tr - _)
while read -r module rest; do
    if [ "$module" = "$short" ]; then record loaded; fi
done </proc/modules
built_in=/lib/modules/$(uname -r)/modules.builtin
if [ -r "$built_in" ]; then
    while IFS= read -r module; do
        case $module in */"$name.ko") record loaded ;; esac
    done <"$built_in"
fi
for file in /etc/modules-load.d/* /etc/modprobe.d/*; do
    if [ -f "$file" ]; then
        record "file $file"
        cat "$file" || exit
    fi
done
exit 0
