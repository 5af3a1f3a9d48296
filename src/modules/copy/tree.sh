# Copies the tree $src to $dest: what is missing and what differs. Says each change on a line, and
# with $check only that. With $follow a link is what it leads to. $owner and $group are those that
# everything in $dest gets, when they are not empty.
# shellcheck shell=sh disable=SC2154 disable=SC2016 disable=SC2086
export src dest check
cd "$src" || exit
links=
if [ -n "$follow" ]; then links=-L; fi
find $links . -exec sh -c '
for path do
    to=$dest/${path#./}
    if [ "$path" = . ]; then to=$dest; fi
    if [ -L "$path" ] && { [ "$0" = keep ] || [ ! -e "$path" ]; }; then
        target=$(readlink "$path") || exit
        if [ -L "$to" ] && [ "$(readlink "$to")" = "$target" ]; then continue; fi
        echo "+ $to"
        [ -n "$check" ] || ln -sfn -- "$target" "$to" || exit
    elif [ -d "$path" ]; then
        if [ -d "$to" ]; then continue; fi
        echo "+ $to"
        if [ -z "$check" ]; then
            mkdir -p -- "$to" && chmod "$(stat -L -c %a -- "$path")" "$to" || exit
        fi
    elif [ -f "$path" ]; then
        if [ -f "$to" ] && cmp -s -- "$path" "$to"; then continue; fi
        if [ -e "$to" ]; then echo "~ $to"; else echo "+ $to"; fi
        if [ -z "$check" ]; then
            cat "$path" > "$to" && chmod "$(stat -L -c %a -- "$path")" "$to" || exit
            touch -r "$path" "$to" || exit
        fi
    fi
done' "${links:-keep}" {} + || exit
if [ -d "$dest" ]; then
    if [ -n "$owner" ]; then
        find "$dest" ! -user "$owner" -exec echo "owner {}" \; || exit
        [ -n "$check" ] || find "$dest" ! -user "$owner" -exec chown -h "$owner" {} + || exit
    fi
    if [ -n "$group" ]; then
        find "$dest" ! -group "$group" -exec echo "group {}" \; || exit
        [ -n "$check" ] || find "$dest" ! -group "$group" -exec chgrp -h "$group" {} + || exit
    fi
fi
