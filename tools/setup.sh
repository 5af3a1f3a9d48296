#!/bin/sh
# Installs what the build, the lab and the tests need on a Debian machine, and starts Docker when
# nobody has. Safe to run again: it does nothing when everything is there.
set -eu

need=''
want() { command -v "$1" >/dev/null 2>&1 || need="$need $2"; }

want protoc protobuf-compiler
[ -e /usr/include/google/protobuf/descriptor.proto ] || need="$need libprotobuf-dev"
want cc gcc
[ -e /usr/include/stdlib.h ] || need="$need libc6-dev"
want debootstrap debootstrap
want docker docker.io
want sshd openssh-server
want ssh-keygen openssh-client
want sudo sudo
want doas doas
want dropbear dropbear-bin
want busybox busybox
want fish fish
want tcsh tcsh
want curl curl
want openssl openssl
want python3 python3
want shellcheck shellcheck
python3 -c 'import ensurepip, venv' 2>/dev/null || need="$need python3-venv"

if [ -n "$need" ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "these packages are missing, and only root on Debian can install them here:$need" >&2
        exit 1
    fi
    echo "installing:$need"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of package names
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need >/dev/null
fi

if docker info >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "Docker does not answer, and only root can start it here" >&2
    exit 1
fi
echo "starting dockerd"
nohup dockerd >/var/log/dockerd.log 2>&1 &
waited=0
until docker info >/dev/null 2>&1; do
    waited=$((waited + 1))
    if [ "$waited" -gt 60 ]; then
        echo "dockerd did not answer within 60 s; see /var/log/dockerd.log" >&2
        exit 1
    fi
    sleep 1
done
