#!/bin/sh
# Asks etcd members with the programs on this host, all at once, and writes nothing.
# Parameters: BIN_DIR CA CERTIFICATE KEY SECONDS, then for each question: NUMBER KIND URL.
#
# For each question prints a line "== NUMBER KIND", then lines that begin with "|": what came on
# standard output, then what came on standard error with a "!" before it. Then "== end".
PATH=$1:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
ca=$2 certificate=$3 key=$4 seconds=$5
shift 5
ETCDCTL_API=3
export PATH ETCDCTL_API
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

ctl() {
	endpoint=$1
	shift
	if [ -n "$ca" ]; then
		set -- --cacert "$ca" --cert "$certificate" --key "$key" "$@"
	fi
	etcdctl --endpoints "$endpoint" --dial-timeout="${seconds}s" \
		--command-timeout="${seconds}s" "$@" -w json
}

# The member list as this member knows it. etcdctl 3.5 asks the quorum for it and waits in vain
# where there is none; the HTTP gateway answers from the member's own memory.
members() {
	with_curl "$1" 2>/dev/null | json || with_openssl "$1" 2>/dev/null | json ||
		ctl "$1" member list
}

# Passes JSON on; fails when there is none.
json() { grep '^{'; }

gateway=/v3/cluster/member/list

with_curl() {
	url=$1
	shift
	if [ -n "$ca" ]; then
		set -- --cacert "$ca" --cert "$certificate" --key "$key"
	fi
	curl -sS -m "$seconds" --noproxy '*' "$@" -X POST -d '{}' "$url$gateway"
}

with_openssl() {
	[ -n "$ca" ] || return 1
	address=${1#https://}
	printf 'POST %s HTTP/1.0\r\nHost: %s\r\nContent-Length: 2\r\n\r\n{}' "$gateway" "$address" |
		timeout "$seconds" openssl s_client -quiet -verify_return_error -connect "$address" \
			-CAfile "$ca" -cert "$certificate" -key "$key"
}

answer() {
	printf '== %s %s\n' "$1" "$2"
	{
		errors=$(
			case $2 in
			status) ctl "$3" endpoint status ;;
			members) members "$3" ;;
			read) ctl "$3" get rrecover-probe ;;
			esac 2>&1 >&3 3>&-
		)
		# Answers from the gateway end without a newline.
		echo
		printf '%s\n' "$errors" | sed 's/^/!/'
	} 3>&1 | sed 's/^/|/'
}

# Runs every question at the same time and prints the answers one after the other, without
# temporary files: a question writes into the pipe that is read when the later ones are done.
all() {
	if [ $# -gt 3 ]; then
		answer "$1" "$2" "$3" | {
			shift 3
			all "$@"
			cat
		}
	elif [ $# -eq 3 ]; then
		answer "$1" "$2" "$3"
	fi
}
all "$@"
echo '== end'
