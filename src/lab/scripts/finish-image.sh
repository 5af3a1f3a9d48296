# Runs once inside the new root: turns a minimal Debian into a host of the lab.
set -eu

# A container has no terminals, no seats and no hardware of its own, and nothing here runs at night.
systemctl mask \
    systemd-udevd.service systemd-udev-trigger.service \
    systemd-udevd-control.socket systemd-udevd-kernel.socket \
    systemd-logind.service systemd-pstore.service getty.target console-getty.service \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer

# Every host makes keys of its own at its first boot, as a reinstalled machine does.
rm -f /etc/ssh/ssh_host_*
cat >/etc/systemd/system/host-keys.service <<'UNIT'
[Unit]
Description=SSH host keys of this machine, made at its first boot
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable host-keys.service

# A lab is used by many connections at once; the default drops unauthenticated ones beyond ten.
printf 'MaxStartups 200\nUseDNS no\n' >/etc/ssh/sshd_config.d/lab.conf

useradd --create-home --shell /bin/bash rrecover
printf 'rrecover ALL=(ALL) NOPASSWD: ALL\n' >/etc/sudoers.d/rrecover
chmod 0440 /etc/sudoers.d/rrecover

rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /var/log/*.log
: >/etc/machine-id
