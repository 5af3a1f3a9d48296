use super::super::etcdctl::testing::{Cluster, context, free_port, task};
use super::{PLACE, RESTORE, TOOL};
use crate::modules::ModuleError;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of its own, as production's dedicated disk is; goes away with the test.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, bytes: u64) -> Self {
        std::fs::create_dir_all(at).unwrap();
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(at));
        Self(at.to_owned())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A stopped member with data, and a snapshot of it.
struct Bench {
    cluster: Cluster,
    data_dir: PathBuf,
    version: &'static str,
    _disk: Option<Disk>,
}

impl Bench {
    fn new(version: &'static str, mounted: bool) -> Self {
        let mut cluster = Cluster::start(version, 1);
        for number in 0..20 {
            cluster.etcdctl(0, &["put", &format!("key{number}"), "acknowledged"]).unwrap();
        }
        let snapshot = cluster.directory.path().join("snapshot.db");
        cluster.etcdctl(0, &["snapshot", "save", snapshot.to_str().unwrap()]).unwrap();
        cluster.stop(0);
        let old = cluster.members[0].data_dir.clone();
        std::fs::write(old.join("member/old"), "old").unwrap();
        let data_dir = cluster.directory.path().join("var/etcd");
        std::fs::create_dir(data_dir.parent().unwrap()).unwrap();
        let disk = mounted.then(|| Disk::mount(&data_dir, 400 << 20));
        if mounted {
            std::fs::create_dir(data_dir.join("lost+found")).unwrap();
            run(Command::new("mv").arg(old.join("member")).arg(&data_dir));
        } else {
            std::fs::rename(&old, &data_dir).unwrap();
        }
        cluster.members[0].data_dir.clone_from(&data_dir);
        Self { cluster, data_dir, version, _disk: disk }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.cluster.directory.path().join(name)
    }

    fn args(&self, more: &Value) -> Value {
        let mut args = json!({
            "data_dir": self.data_dir,
            "snapshot": self.path("snapshot.db"),
            "name": "etcd1",
            "peer_url": self.cluster.members[0].peer_url,
            "token": "k8s_etcd-rr-01RUN",
            "bump_revision": if self.version == "3.5" { 1_000_000 } else { 0 },
            "tool": if self.version == "3.5" { "etcdutl" } else { "etcdctl" },
            "bin_dir": self.cluster.bin,
            "remote_dir": self.path("state"),
            "unit": "",
        });
        for (name, value) in more.as_object().unwrap() {
            args[name] = value.clone();
        }
        args
    }

    async fn restore(&self, more: Value) -> Result<crate::modules::Outcome, ModuleError> {
        task(&self.cluster.context(), "etcd_restore", self.args(&more)).await
    }

    /// Runs the script with something of the test's at the mark.
    fn run_until(&self, mark: &str, what: &str, more: &Value) -> std::process::Output {
        let args = crate::modules::Args(self.args(more).as_object().unwrap().clone());
        let script = super::Restore::read(&args)
            .unwrap()
            .script(&self.cluster.context(), &args)
            .unwrap()
            .set("remote_dir", self.path("state").to_str().unwrap())
            .then(RESTORE);
        let cut = script.text().replace(&format!("#@ {mark}\n"), &format!("{what}\n"));
        assert_ne!(cut, script.text());
        Command::new("sh").arg("-c").arg(&cut).output().unwrap()
    }

    /// Where the old data is, after it was moved aside.
    fn aside(&self, mounted: bool) -> PathBuf {
        if mounted {
            self.data_dir.join("rrecover-01RUN")
        } else {
            self.path("var/etcd.rrecover-01RUN")
        }
    }

    /// Everything is where it belongs, and nothing else is left.
    fn assert_restored(&self, mounted: bool) {
        let aside = self.aside(mounted);
        assert_eq!(std::fs::read_to_string(aside.join("member/old")).unwrap(), "old");
        assert!(self.data_dir.join("member/snap/db").exists());
        assert!(!self.data_dir.join("member/old").exists(), "the new data is in place");
        let mut names = list(&self.data_dir);
        let mut expected = vec!["member".to_owned()];
        if mounted {
            expected.extend(["lost+found".to_owned(), "rrecover-01RUN".to_owned()]);
        } else {
            assert_eq!(list(self.data_dir.parent().unwrap()), ["etcd", "etcd.rrecover-01RUN"]);
        }
        names.sort();
        expected.sort();
        assert_eq!(names, expected, "no marker and no scratch is left");
    }

    /// The restored member starts, is a cluster of its own and has every key.
    fn assert_serves(&mut self) {
        let initial = format!("etcd1={}", self.cluster.members[0].peer_url);
        self.cluster.run(0, &initial, "existing");
        self.cluster.wait_for_leader();
        let keys = self.cluster.etcdctl(0, &["get", "--prefix", "key", "--keys-only"]).unwrap();
        assert_eq!(keys.lines().filter(|line| !line.is_empty()).count(), 20);
    }
}

fn list(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn refusal(result: Result<crate::modules::Outcome, ModuleError>) -> String {
    match result {
        Err(ModuleError::Refused { reason, .. }) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

async fn a_member_is_restored(version: &'static str, mounted: bool) {
    let mut bench = Bench::new(version, mounted);
    let trial = bench.restore(json!({"trial": true})).await.unwrap();
    assert!(!trial.changed);
    assert!(!bench.aside(mounted).exists(), "the trial moves nothing");
    let restored = bench.restore(json!({})).await.unwrap();
    assert!(restored.changed, "{restored:?}");
    assert_eq!(restored.values["aside"], bench.aside(mounted).to_str().unwrap());
    bench.assert_restored(mounted);
    let again = bench.restore(json!({})).await.unwrap();
    assert!(!again.changed, "{again:?}");
    bench.assert_serves();
    // Done is done, also while etcd runs with it.
    assert!(!bench.restore(json!({})).await.unwrap().changed);
    bench.cluster.stop(0);
    bench.assert_restored(mounted);
}

#[tokio::test]
async fn a_directory_is_restored_on_3_4() {
    a_member_is_restored("3.4", false).await;
}

#[tokio::test]
async fn a_directory_is_restored_on_3_5() {
    a_member_is_restored("3.5", false).await;
}

#[tokio::test]
async fn a_mount_point_is_restored_on_3_4() {
    a_member_is_restored("3.4", true).await;
}

#[tokio::test]
async fn a_mount_point_is_restored_on_3_5() {
    a_member_is_restored("3.5", true).await;
}

/// Runs the script with SIGKILL at the mark, then runs it whole.
async fn cut_off_at_every_mark(mounted: bool) {
    let marks: Vec<&str> = [PLACE, RESTORE]
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.trim().strip_prefix("#@ "))
        .filter(|mark| mounted || *mark != "aside_made")
        .collect();
    assert!(marks.len() >= 6, "{marks:?}");
    let bench = Bench::new("3.5", mounted);
    let kept = bench.path("kept");
    copy(&bench.data_dir, &kept);
    for mark in marks {
        let killed = bench.run_until(mark, "kill -9 $$", &json!({}));
        assert!(!killed.status.success(), "{mark} was not reached");
        let outcome = bench.restore(json!({})).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("after {mark}: {error}"));
        assert_eq!(outcome.changed, mark != "recorded", "{mark}");
        bench.assert_restored(mounted);
        assert!(!bench.restore(json!({})).await.unwrap().changed, "{mark}");
        // Back to the beginning.
        for entry in std::fs::read_dir(&bench.data_dir).unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        let _ = std::fs::remove_dir_all(bench.path("var/etcd.rrecover-01RUN"));
        std::fs::remove_dir_all(bench.path("state")).unwrap();
        for name in list(&kept) {
            copy(&kept.join(&name), &bench.data_dir.join(&name));
        }
    }
}

fn copy(from: &Path, to: &Path) {
    run(Command::new("cp").arg("-a").arg(from).arg(to));
}

#[tokio::test]
async fn a_restore_that_was_killed_anywhere_is_finished() {
    cut_off_at_every_mark(false).await;
}

#[tokio::test]
async fn a_restore_on_a_mount_point_that_was_killed_anywhere_is_finished() {
    cut_off_at_every_mark(true).await;
}

#[tokio::test]
async fn nothing_is_moved_when_etcd_was_started_during_the_restore() {
    let started = "unit=etcd\nsystemctl() { echo active; }";
    for mounted in [false, true] {
        let bench = Bench::new("3.5", mounted);
        let output = bench.run_until("restored", started, &json!({}));
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(bench.data_dir.join("member/old").exists(), "the old data is where it was");
        let output = bench.run_until("aside", started, &json!({}));
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(!bench.data_dir.join("member").exists(), "nothing was put in place");
        bench.restore(json!({})).await.unwrap();
        bench.assert_restored(mounted);
    }
}

#[tokio::test]
async fn one_restore_runs_on_a_host_at_a_time() {
    let bench = Bench::new("3.5", false);
    std::fs::create_dir(bench.path("state")).unwrap();
    let lock = std::fs::File::create(bench.path("state/restore.lock")).unwrap();
    lock.lock().unwrap();
    let waiting = bench.restore(json!({}));
    tokio::pin!(waiting);
    let while_held = tokio::time::timeout(std::time::Duration::from_secs(2), &mut waiting).await;
    assert!(while_held.is_err(), "it waits for the other one: {while_held:?}");
    assert_eq!(list(bench.data_dir.parent().unwrap()), ["etcd"], "nothing is done meanwhile");
    drop(lock);
    waiting.await.unwrap();
}

#[tokio::test]
async fn a_file_that_was_exchanged_is_what_is_restored_or_refused() {
    for (mark, mounted) in [
        ("complete", false),
        ("aside", false),
        ("aside", true),
        ("placed", false),
        ("placed", true),
    ] {
        let mut bench = Bench::new("3.5", mounted);
        let given = bench.path("etcd-snapshot-given.db");
        std::fs::copy(bench.path("snapshot.db"), &given).unwrap();
        let initial = format!("etcd1={}", bench.cluster.members[0].peer_url);
        bench.cluster.run(0, &initial, "existing");
        bench.cluster.wait_for_leader();
        bench.cluster.etcdctl(0, &["put", "second", "file"]).unwrap();
        let second = bench.path("second.db");
        bench.cluster.etcdctl(0, &["snapshot", "save", second.to_str().unwrap()]).unwrap();
        bench.cluster.stop(0);
        let args = json!({"snapshot": given});
        let killed = bench.run_until(mark, "kill -9 $$", &args);
        assert!(!killed.status.success(), "{mark} was not reached");
        std::fs::copy(&second, &given).unwrap();
        let wanted = if mark == "placed" {
            for _ in 0..2 {
                let reason = refusal(bench.restore(args.clone()).await);
                assert!(reason.contains("another snapshot"), "{reason}");
                // The file that is in place, the second time on record, is no other one.
                std::fs::copy(bench.path("snapshot.db"), &given).unwrap();
                bench.restore(args.clone()).await.unwrap();
                std::fs::copy(&second, &given).unwrap();
            }
            // The host's own snapshot is of what is in place.
            assert!(!bench.restore(json!({})).await.unwrap().changed);
            ""
        } else {
            bench.restore(args).await.unwrap();
            "second\nfile"
        };
        bench.assert_restored(mounted);
        bench.assert_serves();
        let found = bench.cluster.etcdctl(0, &["get", "second"]).unwrap();
        assert_eq!(found.trim(), wanted, "{mark}");
    }
}

#[tokio::test]
async fn a_half_restored_directory_is_done_again() {
    let bench = Bench::new("3.5", false);
    let new = bench.path("var/etcd.new-01RUN");
    std::fs::create_dir_all(new.join("member/snap")).unwrap();
    std::fs::write(new.join("member/snap/db"), "half").unwrap();
    bench.restore(json!({})).await.unwrap();
    bench.assert_restored(false);
}

#[tokio::test]
async fn old_data_is_never_mixed_with_what_was_kept_before() {
    for mounted in [false, true] {
        let bench = Bench::new("3.5", mounted);
        std::fs::create_dir_all(bench.aside(mounted).join("member")).unwrap();
        let reason = refusal(bench.restore(json!({})).await);
        assert!(reason.contains("rrecover-01RUN"), "{reason}");
        assert!(bench.data_dir.join("member/old").exists(), "the old data is untouched");
    }
}

#[tokio::test]
async fn nothing_is_moved_while_etcd_runs_with_the_data() {
    let mut bench = Bench::new("3.4", false);
    let initial = format!("etcd1={}", bench.cluster.members[0].peer_url);
    bench.cluster.run(0, &initial, "existing");
    bench.cluster.wait_for_leader();
    for state in ["restored", "aside"] {
        let reason = refusal(bench.restore(json!({"state": state})).await);
        assert!(reason.contains("runs with"), "{reason}");
    }
    // The trial is made beside the running member: that is what it is for.
    bench.restore(json!({"trial": true})).await.unwrap();
    assert_eq!(list(bench.data_dir.parent().unwrap()), ["etcd"]);
}

#[tokio::test]
async fn a_snapshot_that_does_not_restore_is_refused_by_the_trial() {
    for version in ["3.4", "3.5"] {
        let bench = Bench::new(version, false);
        let mut bytes = std::fs::read(bench.path("snapshot.db")).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        std::fs::write(bench.path("snapshot.db"), &bytes).unwrap();
        let reason = refusal(bench.restore(json!({"trial": true})).await);
        assert!(reason.contains("I-11"), "{reason}");
        assert_eq!(list(bench.data_dir.parent().unwrap()), ["etcd"], "no scratch is left");
    }
}

#[tokio::test]
async fn a_disk_without_room_is_refused() {
    let bench = Bench::new("3.5", true);
    let reason =
        refusal(bench.restore(json!({"trial": true, "needs_free_bytes": 1_u64 << 40})).await);
    assert!(reason.contains("bytes are free"), "{reason}");
    let root = tempfile::tempdir().unwrap();
    let disk = Disk::mount(&root.path().join("small"), 1 << 20);
    let small = json!({"trial": true, "data_dir": disk.0});
    assert!(refusal(bench.restore(small).await).contains("bytes are free"));
    assert_eq!(list(&disk.0), Vec::<String>::new());
}

#[tokio::test]
async fn a_retired_hosts_data_is_moved_aside_once() {
    for mounted in [false, true] {
        let bench = Bench::new("3.5", mounted);
        let mut check = bench.cluster.context();
        check.check = true;
        let args = json!({"state": "aside", "data_dir": bench.data_dir, "unit": ""});
        let would = task(&check, "etcd_restore", args.clone()).await.unwrap();
        assert!(would.changed && bench.data_dir.join("member/old").exists(), "{would:?}");
        let moved = task(&bench.cluster.context(), "etcd_restore", args.clone()).await.unwrap();
        assert!(moved.changed);
        assert_eq!(moved.values["aside"], bench.aside(mounted).to_str().unwrap());
        assert!(bench.aside(mounted).join("member/old").exists());
        assert!(!bench.data_dir.join("member").exists());
        let again = task(&bench.cluster.context(), "etcd_restore", args).await.unwrap();
        assert!(!again.changed, "{again:?}");
    }
}

#[tokio::test]
async fn a_link_to_another_disk_stays_a_link() {
    let bench = Bench::new("3.5", false);
    let link = bench.path("link");
    std::os::unix::fs::symlink(&bench.data_dir, &link).unwrap();
    bench.restore(json!({"data_dir": link})).await.unwrap();
    assert!(link.is_symlink());
    bench.assert_restored(false);
}

#[tokio::test]
async fn owner_and_mode_are_those_of_the_old_data() {
    use std::os::unix::fs::MetadataExt as _;
    let bench = Bench::new("3.5", false);
    run(Command::new("chown").args(["-R", "1234:1235"]).arg(&bench.data_dir));
    run(Command::new("chmod").arg("750").arg(&bench.data_dir));
    bench.restore(json!({})).await.unwrap();
    let directory = std::fs::metadata(&bench.data_dir).unwrap();
    assert_eq!((directory.uid(), directory.gid(), directory.mode() & 0o777), (1234, 1235, 0o750));
    let database = std::fs::metadata(bench.data_dir.join("member/snap/db")).unwrap();
    assert_eq!((database.uid(), database.gid()), (1234, 1235));
}

#[tokio::test]
async fn check_mode_changes_nothing() {
    let bench = Bench::new("3.5", false);
    let mut check = bench.cluster.context();
    check.check = true;
    for more in [json!({}), json!({"trial": true})] {
        task(&check, "etcd_restore", bench.args(&more)).await.unwrap();
    }
    assert_eq!(list(bench.data_dir.parent().unwrap()), ["etcd"]);
    assert!(!bench.path("state").exists());
}

#[tokio::test]
async fn arguments_that_would_be_dangerous_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let context = context("node1", directory.path());
    let port = free_port();
    let good = json!({
        "data_dir": directory.path().join("etcd"), "snapshot": "/s.db", "name": "a",
        "peer_url": format!("http://127.0.0.1:{port}"), "token": "t", "unit": "",
    });
    for (name, value) in [
        ("data_dir", "/"),
        ("data_dir", "/etcd"),
        ("data_dir", "var/lib"),
        ("data_dir", "/a/*"),
        ("data_dir", "/a/../b"),
        ("token", "../x"),
        ("token", ""),
        ("snapshot", ""),
    ] {
        let mut args = good.clone();
        args[name] = json!(value);
        let error = task(&context, "etcd_restore", args).await.unwrap_err();
        let named = matches!(error, ModuleError::Argument { .. } | ModuleError::Refused { .. });
        assert!(named, "{name}={value}: {error}");
    }
}

#[test]
fn the_plan_shows_the_command_and_the_moves() {
    let args = json!({
        "data_dir": "/var/lib/etcd", "snapshot": "/s.db", "name": "etcd1",
        "peer_url": "https://10.0.0.1:2380", "token": "t", "bump_revision": 5,
    });
    let module = crate::modules::find("etcd_restore").unwrap();
    let preview = module.preview(&crate::modules::Args(args.as_object().unwrap().clone()));
    assert_eq!(
        preview[0],
        "etcdutl snapshot restore /s.db --data-dir '/var/lib/etcd.new-(run)' \
        --name etcd1 --initial-cluster etcd1=https://10.0.0.1:2380 \
        --initial-advertise-peer-urls https://10.0.0.1:2380 --initial-cluster-token t \
        --bump-revision 5 --mark-compacted"
    );
    assert_eq!(
        preview[1..],
        [
            "mv /var/lib/etcd /var/lib/etcd.rrecover-(run)".to_owned(),
            "mv /var/lib/etcd.new-(run) /var/lib/etcd".to_owned(),
        ]
    );
    assert!(TOOL.contains("--mark-compacted"));
}
