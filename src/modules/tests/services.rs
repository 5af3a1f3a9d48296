use super::Bench;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

/// A `systemctl` with one unit, `etcd.service`, whose state stands in files.
const SYSTEMCTL: &str = r#"#!/bin/sh
d=$(dirname "$0")
echo "$*" >> "$d/calls"
block=yes
if [ "$1" = --no-block ]; then block=no; shift; fi
verb=$1; for unit; do :; done
[ "$verb" = daemon-reload ] && exit 0
if [ "$unit" != etcd ]; then
    if [ "$verb" = show ]; then echo LoadState=not-found; echo ActiveState=inactive; exit 0; fi
    echo "Unit $unit.service not found." >&2; exit 5
fi
case $verb in
show) echo LoadState=loaded; echo ActiveState=$(cat "$d/active"); echo SubState=x; echo Type=notify
      echo Job=;;
is-enabled) cat "$d/enabled"; [ "$(cat "$d/enabled")" = enabled ];;
start|restart)
    if [ -e "$d/no-quorum" ]; then
        if [ $block = no ]; then echo activating > "$d/active"; exit 0; fi
        echo failed > "$d/active"; echo "Job failed: timeout" >&2; exit 1
    fi
    echo active > "$d/active";;
stop) [ -e "$d/stubborn" ] || echo inactive > "$d/active";;
enable) echo enabled > "$d/enabled";;
disable) echo disabled > "$d/enabled";;
esac
"#;

fn bench(active: &str, enabled: &str) -> Bench {
    let mut bench = Bench::new();
    let program = bench.host("systemctl");
    std::fs::write(&program, SYSTEMCTL).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(bench.host("active"), active).unwrap();
    std::fs::write(bench.host("enabled"), enabled).unwrap();
    let path = format!("{}:{}", bench.host(""), std::env::var("PATH").unwrap());
    bench.context.environment = vec![("PATH".to_owned(), path)];
    bench
}

fn calls(bench: &Bench) -> String {
    std::fs::read_to_string(bench.host("calls")).unwrap_or_default()
}

#[tokio::test]
async fn a_service_that_is_as_wanted_costs_one_round_trip_and_no_change() {
    let bench = bench("active", "enabled");
    let task = json!({"name": "etcd", "state": "started", "enabled": true});
    let outcome = bench.run("service", task).await.unwrap();
    assert!(!outcome.changed);
    assert_eq!(bench.round_trips(), 1);
}

#[tokio::test]
async fn start_stop_enable_and_disable_take_effect_and_are_verified() {
    let bench = bench("inactive", "disabled");
    let up = json!({"name": "etcd", "state": "started", "enabled": true, "daemon_reload": true});
    let outcome = bench.run("systemd", up).await.unwrap();
    assert!(outcome.changed);
    assert_eq!(outcome.values["status"]["ActiveState"], "active");
    assert!(calls(&bench).starts_with("daemon-reload\n"));
    let down = json!({"name": "etcd", "state": "stopped", "enabled": false});
    let outcome = bench.run("systemd_service", down.clone()).await.unwrap();
    assert!(outcome.changed);
    assert_eq!(std::fs::read_to_string(bench.host("active")).unwrap(), "inactive\n");
    assert_eq!(std::fs::read_to_string(bench.host("enabled")).unwrap(), "disabled\n");
    assert!(!bench.run("service", down).await.unwrap().changed);
}

#[tokio::test]
async fn a_stop_that_exits_with_zero_but_stops_nothing_is_a_failure() {
    let bench = bench("active", "enabled");
    std::fs::write(bench.host("stubborn"), "").unwrap();
    let error =
        bench.run("service", json!({"name": "etcd", "state": "stopped"})).await.unwrap_err();
    assert!(error.to_string().contains("is to be stopped but is active"), "{error}");
}

#[tokio::test]
async fn without_quorum_only_no_block_starts_etcd() {
    let bench = bench("inactive", "enabled");
    std::fs::write(bench.host("no-quorum"), "").unwrap();
    let blocking = bench.run("service", json!({"name": "etcd", "state": "started"})).await;
    assert!(blocking.unwrap_err().to_string().contains("timeout"));
    std::fs::write(bench.host("active"), "inactive").unwrap();
    let task = json!({"name": "etcd", "state": "started", "no_block": true});
    let outcome = bench.run("service", task).await.unwrap();
    assert!(outcome.changed);
    assert_eq!(outcome.values["status"]["ActiveState"], "activating");
}

#[tokio::test]
async fn a_missing_unit_is_fine_only_when_asked_for_and_only_to_stop() {
    let bench = bench("inactive", "disabled");
    let stop = json!({"name": "nope", "state": "stopped"});
    assert!(bench.run("service", stop).await.unwrap_err().to_string().contains("missing_ok"));
    let stop = json!({"name": "nope", "state": "stopped", "enabled": false, "missing_ok": true});
    assert!(!bench.run("service", stop).await.unwrap().changed);
    let start = json!({"name": "nope", "state": "started", "missing_ok": true});
    assert!(bench.run("service", start).await.is_err());
}

#[tokio::test]
async fn check_mode_and_bad_names_change_no_service() {
    let mut bench = bench("active", "enabled");
    for name in ["", "etc*", "-x", "a b", "etcd;ls"] {
        let task = json!({"name": name, "state": "stopped"});
        assert!(bench.run("service", task).await.is_err(), "{name}");
        assert_eq!(bench.round_trips(), 0);
    }
    bench.context.check = true;
    let task = json!({"name": "etcd", "state": "restarted", "daemon_reload": true});
    let outcome = bench.run("service", task).await.unwrap();
    assert!(outcome.changed && outcome.diff.contains("systemctl restart etcd"));
    assert!(!calls(&bench).contains("restart") && !calls(&bench).contains("reload"));
}

#[tokio::test]
async fn under_check_mode_a_unit_may_be_brought_by_a_step_that_was_not_really_done() {
    let mut bench = bench("inactive", "disabled");
    bench.context.check = true;
    let start = json!({"name": "nope", "state": "started", "enabled": true, "no_block": true});
    let outcome = bench.run("service", start).await.unwrap();
    assert!(outcome.changed && outcome.msg.contains("would systemctl enable nope"), "{outcome:?}");
    let reload = json!({"name": "nope", "daemon_reload": true});
    assert!(bench.run("systemd", reload).await.unwrap().changed);
}
