//! The tool dies in the middle of a quorum-loss recovery. Run again, it finishes; nothing is lost.

use super::on_both_versions;
use super::rehearsal::Rehearsal;
use rrecover::lab::EtcdVersion;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

on_both_versions!(killed_again_and_again_it_still_finishes);

/// Each run is killed as soon as its journal says that a step of this name was sent.
const POINTS: &[&str] = &[
    "save-a-snapshot-of-the-survivor",
    "stop-and-disable-etcd",
    "restore-beside-the-old-data",
    "wait-until-it-leads",
    "add-it-to-the-member-list",
    "wait-until-it-has-caught-up",
];

async fn killed_again_and_again_it_still_finishes(version: EtcdVersion) {
    let mut lab = Rehearsal::three("killed", version).await;
    let revision = lab.revision("node1").await;
    lab.replace("node2").await.unwrap();
    lab.replace("node3").await.unwrap();
    lab.groups(&["node1", "node2", "node3"], &["node2", "node3"]);
    for point in POINTS {
        kill_at(&lab, point);
    }
    lab.recover(&[]).exits(0);
    lab.assert_cluster(&["node1", "node2", "node3"]).await;
    lab.assert_keys("node3").await;
    assert!(lab.revision("node1").await >= revision);
}

/// Starts a recovery and kills it with SIGKILL when it reaches `point`. A run that has nothing left
/// to do there ends by itself, and well.
fn kill_at(lab: &Rehearsal, point: &str) {
    let inventory = lab.inventory_path().display().to_string();
    let log = lab.state().with_file_name("killed.log");
    let file = std::fs::File::create(&log).unwrap();
    let mut child = lab
        .command(&["play", "recover-control-plane", "--yes", "-i", &inventory])
        .stdout(Stdio::null())
        .stderr(file)
        .spawn()
        .unwrap();
    let seen = count(&lab.state(), point);
    let start = Instant::now();
    while count(&lab.state(), point) == seen {
        if let Some(status) = child.try_wait().unwrap() {
            let said = std::fs::read_to_string(&log).unwrap();
            assert!(status.success(), "before {point}: {status}\n{said}");
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(180), "{point} is never reached");
        std::thread::sleep(Duration::from_millis(5));
    }
    kill(&mut child);
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// How many steps of that name all journals say were sent.
fn count(state: &Path, point: &str) -> usize {
    let Ok(runs) = std::fs::read_dir(state.join("rrecover/runs")) else { return 0 };
    let journal = |run: std::fs::DirEntry| {
        std::fs::read_to_string(run.path().join("journal.jsonl")).unwrap_or_default()
    };
    let sent = |text: String| {
        text.lines().filter(|line| line.contains("step_started") && line.contains(point)).count()
    };
    runs.map(|run| sent(journal(run.unwrap()))).sum()
}
