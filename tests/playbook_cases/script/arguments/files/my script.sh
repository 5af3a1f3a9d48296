#!/bin/sh
echo "$#:$1:$WORD:$PWD"
case $1 in [0-9]) exit "$1" ;; esac
