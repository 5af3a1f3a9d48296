# shellcheck shell=sh disable=SC2154
# Marks all that the copy's write-ahead log holds as committed.
#
# A leader acknowledges a write before its note of that has reached the disk, and a follower hears
# of it later still; `--force-new-cluster` drops what is not noted. So the last acknowledged writes
# would be lost, although the log has them. Here the note is added to the copy: one record, as etcd
# writes it itself. A write that was never acknowledged may come back with them, which a client
# that got no answer has to expect.
#
# The log's format: frames of eight bytes of length (the highest byte holds the padding) and a
# record, type, rolling CRC-32C and data, padded to eight bytes. Type 2 is an entry, 3 the state:
# term, vote and what is committed. Zeros follow the last frame.

# Prints of a log on standard input: where it ends (in units of eight bytes), its CRC, the index of
# its last entry (or -), what is committed, and the bytes of the state before that.
read_log() {
	od -An -v -tu1 -w8 | awk '
	function number(  value, place) {
		value = 0
		place = 1
		while (bytes[at] >= 128) {
			value += (bytes[at++] - 128) * place
			place *= 128
		}
		return value + bytes[at++] * place
	}
	function field(tag) {
		if (bytes[at++] != tag) broken = 1
		return number()
	}
	function record(  type, from, i) {
		at = 0
		type = field(8)
		crc = field(16)
		if (type != 2 && type != 3) return
		field(26)
		from = at
		field(8)
		field(16)
		if (type == 2) {
			entry = field(24)
			return
		}
		state = ""
		for (i = from; i < at; i++) state = state " " bytes[i]
		committed = field(24)
	}
	BEGIN { entry = "-" }
	left > 0 {
		if (have < 64) for (i = 1; i <= 8; i++) bytes[have++] = $i
		if (--left == 0) record()
		if (broken) exit
		next
	}
	{
		size = $1 + 256 * ($2 + 256 * ($3 + 256 * $4))
		if (size == 0) exit
		left = int((size + 7) / 8)
		have = 0
		end = NR + left
	}
	END {
		if (broken || left > 0 || state == "") exit
		if (entry != "-") entry = sprintf("%.0f", entry)
		printf "%d %.0f %s %.0f%s\n", end, crc, entry, committed, state
	}'
}

# crc_of CRC BYTE...: the CRC continued over more bytes
crc_of() {
	crc=$(($1 ^ 0xFFFFFFFF))
	shift
	for byte; do
		crc=$((crc ^ byte))
		for _ in 1 2 3 4 5 6 7 8; do
			crc=$(((crc >> 1) ^ (0x82F63B78 & -(crc & 1))))
		done
	done
	echo $((crc ^ 0xFFFFFFFF))
}

# number_bytes NUMBER: as protocol buffers write it
number_bytes() {
	rest=$1
	while [ "$rest" -ge 128 ]; do
		printf '%s ' $((rest % 128 + 128))
		rest=$((rest / 128))
	done
	echo "$rest"
}

write_bytes() {
	for byte; do
		# shellcheck disable=SC2059
		printf "\\$(printf %03o "$byte")"
	done
}

# Succeeds when there was something to mark.
# shellcheck disable=SC2046,SC2086
commit_all() {
	for log in "$scratch"/member/wal/*.wal; do :; done
	[ -s "$log" ] || return 1
	set -- $(read_log <"$log")
	[ $# -gt 4 ] || return 1
	end=$1 log_crc=$2 entry=$3 committed=$4
	shift 4
	if [ "$entry" = - ]; then
		# A log that was just begun: its name says which entry comes next.
		entry=${log##*-}
		entry=$((0x${entry%.wal} - 1))
	fi
	[ "$entry" -gt "$committed" ] || return 1
	set -- "$@" 24 $(number_bytes "$entry")
	set -- 8 3 16 $(number_bytes "$(crc_of "$log_crc" "$@")") 26 $# "$@"
	padding=$(((8 - $# % 8) % 8))
	mark=0
	[ "$padding" = 0 ] || mark=$((128 + padding))
	set -- $# 0 0 0 0 0 0 "$mark" "$@"
	while [ $(($# % 8)) != 0 ]; do set -- "$@" 0; done
	write_bytes "$@" | dd of="$log" bs=8 seek="$end" conv=notrunc 2>/dev/null
}
