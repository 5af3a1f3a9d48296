# Looks at an account. Reads the wanted password's hash, without locks, from standard input: neither
# it nor the account's own one is printed. In front stand: name, groups (a list with blanks), home,
# and the functions of `account_lines.sh`.
# shellcheck disable=SC2154

IFS= read -r wanted_hash || :
programs useradd
record account
account=$(entry passwd "$name")
printf '%s\n' "$account"
record groups
table group
record 'wanted groups'
for group in $groups; do
    record "wanted $group"
    entry group "$group"
done
record 'own group'
entry group "$name"

if [ -n "$account" ] && [ -r /etc/shadow ]; then
    while IFS= read -r line; do
        case $line in
        "$name":*)
            rest=${line#*:}
            hash=${rest%%:*}
            record shadow
            printf '%s\n' "${rest#*:}"
            case $hash in '!'*) record locked ;; esac
            while :; do
                case $hash in '!'*) hash=${hash#!} ;; *) break ;; esac
            done
            if [ "$hash" = "$wanted_hash" ]; then record 'same password'; fi
            ;;
        esac
    done </etc/shadow
fi

if [ -z "$home" ]; then
    rest=${account%:*}
    home=${rest##*:}
fi
if [ -n "$home" ] && [ -e "$home" ]; then record 'home is there'; fi
exit 0
