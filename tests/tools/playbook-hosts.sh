#!/bin/sh
# Prints a directory with two roots of a small Debian host: `ours/`, which has no Python at all, and
# `ansibles/`, which is the same with Python. Makes them first when they are not there: outside the
# repository, once per machine and version. Needs root and debootstrap.
set -eu

version=1
suite=bookworm
cache=${RRECOVER_CACHE:-$HOME/.cache/rrecover}
target=$cache/playbook-hosts-$version
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

if [ -d "$target" ]; then
	printf '%s\n' "$target"
	exit 0
fi

mkdir -p "$cache"
# Tests run in parallel: the first one in makes it, the others wait for it.
exec 9>"$cache/playbook-hosts.lock"
flock 9
if [ -d "$target" ]; then
	printf '%s\n' "$target"
	exit 0
fi

# The archive that calls itself Debian, not Debian-Security or another.
# shellcheck disable=SC2016 # apt fills them in
mirror=$(apt-get indextargets --format '$(SITE) $(LABEL)' 'Created-By: Packages' |
	sed -n 's/ Debian$//p' | head -n 1)
work=$(mktemp -d "$cache/playbook-hosts.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

{
	debootstrap --variant=minbase --keyring="$keyring" \
		--include=openssh-server,sudo,opendoas,procps,unzip,xz-utils,bzip2,ca-certificates \
		"$suite" "$work/ours" "${mirror:-http://deb.debian.org/debian}"
	chroot "$work/ours" sh -eu <<-'HOST'
		mkdir -m 0700 /root/.ssh
		ssh-keygen -q -t ed25519 -N '' -C '' -f /root/.ssh/id_ed25519
		# One user who may become anybody, one who may not, and the key of root lets in both.
		for user in deploy app; do
			# Without a password, and yet not locked.
			useradd --create-home --shell /bin/bash --password '*' "$user"
			install -d -m 0700 -o "$user" -g "$user" "/home/$user/.ssh"
			install -m 0600 -o "$user" -g "$user" /root/.ssh/id_ed25519.pub "/home/$user/.ssh/authorized_keys"
		done
		cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
		printf 'deploy ALL=(ALL) NOPASSWD: ALL\n' >/etc/sudoers.d/deploy
		chmod 0440 /etc/sudoers.d/deploy
		rm -f /etc/ssh/ssh_host_rsa_key* /etc/ssh/ssh_host_ecdsa_key*
		printf '%s\n' 'UsePAM no' 'UseDNS no' 'PrintMotd no' 'MaxStartups 200' >/etc/ssh/sshd_config.d/host.conf
		mkdir -p /run/sshd
		: >/etc/machine-id
	HOST
	cp -a "$work/ours" "$work/ansibles"
	chroot "$work/ansibles" apt-get -qq install -y --no-install-recommends python3
	for root in ours ansibles; do
		rm -rf "$work/$root"/var/lib/apt/lists/* "$work/$root"/var/cache/apt/archives/*.deb
	done
} >&2
chmod 0755 "$work"
mv "$work" "$target"
printf '%s\n' "$target"
