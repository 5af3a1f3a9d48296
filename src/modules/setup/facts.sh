# Reads what facts are made of and prints it, raw: one record each, a line with a record separator
# (octal 036) and its name, then its content. Nothing here is judged; that is done where it is typed.
#
# In front stand: collectors (which are asked for), fact_path, patience (seconds for what may hang).
# shellcheck disable=SC2154

record() {
    printf '\036%s\n' "$1"
}

wants() {
    for wanted; do
        case " $collectors " in *" $wanted "*) return 0 ;; esac
    done
    return 1
}

# Whole files.
whole() {
    for file; do
        if [ -f "$file" ] && [ -r "$file" ]; then
            record "$file"
            cat "$file" 2>/dev/null
        fi
    done
}

# Files of one line, without a process for each.
first() {
    for file; do
        line=
        if [ -f "$file" ] && [ -r "$file" ]; then
            { IFS= read -r line <"$file"; } 2>/dev/null
            record "$file"
            printf '%s\n' "$line"
        fi
    done
}

# What is there, whatever it is.
exists() {
    for path; do
        if [ -e "$path" ]; then record "exists $path"; fi
    done
}

program() {
    command -v "$1" >/dev/null 2>&1
}

# What a program says, when there is such a program and it goes well.
said() {
    if program "$1"; then
        record "$*"
        "$@" 2>/dev/null
        record "exit $*"
        echo "$?"
    fi
}

# The same for what may hang.
patiently() {
    if program "$1"; then
        record "$*"
        timeout "$patience" "$@" 2>/dev/null
        code=$?
        record "exit $*"
        echo "$code"
    fi
}

record env
cat /proc/self/environ 2>/dev/null
login=${LOGNAME:-${USER:-${LNAME:-${USERNAME:-}}}}
chroot_name=${debian_chroot:-}
PATH=$PATH:/sbin:/usr/sbin:/usr/local/sbin
LC_ALL=C
export PATH LC_ALL
unset LANGUAGE

said uname -snrvm
said id -u

# Distribution.
for file in altlinux-release oracle-release slackware-version centos-release redhat-release \
    vmware-release openwrt_release os-release system-release alpine-release arch-release \
    SuSE-release gentoo-release lsb-release debian_version; do
    whole "/etc/$file"
done
whole /usr/lib/os-release
record product
readlink -f /etc/products.d/baseproduct 2>/dev/null

if wants platform; then
    record 'bits of a program'
    od -An -j4 -N1 -tu1 /bin/sh 2>/dev/null
    first /var/lib/dbus/machine-id /etc/machine-id
    node=$(uname -n)
    if program getent; then
        record 'names of this host'
        address=$(timeout "$patience" getent ahosts "$node" 2>/dev/null)
        address=${address%%[[:space:]]*}
        if [ -n "$address" ]; then timeout "$patience" getent hosts "$address"; fi
    elif program hostname; then
        record 'full name of this host'
        timeout "$patience" hostname -f 2>/dev/null
    fi
fi

if wants lsb; then
    said lsb_release -a
fi

if wants selinux; then
    exists /sys/fs/selinux/enforce
    first /sys/fs/selinux/enforce /sys/fs/selinux/policyvers
    whole /etc/selinux/config
fi

if wants apparmor; then
    exists /sys/kernel/security/apparmor
fi

if wants chroot; then
    record chroot
    printf '%s\n' "$chroot_name"
    stat -L -c '%d:%i' / /proc/1/root/. 2>/dev/null
    record 'root file system'
    stat -f -c '%T' / 2>/dev/null
fi

if wants fips; then
    first /proc/sys/crypto/fips_enabled
fi

if wants caps; then
    said capsh --print
fi

if wants pkg_mgr; then
    exists /usr/bin/yum /usr/bin/dnf /usr/bin/dnf-3 /usr/bin/dnf5 /usr/bin/microdnf \
        /usr/bin/apt-get /usr/bin/zypper /usr/sbin/urpmi /usr/bin/pacman /bin/opkg /sbin/apk \
        /usr/bin/emerge /usr/bin/xbps-install /usr/bin/swupd /usr/sbin/sorcery \
        /run/ostree-booted
    for file in /usr/bin/dnf /usr/bin/microdnf; do
        if [ -e "$file" ]; then
            record "target $file"
            readlink -f "$file"
        fi
    done
    if [ -e /usr/bin/apt-get ] && [ -e /usr/bin/rpm ]; then
        said /usr/bin/rpm -q --whatprovides /usr/bin/apt-get
    fi
fi

if wants service_mgr systemd; then
    first /proc/1/comm
    exists /run/systemd/system /dev/.run/systemd /dev/.systemd /etc/init /sbin/openrc /etc/init.d \
        /etc/dinit.d
    if [ -L /sbin/init ]; then
        record 'target /sbin/init'
        readlink /sbin/init
    fi
    for name in systemctl initctl; do
        if program "$name"; then record "program $name"; fi
    done
    if wants systemd; then
        said systemctl --version
    fi
fi

if wants cmdline; then
    whole /proc/cmdline
fi

if wants date_time; then
    record date
    date '+%Y %m %A %w %W %d %H %M %S %s %Z %z %N'
    # The names of the two halves of this year's clock.
    now=$(date +%s)
    half=$((now / 31557600 * 31557600))
    date -d "@$half" '+%Z %z' 2>/dev/null
    date -d "@$((half + 15778800))" '+%Z %z' 2>/dev/null
fi

if wants loadavg; then
    first /proc/loadavg
fi

if wants ssh_pub_keys; then
    for directory in /etc/ssh /etc/openssh /etc; do
        for kind in dsa rsa ecdsa ed25519; do
            first "$directory/ssh_host_${kind}_key.pub"
        done
    done
fi

if wants user; then
    said id -ru
    said id -g
    said id -rg
    record login
    printf '%s\n' "${login:=$(id -un)}"
    record accounts
    if program getent; then
        timeout "$patience" getent passwd "$login" "$(id -u)" 2>/dev/null
    else
        cat /etc/passwd
    fi
fi

if wants dns; then
    whole /etc/resolv.conf
fi

if wants local && [ -d "$fact_path" ]; then
    for file in "$fact_path"/*.fact; do
        [ -e "$file" ] || [ -L "$file" ] || continue
        record "local $file"
        case $(stat -L -c %A "$file" 2>/dev/null) in
        '')
            record "local error $file"
            echo stat
            ;;
        ???[xs]*)
            exec 3>&1
            # Its errors to the last newline, then its exit code.
            errors=$("$file" 2>&1 >&3 3>&-; printf '\n%s' "$?")
            exec 3>&-
            if [ "${errors##*
}" != 0 ]; then
                record "local error $file"
                printf '%s' "$errors"
            fi
            ;;
        *) cat "$file" 2>/dev/null ;;
        esac
    done
fi
