# The parts of the facts that `gather_subset: network` and `virtual` name, in the records of
# `facts.sh`.
# shellcheck disable=SC2154

if wants network && program ip; then
    said ip -4 route get 8.8.8.8
    said ip -6 route get 2404:6800:400a:800::1012
    said ip -4 route show table local
    said ip -6 route show table local
    # Of busybox, which knows no such words, every address is a first one.
    if ip addr show primary >/dev/null 2>&1; then
        record addresses
        ip addr show primary 2>/dev/null
        record 'second addresses'
        ip addr show secondary 2>/dev/null
    else
        record addresses
        ip addr show 2>/dev/null
    fi
    for device in /sys/class/net/*; do
        [ -d "$device" ] || continue
        record "interface ${device##*/}"
        for name in address mtu operstate type speed flags; do
            first "$device/$name"
        done
        if [ -e "$device/bridge" ]; then
            exists "$device/bridge"
            first "$device/bridge/bridge_id" "$device/bridge/stp_state"
            record "$device/brif"
            for port in "$device"/brif/*; do
                if [ -e "$port" ]; then printf '%s\n' "${port##*/}"; fi
            done
        fi
        if [ -e "$device/bonding" ]; then
            exists "$device/bonding"
            for name in slaves mode miimon lacp_rate primary all_slaves_active; do
                first "$device/bonding/$name"
            done
        fi
        if [ -e "$device/bonding_slave" ]; then
            exists "$device/bonding_slave"
            first "$device/bonding_slave/perm_hwaddr"
        fi
        if [ -e "$device/device" ]; then
            record "$device/device"
            readlink "$device/device"
            if [ -e "$device/device/driver/module" ]; then
                record "$device/device/driver/module"
                readlink -f "$device/device/driver/module"
            fi
        fi
    done
fi

if wants fibre_channel_wwn; then
    for file in /sys/class/fc_host/*/port_name; do
        first "$file"
    done
fi

if wants iscsi; then
    whole /etc/iscsi/initiatorname.iscsi
fi

if wants nvme; then
    whole /etc/nvme/hostnqn
fi

if wants virtual; then
    whole /proc/1/cgroup /proc/1/environ /proc/xen/capabilities
    first /run/systemd/container
    exists /proc/1/cgroup /.dockerenv /.dockerinit /proc/vz /proc/lve /proc/bc /proc/xen /dev/kvm
    for name in product_name sys_vendor product_family bios_vendor; do
        first "/sys/devices/virtual/dmi/id/$name"
    done
    if [ -r /proc/modules ]; then
        record 'modules of the kernel'
        while read -r name rest; do
            case $name in kvm | vboxdrv | virtio) printf '%s\n' "$name" ;; esac
        done </proc/modules
    fi
    record 'machine of a processor'
    grep -E '^(model name|vendor_id|machine)' /proc/cpuinfo 2>/dev/null
    whole /proc/self/status
    said dmidecode -s system-product-name
fi
