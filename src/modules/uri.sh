# Keeps $d/body at $dest, a file or a directory; says where, or why not.
# shellcheck shell=sh disable=SC2154
if [ -d "$dest" ]; then
    given=$(tr -d '\r' < "$d/headers" | sed -n 's/^[Cc]ontent-[Dd]isposition:.*filename="\{0,1\}\([^";]*\).*/\1/p' | tail -n 1)
    final=$(cut -d ' ' -f 2 < "$d/end")
    final=${final%%[?#]*}
    case $final in *://*/*) final=${final##*/} ;; *) final= ;; esac
    given=${given##*/}
    dest=$dest/${given:-${final:-index.html}}
fi
echo "path $dest"
dir=${dest%/*}
if [ ! -d "${dir:-/}" ]; then
    echo "failed Destination dir '$dir' does not exist"
    exit 0
fi
if [ -f "$dest" ] && cmp -s "$d/body" "$dest"; then exit 0; fi
tmp=$dir/.rrecover-$$.${dest##*/}
trap 'rm -rf -- "$d" "$tmp"' EXIT
# Where a mode is wanted nobody else reads it before it has that.
if [ -n "$private" ]; then mask=077; fi
(umask "$mask" && : > "$tmp") || exit
if [ -f "$dest" ]; then
    chown "$(stat -L -c %u:%g "$dest")" "$tmp" 2> /dev/null
    chmod "$(stat -L -c %a "$dest")" "$tmp" || exit
fi
cat "$d/body" > "$tmp" || exit
mv -f -- "$tmp" "$dest" || exit
