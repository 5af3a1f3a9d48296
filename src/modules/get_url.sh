# Puts $d/body at $dest, a file or with $name a directory, when it is another file. With $check it
# only says what it would do. $program and $digest are what the file must be, when they are given.
# Says on lines of "name value" what it found and did.
# shellcheck shell=sh disable=SC2154
sum() { "$1" < "$2" | cut -d ' ' -f 1; }
if [ -n "$name" ]; then
    given=$(tr -d '\r' < "$d/headers" | sed -n 's/^[Cc]ontent-[Dd]isposition:.*filename="\{0,1\}\([^";]*\).*/\1/p' | tail -n 1)
    given=${given##*/}
    final=$(cut -d ' ' -f 2 < "$d/end")
    final=${final%%[?#]*}
    case $final in *://*/*) final=${final##*/} ;; *) final= ;; esac
    dest=$dest/${given:-${final:-$name}}
fi
echo "dest $dest"
dir=${dest%/*}
if [ ! -d "${dir:-/}" ]; then
    echo "failed Destination $dir does not exist"
    exit 0
fi
if [ -f "$dest" ]; then echo "before $(sum sha1sum "$dest")"; fi
if [ -n "$check" ]; then
    echo "changed yes"
    exit 0
fi
head -n 1 "$d/end" | grep -q '^[0-9]' || exit 0
case $(cut -d ' ' -f 1 < "$d/end") in 200 | 000) ;; *) exit 0 ;; esac
echo "source $(sum sha1sum "$d/body")"
if [ -n "$program" ]; then
    found=$(sum "$program" "$d/body")
    if [ "$found" != "$digest" ]; then
        echo "mismatch $found"
        exit 0
    fi
fi
echo "md5 $(sum md5sum "$d/body")"
if [ -f "$dest" ] && cmp -s "$d/body" "$dest"; then exit 0; fi
tmp=$dir/.rrecover-$$.${dest##*/}
trap 'rm -rf -- "$d" "$tmp"' EXIT
# Where a mode is wanted nobody else reads it before it has that.
if [ -n "$private" ]; then mask=077; fi
(umask "$mask" && : > "$tmp") || exit
if [ -f "$dest" ]; then
    chown "$(stat -L -c %u:%g "$dest")" "$tmp" 2> /dev/null
    chmod "$(stat -L -c %a "$dest")" "$tmp" || exit
    if [ -n "$backup" ]; then
        kept=$dest.$$.$(date +%Y-%m-%d@%H:%M:%S)~
        cp -p -- "$dest" "$kept" || exit
        echo "backup $kept"
    fi
fi
cat "$d/body" > "$tmp" || exit
sync "$tmp" 2> /dev/null || sync
mv -f -- "$tmp" "$dest" || exit
echo "changed yes"
