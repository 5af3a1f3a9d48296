# Unpacks $archive (standard input when that is empty) into $dest, unless all of it is there already.
# by_tar and by_unzip call the programs with what the operator asked for. $owner, $group and $mode
# say that those are set afterwards, so they do not count as differences. Says what it found on
# lines that begin with a control character.
# shellcheck shell=sh disable=SC2154 disable=SC2016
export LC_ALL=C
say() { printf "\001%s\n" "$1"; }
[ -d "$dest" ] || exit 47
d=$(mktemp -d) || exit
trap 'rm -rf -- "$d"' EXIT
trap "exit 129" HUP; trap "exit 143" TERM
if [ -z "$archive" ]; then
    archive=$d/source
    cat > "$archive" || exit
fi
[ -f "$archive" ] || exit 48
[ -s "$archive" ] || exit 49
zip=
case $(head -c 6 "$archive" | od -An -tx1 | tr -d " \n") in
    504b*) handler=ZipArchive ;;
    1f8b*) handler=TgzArchive zip=-z ;;
    425a68*) handler=TarBzipArchive zip=-j ;;
    fd377a585a00) handler=TarXzArchive zip=-J ;;
    28b52ffd*) handler=TarZstdArchive zip=--zstd ;;
    *) handler=TarArchive ;;
esac
say "handler $handler"
say "zip $zip"

# Everything in $d/tree that $dest has not, or has otherwise.
compare() {
    cd "$d/tree" || exit
    find . -exec sh -c '
for path do
    to=$0/${path#./}
    if [ -L "$path" ]; then
        [ -L "$to" ] && [ "$(readlink "$path")" = "$(readlink "$to")" ] || echo "$path"
    elif [ -d "$path" ]; then
        [ -d "$to" ] || echo "$path"
    elif [ -f "$path" ]; then
        if [ -f "$to" ] && cmp -s "$path" "$to"; then
            [ -n "$mode" ] || [ "$(stat -c %a "$path")" = "$(stat -c %a "$to")" ] || echo "$path"
        elif [ -z "$newer" ] || [ ! "$to" -nt "$path" ]; then
            echo "$path"
        fi
    fi
done' "$dest" {} + > "$d/differences"
    cd / || exit
}
export mode newer

if [ $handler = ZipArchive ]; then
    program=$(command -v unzip) || exit 50
    say "program $program"
    mkdir "$d/tree" && by_unzip -q -o -d "$d/tree" >&2 || exit 1
    (cd "$d/tree" && find . ! -path . | sed "s,^\./,," ) > "$d/files"
    compare
else
    program=$(command -v tar) || exit 51
    say "program $program"
    if [ -n "$check" ]; then
        say unsure
        exit 0
    fi
    gnu=
    case $(tar --version 2> /dev/null) in *GNU*) gnu=1 ;; esac
    more=
    if [ -n "$newer" ]; then
        [ -n "$gnu" ] || exit 52
        more=--keep-newer-files
    fi
    # shellcheck disable=SC2086
    by_tar -t $zip > "$d/files" || exit 1
    if [ -n "$gnu" ]; then
        pattern=": (Mod time differs|Symlink differs|Contents differ|Size differs)$"
        pattern="$pattern|: Warning: Cannot stat: No such file or directory$|: Invalid (owner|group)"
        if [ "$(id -u)" = 0 ]; then
            [ -n "$owner" ] || pattern="$pattern|: Uid differs$"
            [ -n "$group" ] || pattern="$pattern|: Gid differs$"
        fi
        [ -n "$mode" ] || pattern="$pattern|: Mode differs$"
        # shellcheck disable=SC2086
        by_tar --diff -C "$dest" $zip $more > "$d/said" 2>&1
        grep -v ": : Warning: Cannot stat" "$d/said" | grep -E "$pattern" > "$d/differences"
    else
        # shellcheck disable=SC2086
        mkdir "$d/tree" && by_tar -x -C "$d/tree" $zip || exit 1
        compare
    fi
fi
say files
cat "$d/files"
say differences
cat "$d/differences"
if [ -s "$d/differences" ]; then
    say changed
    if [ -z "$check" ]; then
        if [ $handler = ZipArchive ]; then
            if [ -n "$newer" ]; then again=-u; else again=-o; fi
            by_unzip -q $again -o -d "$dest" >&2 || exit 1
        else
            # shellcheck disable=SC2086
            by_tar -x -C "$dest" $zip $more >&2 || exit 1
        fi
    fi
fi
