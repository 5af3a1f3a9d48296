# Runs in a container of its own beside the hosts, with PREFIX and etcdctl's settings in the
# environment. Writes numbered keys one after another for ever and records each one that etcd
# acknowledged. A put that failed may still have happened: its key is given up, never retried.
number=0
while :; do
    number=$((number + 1))
    key=$(printf '%s%08d' "$PREFIX" "$number")
    if etcdctl put "$key" "$number" >/dev/null 2>/writer/last-refusal; then
        printf '%s %s\n' "$key" "$number" >>/writer/acknowledged
    fi
done
