use super::*;
use crate::exec::lock::{Holder, Lock, LockError};
use crate::transport::{BoxStream, Command, LocalConnection};
use std::path::PathBuf;

/// A host whose `/var/lib/rrecover` is a directory of the test.
#[derive(Debug)]
struct Sandbox(LocalConnection, PathBuf);

#[async_trait]
impl Connection for Sandbox {
    fn host(&self) -> &str {
        self.0.host()
    }

    async fn run(&self, command: Command) -> Result<Output, TransportError> {
        let script = command.script.replace("/var/lib/rrecover", &self.1.to_string_lossy());
        self.0.run(Command { script, run_as: None, ..command }).await
    }

    async fn open_tcp(&self, address: &str, port: u16) -> Result<BoxStream, TransportError> {
        self.0.open_tcp(address, port).await
    }
}

fn farm(root: &tempfile::TempDir, names: &[&str]) -> Arc<Farm> {
    let mut farm = Farm::default();
    for name in names {
        let sandbox = Sandbox(LocalConnection::new(*name), root.path().join(name));
        farm.hosts.insert((*name).to_owned(), Ok(Arc::new(sandbox)));
    }
    farm.hosts.insert("off".to_owned(), Err(off("off")));
    Arc::new(farm)
}

fn holder(run: &str, machine: &str, pid: u32) -> Holder {
    Holder {
        run: run.to_owned(),
        owner: "me".to_owned(),
        machine: machine.to_owned(),
        pid,
        since: "2030-01-01T00:00:00Z".to_owned(),
    }
}

async fn acquire(
    farm: &Arc<Farm>,
    names: &[&str],
    holder: Holder,
    take_over: bool,
) -> Result<Lock, LockError> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    Lock::acquire(farm.clone(), &names, holder, Options::default().run_as, take_over).await
}

#[tokio::test]
async fn a_cluster_has_one_run_at_a_time() {
    let root = tempfile::tempdir().unwrap();
    let farm = farm(&root, &["a", "b", "c"]);
    let first = acquire(&farm, &["b", "c"], holder("R1", "there", 1), false).await.unwrap();
    let refused = acquire(&farm, &["a", "b"], holder("R2", "here", 2), false).await.unwrap_err();
    assert!(
        matches!(&refused, LockError::Held { host, holder } if host == "b" && holder.run == "R1")
    );
    let said = refused.to_string();
    assert!(said.contains("run R1 of `me` on `there` (process 1) since 2030"), "{said}");
    assert!(!root.path().join("a/lock").exists(), "what was taken is given back");
    assert!(root.path().join("b/lock").exists());
    assert!(first.release().await.is_empty());
    let second = acquire(&farm, &["a", "b"], holder("R2", "here", 2), false).await.unwrap();
    assert_eq!(second.hosts(), ["a", "b"]);
    let _ = second.release().await;
    for name in ["a", "b", "c"] {
        assert_eq!(std::fs::read_dir(root.path().join(name)).unwrap().count(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_lock_whose_process_is_gone_from_this_machine_is_taken_with_a_notice() {
    let root = tempfile::tempdir().unwrap();
    let farm = farm(&root, &["a"]);
    // No process has this number: it is above the kernel's limit.
    let dead = acquire(&farm, &["a"], holder("R1", "here", 5_000_000), false).await.unwrap();
    drop(dead);
    let mine = std::process::id();
    let next = acquire(&farm, &["a"], holder("R2", "here", mine), false).await.unwrap();
    assert!(next.notices[0].contains("run R1") && next.notices[0].contains("stale"));
    // Alive, and on this machine: held. On another machine nobody can tell: held.
    assert!(acquire(&farm, &["a"], holder("R3", "here", mine), false).await.is_err());
    assert!(acquire(&farm, &["a"], holder("R3", "elsewhere", mine), false).await.is_err());
    let taken = acquire(&farm, &["a"], holder("R3", "elsewhere", mine), true).await.unwrap();
    assert!(taken.notices[0].contains("taken over"));
    assert!(next.release().await.is_empty());
    assert!(root.path().join("a/lock").exists(), "who lost the lock does not remove it");
}

#[tokio::test]
async fn hosts_that_are_off_are_not_locked_and_do_not_stand_in_the_way() {
    let root = tempfile::tempdir().unwrap();
    let farm = farm(&root, &["a"]);
    let lock = acquire(&farm, &["off", "a"], holder("R1", "here", 1), false).await.unwrap();
    assert_eq!(lock.hosts(), ["a"]);
    assert!(lock.notices[0].contains("not locked"));
    let none = acquire(&farm, &["off"], holder("R2", "here", 1), false).await;
    assert!(matches!(none, Err(LockError::NoHost(_))));
}

#[tokio::test]
async fn what_is_no_lock_is_refused_and_the_same_run_may_lock_again() {
    let root = tempfile::tempdir().unwrap();
    let farm = farm(&root, &["a"]);
    std::fs::create_dir(root.path().join("a")).unwrap();
    std::fs::write(root.path().join("a/lock"), "?").unwrap();
    let refused = acquire(&farm, &["a"], holder("R1", "here", 1), false).await;
    assert!(matches!(refused, Err(LockError::Unreadable { .. })));
    drop(acquire(&farm, &["a"], holder("R1", "here", 1), true).await.unwrap());
    let again = acquire(&farm, &["a"], holder("R1", "here", 1), false).await.unwrap();
    assert!(again.notices.is_empty());
}
