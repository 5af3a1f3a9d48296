# The host's name, by the ways in which distributions keep it. In front stand: name, use.
# shellcheck disable=SC2154

PATH=$PATH:/sbin:/usr/sbin
export PATH
way=$use
if [ -z "$way" ]; then
    way=debian
    if [ -d /run/systemd/system ] && command -v hostnamectl >/dev/null; then
        way=systemd
    elif [ -e /etc/alpine-release ]; then
        way=alpine
    fi
fi

record() {
    printf '\036%s\n' "$1"
}

look() {
    record way
    echo "$way"
    record now
    uname -n
    record full
    hostname -f 2>/dev/null || uname -n
    record later
    case $way in
    systemd) hostnamectl --static status ;;
    redhat) sed -n 's/^HOSTNAME=//p' /etc/sysconfig/network ;;
    generic) ;;
    *) if [ -e /etc/hostname ]; then cat /etc/hostname; fi ;;
    esac
}

change() {
    case $way in
    systemd)
        hostnamectl --pretty --static set-hostname "$name" || exit
        hostnamectl --transient set-hostname "$name" || exit
        ;;
    redhat)
        file=/etc/sysconfig/network
        { sed '/^HOSTNAME/d' "$file" && echo "HOSTNAME=$name"; } >"$file.rrecover" || exit
        cat "$file.rrecover" >"$file" && rm "$file.rrecover" || exit
        ;;
    generic) ;;
    *) printf '%s\n' "$name" >/etc/hostname || exit ;;
    esac
    if [ "$way" != systemd ]; then hostname "$name" || exit; fi
    [ "$(uname -n)" = "$name" ]
}
