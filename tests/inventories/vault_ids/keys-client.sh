#!/bin/sh
[ "$1" = --vault-id ] || exit 9
case $2 in
staging) echo stage ;;
*) exit 2 ;;
esac
