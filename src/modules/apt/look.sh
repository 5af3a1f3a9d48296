# Brings apt's lists up to date when they are too old, and looks at packages. In front stand: update
# (empty for never), valid (seconds), check (empty for no), retries, longest_delay, names, debs.
# shellcheck disable=SC2154

PATH=$PATH:/sbin:/usr/sbin
export PATH LC_ALL=C DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical

record() {
    printf '\036%s\n' "$1"
}

command -v apt-get >/dev/null || {
    echo "there is no apt-get on the host" >&2
    exit 1
}

# When the lists were last brought up to date.
age() {
    stamp=/var/lib/apt/periodic/update-success-stamp
    [ -e "$stamp" ] || stamp=/var/lib/apt/lists
    stat -c %Y "$stamp" 2>/dev/null || echo 0
}

before=$(age)
if [ -n "$update" ] && [ "$((before + valid))" -lt "$(date +%s)" ]; then
    if [ -n "$check" ]; then
        record updated
    else
        tried=0
        delay=1
        until said=$(apt-get -q update -o APT::Update::Error-Mode=any 2>&1); do
            tried=$((tried + 1))
            if [ "$tried" -ge "$retries" ]; then
                printf 'Failed to update apt cache after %s retries: %s\n' "$tried" "$said" >&2
                exit 1
            fi
            if [ "$delay" -gt "$longest_delay" ]; then delay=$longest_delay; fi
            sleep "$delay"
            delay=$((delay * 2))
        done
        # `apt-get update` only touches the lists that are new.
        if [ "$stamp" = /var/lib/apt/lists ]; then touch "$stamp"; fi
        record updated
    fi
fi
record time
age

for name in $names; do
    record "package $name"
    dpkg-query -W -f '${db:Status-Abbrev}|${Version}\n' "$name" 2>/dev/null
done
if [ -n "$names" ]; then
    record automatic
    # shellcheck disable=SC2086
    apt-mark showauto $names 2>/dev/null
fi
if [ -n "$deb" ]; then
    record deb
    dpkg-deb -f "$deb" Package Version || exit
    name=$(dpkg-deb -f "$deb" Package)
    record "package $name"
    dpkg-query -W -f '${db:Status-Abbrev}|${Version}\n' "$name" 2>/dev/null
fi
exit 0
