# shellcheck shell=sh disable=SC2154
# Says "none" when nobody on this host listens on the port of its own etcd, whatever else is missing
# here: certificates, the client, all of a host that was reinstalled. The module sets: endpoint
# env_file.
case $endpoint in
'')
	[ ! -r "$env_file" ] || endpoint=$(
		sed -n 's/^[[:space:]]*ETCD_ADVERTISE_CLIENT_URLS[[:space:]]*=//p' "$env_file" |
			tail -n 1 | tr -d "\"'\r "
	)
	[ -n "$endpoint" ] || endpoint=https://127.0.0.1:2379
	;;
*://127.0.0.1:* | *://localhost:*) ;;
*) exit 0 ;; # another host's
esac
port=${endpoint%%,*}
port=${port%/}
port=${port##*:}
case $port in '' | *[!0-9]*) exit 0 ;; esac
[ -r /proc/net/tcp ] || exit 0
port=$(printf %04X "$port")
# Local address, remote address, and 0A: listening.
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
	grep -q ":$port [0-9A-F]*:0000 0A " || echo none
