# The part of the facts that `gather_subset: hardware` names, in the records of `facts.sh`.
# shellcheck disable=SC2154

# Prints what stat says of the file systems that are mounted there.
sizes() {
    timeout "$patience" stat -f -c '%S %s %b %a %c %d %n' "$@" 2>/dev/null
}

if wants hardware; then
    whole /proc/meminfo /proc/self/status /proc/sysinfo
    first /proc/uptime /sys/hypervisor/type
    exists /proc/xen
    if [ -r /proc/cpuinfo ]; then
        record /proc/cpuinfo
        grep -v -E '^(flags|bugs|vmx flags|Features)' /proc/cpuinfo
        record 'flags of a processor'
        grep '^flags' /proc/cpuinfo | tail -n 1
    fi
    for name in bios_date bios_vendor bios_version board_asset_tag board_name board_serial \
        board_vendor board_version chassis_asset_tag chassis_serial chassis_type chassis_vendor \
        chassis_version product_name product_serial product_uuid product_version sys_vendor; do
        first "/sys/devices/virtual/dmi/id/$name"
    done
    if [ ! -e /sys/devices/virtual/dmi/id/product_name ] && program dmidecode; then
        for name in bios-release-date bios-vendor bios-version baseboard-asset-tag \
            baseboard-product-name baseboard-serial-number baseboard-manufacturer \
            baseboard-version chassis-asset-tag chassis-serial-number chassis-manufacturer \
            chassis-version chassis-type system-product-name system-serial-number system-uuid \
            system-version system-manufacturer; do
            said dmidecode -s "$name"
        done
    fi

    patiently findmnt --list --noheadings --notruncate
    patiently lsblk --list --noheadings --paths --output NAME,UUID --exclude 2
    table=/etc/mtab
    [ -e "$table" ] || table=/proc/mounts
    record mounts
    cat "$table"
    record 'sizes of file systems'
    set --
    while read -r device place kind rest; do
        case $device in
        /* | \\* | *:/*) ;;
        *) continue ;;
        esac
        if [ "$kind" = none ] || [ -z "$rest" ]; then continue; fi
        case $place in
        *\\*) place=$(printf '%b' "$(printf '%s' "$place" | sed 's/\\/\\0/g')") ;;
        esac
        case $device in
        # A server that does not answer holds up nobody but itself.
        *:/* | //*)
            (
                sizes "$place"
                [ "$?" -ne 124 ] || printf 'timeout %s\n' "$place"
            ) </dev/null &
            ;;
        *) set -- "$@" "$place" ;;
        esac
    done <"$table"
    if [ "$#" -gt 0 ]; then sizes "$@"; fi
    wait

    if program vgs; then
        record 'program vgs'
        if [ "$(id -u)" = 0 ]; then
            for name in vgs lvs pvs; do
                patiently "$name" --noheadings --nosuffix --units g --separator ,
            done
            for file in /sys/block/dm-*/dm/name; do
                first "$file"
            done
        fi
    fi
fi
