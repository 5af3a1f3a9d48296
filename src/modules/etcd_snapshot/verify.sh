# shellcheck shell=sh disable=SC2154
# Looks at a snapshot file and prints what is needed to judge it. The module sets: file bin_dir.
# etcd's own status misses flipped bytes, so the digest at the end is computed again (DOMAIN 3.6).
set -eu
PATH=$bin_dir:$PATH
export PATH ETCDCTL_API=3

first_word() {
	read -r word _
	printf '%s\n' "$word"
}

size=$(stat -L -c %s "$file")
echo "size=$size"
if [ "$size" -gt 32 ] && [ $((size % 512)) = 32 ]; then
	printf 'recorded=%s\n' "$(tail -c 32 "$file" | od -An -v -tx1 | tr -d ' \n')"
	printf 'computed=%s\n' "$(head -c $((size - 32)) "$file" | sha256sum | first_word)"
fi
printf 'sha256=%s\n' "$(sha256sum <"$file" | first_word)"
# etcdctl 3.6 has no such subcommand, prints help and exits with 0: what is no JSON is no status.
if command -v etcdutl >/dev/null 2>&1; then
	etcdutl snapshot status "$file" -w json
elif command -v etcdctl >/dev/null 2>&1; then
	etcdctl snapshot status "$file" -w json 2>/dev/null
fi
