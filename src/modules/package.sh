# Installs, updates or removes the packages in "$@" where that has to be done. In front stand:
# installer, state, check (empty for no), update (empty for no), changed (what to print).
# shellcheck disable=SC2154

PATH=$PATH:/sbin:/usr/sbin
export PATH LC_ALL=C

installed() {
    case $installer in
    apk) apk info -e "$1" >/dev/null 2>&1 ;;
    *) rpm -q --whatprovides "$1" >/dev/null 2>&1 || rpm -q "$1" >/dev/null 2>&1 ;;
    esac
}

# Whether a newer version of an installed package can be had.
outdated() {
    case $installer in
    apk) apk add -u --simulate "$1" 2>/dev/null | grep -Eq '^\([0-9]+/[0-9]+\) ' ;;
    zypper) ! zypper -n update --dry-run "$1" 2>/dev/null | grep -q '^Nothing to do' ;;
    *)
        "$installer" -q check-update "$1" >/dev/null 2>&1
        [ "$?" -eq 100 ]
        ;;
    esac
}

if [ -n "$update" ] && [ -z "$check" ]; then
    case $installer in
    apk) apk update ;;
    zypper) zypper -n refresh ;;
    *) "$installer" -q makecache ;;
    esac || exit
fi

count=$#
while [ "$count" -gt 0 ]; do
    name=$1
    shift
    count=$((count - 1))
    if installed "$name"; then
        case $state in
        absent) set -- "$@" "$name" ;;
        latest) if outdated "$name"; then set -- "$@" "$name"; fi ;;
        esac
    elif [ "$state" != absent ]; then
        set -- "$@" "$name"
    fi
done
if [ "$#" -eq 0 ]; then exit 0; fi
if [ -z "$check" ]; then
    case $installer-$state in
    apk-absent) apk del "$@" ;;
    apk-latest) apk add -u "$@" ;;
    apk-*) apk add "$@" ;;
    zypper-absent) zypper -n remove "$@" ;;
    zypper-latest) zypper -n install "$@" && zypper -n update "$@" ;;
    zypper-*) zypper -n install "$@" ;;
    *-absent) "$installer" -y remove "$@" ;;
    *) "$installer" -y install "$@" ;;
    esac || exit
fi
printf '%s\n' "$changed"
