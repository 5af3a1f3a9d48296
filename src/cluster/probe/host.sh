#!/bin/sh
# Looks at etcd on this host and writes nothing, not even a temporary file (I-27).
# Parameters: UNIT DATA_DIR ENV_FILE CERT_DIR BIN_DIR HOST
#
# Prints sections: a line "== NAME", then lines that begin with "|". The last section is "end":
# without it the output is not whole.
unit=$1 data=$2 env_file=$3 certs=$4 host=$6
PATH=$5:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
ETCDCTL_API=3 LC_ALL=C
export PATH ETCDCTL_API LC_ALL

section() { printf '== %s\n' "$1"; }
lines() { sed 's/^/|/'; }
# The added newline keeps a file without one at its end from running into the next section.
file() { { cat -- "$1" && echo; } 2>/dev/null | lines; }

# The seconds since the start of a process, whose time is given in hundredths since the boot.
age() {
	[ $# -ge 20 ] || return
	shift 19
	read -r uptime _ </proc/uptime
	printf '|age %s\n' $((${uptime%%.*} - $1 / 100))
}

section begin
date '+|%s %N'
section user
id -u | lines

section unit
if command -v systemctl >/dev/null 2>&1; then
	shown=$(timeout 2 systemctl show "$unit" \
		--property=LoadState,ActiveState,UnitFileState,MainPID 2>/dev/null)
	printf '%s\n' "$shown" | lines
	pid=$(printf '%s\n' "$shown" | sed -n 's/^MainPID=//p')
	# Without the name in parentheses, which may hold anything, the start is the 20th field.
	# shellcheck disable=SC2046 # fields
	[ "${pid:-0}" -gt 0 ] && age $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null)
fi

if [ -e "$env_file" ]; then
	section config
	file "$env_file"
fi

section tools
timeout 2 etcd --version 2>/dev/null | sed -n 's/^etcd Version: */|etcd /p'
timeout 2 etcdctl version 2>/dev/null | sed -n 's/^etcdctl version: */|etcdctl /p'
timeout 2 etcdutl version 2>/dev/null | sed -n 's/^etcdutl version: */|etcdutl /p'

section data
db=$data/member/snap/db
if [ -d "$data" ]; then
	echo '|directory'
	reason=$(ls -A "$data" 2>&1 >/dev/null) || printf '|unreadable %s\n' "$reason" | head -n 1
	for found in "$data"/member/snap/* "$data"/member/wal/*; do
		[ -e "$found" ] && echo '|member'
	done | head -n 1
	if [ -e "$db" ]; then
		stat -c '|db %s' "$db"
		reason=$(dd if="$db" of=/dev/null bs=4096 count=4 2>&1) ||
			printf '|unreadable %s\n' "$reason" | head -n 1
	fi
	for found in "$data"/member/wal/*.wal; do
		[ -s "$found" ] && echo '|wal'
	done | head -n 1
elif [ -e "$data" ] || [ -L "$data" ]; then
	echo '|unreadable it is not a directory'
fi
near=$data
while [ ! -e "$near" ]; do near=$(dirname "$near"); done
df -Pk "$near" 2>/dev/null | tail -n 1 | sed 's/^/|df /'
real=$(cd "$near" 2>/dev/null && pwd -P)
[ "$near" = "$data" ] && printf '|real %s\n' "$real"
while read -r _ _ _ _ point options rest; do
	case $real/ in
	"${point%/}"/*) printf '|mount %s %s %s\n' "$point" "$options" "$rest" ;;
	esac
done </proc/self/mountinfo

# How far data goes that no etcd runs on. The tools open it read-only, but wait for a lock on it
# without an end, and read all of it: where that takes too long it is not known.
if [ -s "$db" ] && ! grep -qs ":$(stat -c %i "$db") " /proc/locks; then
	section database
	if command -v etcdutl >/dev/null 2>&1; then
		tool=etcdutl
	else
		tool=etcdctl
	fi
	timeout 3 "$tool" snapshot status "$db" -w json 2>/dev/null | lines
fi

section joined
file /var/lib/rrecover/joined

section leftovers
for kept in "$data".rrecover-* "$data"/rrecover-*; do
	[ -d "$kept" ] && stat -c '|aside %Y %n' "$kept"
done
for kept in "$data".new-* "$data"/new-*; do
	[ -e "$kept/.complete" ] && stat -c '|restored %Y %n' "$kept"
done

if [ -s "$certs/ca-key.pem" ]; then section ca_key; fi

section log
if command -v journalctl >/dev/null 2>&1; then
	timeout 2 journalctl -u "$unit" -n 200 --no-pager -o cat 2>/dev/null | lines
fi

# The first usable triple: this host's own, then any other that is here, because a host may have
# been renamed since its certificates were made.
for certificate in "$certs/admin-$host.pem" "$certs/member-$host.pem" "$certs/node-$host.pem" \
	"$certs"/admin-*.pem "$certs"/member-*.pem "$certs"/node-*.pem; do
	key=${certificate%.pem}-key.pem
	if [ -s "$certs/ca.pem" ] && [ -s "$certificate" ] && [ -s "$key" ]; then
		section credentials
		printf '|%s\n' "$certs/ca.pem" "$certificate" "$key"
		section ca
		file "$certs/ca.pem"
		section certificate
		file "$certificate"
		section key
		file "$key"
		break
	fi
done
section end
date '+|%s %N'
