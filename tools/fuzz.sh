#!/bin/sh
# Runs every fuzz target for SECONDS (600 when none are given), one after the other, or only the
# targets named behind them: tools/fuzz.sh [SECONDS [TARGET…]]
#
# A finding ends the script: its input is in fuzz/artifacts/. Inputs that reach new code go to
# fuzz/target/corpus/; `cargo fuzz cmin` takes the useful ones into fuzz/corpus/, see CONTRIBUTING.md.
set -eu

cd "$(dirname "$0")/.."

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "cargo-fuzz is missing: cargo install cargo-fuzz --locked" >&2
    exit 1
fi

seconds=${1:-600}
[ "$#" -gt 0 ] && shift
[ "$#" -gt 0 ] || set -- ini yaml_inventory host_pattern vault playbook template ssh_config

# Fuzzing needs compiler flags that are not stable yet; the stable compiler has them.
export RUSTC_BOOTSTRAP=1
# The program has no unsafe code (`unsafe_code` is denied): without the address sanitizer a target
# runs several times as often. Debug assertions and overflow checks are on.
build='--sanitizer none --codegen-units 16'

# shellcheck disable=SC2086 # a list of options
cargo fuzz build $build
for target in "$@"; do
    echo "fuzzing $target for $seconds s"
    new=fuzz/target/corpus/$target
    mkdir -p "$new"
    # The deadline is for a target that hangs where libFuzzer's own alarm does not reach.
    # shellcheck disable=SC2086 # a list of options
    timeout -k 30 "$((seconds + 120))" cargo fuzz run $build "$target" "$new" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -max_len=4096 -print_final_stats=1 \
        -dict="fuzz/dictionaries/$target.dict"
done
echo "no finding"
