# What is done to an account beside the host's own programs. Reads the password's hash, locked when
# it is to be, from standard input. In front stand: name, and the functions of `account_lines.sh`.
# shellcheck disable=SC2154

IFS= read -r hash || :

set_password() {
    printf '%s:%s\n' "$name" "$hash" | chpasswd -e
}

# Makes a home that the account lacks, as it would have been made with the account.
make_home() {
    mode=0755
    umask_of=$(sed -n 's/^UMASK[[:space:]]\{1,\}\([0-7]*\).*/\1/p' /etc/login.defs 2>/dev/null)
    mode_of=$(sed -n 's/^HOME_MODE[[:space:]]\{1,\}\([0-7]*\).*/\1/p' /etc/login.defs 2>/dev/null)
    if [ -n "$umask_of" ]; then mode=$(printf '%04o' $((0777 & ~0$umask_of))); fi
    mkdir -p "$1" || return
    source=${skeleton:-/etc/skel}
    if [ -d "$source" ]; then cp -a "$source/." "$1/" || return; fi
    owner=$(entry passwd "$name" | cut -d : -f 3,4)
    chown -hR "$owner" "$1" && chmod "${mode_of:-$mode}" "$1"
}

# Makes an SSH key for the account, and says which.
make_key() {
    file=$1
    shift
    directory=${file%/*}
    owner=$(entry passwd "$name" | cut -d : -f 3,4)
    if [ ! -d "$directory" ]; then
        mkdir -m 0700 "$directory" && chown "$owner" "$directory" || return
    fi
    rm -f "$file" "$file.pub"
    ssh-keygen -q -N '' -f "$file" "$@" </dev/null && chown "$owner" "$file" "$file.pub"
}
