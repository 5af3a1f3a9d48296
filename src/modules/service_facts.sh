# Lists the services of a host, by whatever runs them there.

PATH=$PATH:/sbin:/usr/sbin
LC_ALL=C
export PATH LC_ALL
unset LANGUAGE

record() {
    printf '\036%s\n' "$1"
}

has() {
    command -v "$1" >/dev/null 2>&1
}

if has service && ! has chkconfig && ! has rc-status; then
    record sysv
    service --status-all 2>/dev/null
fi
if has initctl && ! has chkconfig; then
    record upstart
    initctl list 2>/dev/null
elif has rc-status && has rc-update; then
    record openrc
    rc-status -a -s -m 2>&1
    record runlevels
    rc-update show -v 2>&1
fi
if has systemctl && [ -e /run/systemd/system ]; then
    record units
    systemctl list-units --no-pager --type service --all --plain
    record 'unit files'
    files=$(systemctl list-unit-files --no-pager --type service --all)
    printf '%s\n' "$files"
    record states
    # All of them in one go; one that is a template has no state.
    set --
    while read -r name rest; do
        case $name in
        *@.service) ;;
        *.service)
            printf '%s\n' "$name"
            set -- "$@" "$name"
            ;;
        esac
    done <<END
$files
END
    record 'active states'
    if [ "$#" -gt 0 ]; then systemctl show -p ActiveState "$@" 2>/dev/null; fi
fi
exit 0
