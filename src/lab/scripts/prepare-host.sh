# Runs on a host that is booting; KEY and PASSWORD are set by lines before these.
set -eu
umask 077

until state=$(systemctl is-system-running --wait 2>/dev/null) || [ "$state" = degraded ]; do
    sleep 0.1
done
if [ "$state" = degraded ]; then
    systemctl --failed --no-legend >&2
    exit 1
fi

if [ -n "$PASSWORD" ]; then
    printf 'rrecover:%s\n' "$PASSWORD" | chpasswd
    printf 'rrecover ALL=(ALL) ALL\n' >/etc/sudoers.d/rrecover
fi

install -d -o rrecover -g rrecover -m 0700 /home/rrecover/.ssh
printf '%s\n' "$KEY" >/home/rrecover/.ssh/authorized_keys
chown rrecover:rrecover /home/rrecover/.ssh/authorized_keys

cut -d ' ' -f 1,2 /etc/ssh/ssh_host_*_key.pub
