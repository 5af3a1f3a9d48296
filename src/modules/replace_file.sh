# Replaces a file by what is read, at once, so that it is never half there; its mode and owner stay.
replace_file() {
    target=$(readlink -f "$1" 2>/dev/null) || target=$1
    temporary=$target.rrecover-$$
    if [ -e "$target" ]; then cp -p "$target" "$temporary" || return; fi
    cat >"$temporary" && mv -f "$temporary" "$target" && return
    rm -f "$temporary"
    return 1
}
