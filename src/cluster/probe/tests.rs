//! What can be tried without etcd; `tests/etcd/probe.rs` has real clusters.

use super::host::{LookError, read};
use super::log::signs;
use super::sections::{FrameError, Sections};
use super::*;
use crate::cluster::status::{DataContent, LeftoverKind, LogSign, Unit};

/// A host's answer with the lines of one section put in the place of what stands there.
fn answer(section: &str, lines: &str) -> String {
    let defaults = [
        ("begin", "|1000 500000000\n"),
        ("user", "|0\n"),
        ("unit", "|LoadState=loaded\n|ActiveState=active\n|UnitFileState=enabled\n"),
        ("tools", "|etcd 3.5.16\n"),
        ("data", "|directory\n|member\n|db 24576\n|wal\n|real /var/lib/etcd\n"),
        ("database", ""),
        ("joined", ""),
        ("leftovers", ""),
        ("log", ""),
        ("end", "|1002 500000000\n"),
    ];
    defaults
        .into_iter()
        .flat_map(|(name, default)| {
            ["== ", name, "\n", if name == section { lines } else { default }]
        })
        .collect()
}

fn seen(section: &str, lines: &str) -> EtcdHost {
    read(&answer(section, lines), "/var/lib/etcd", 0).unwrap().etcd
}

#[test]
fn an_answer_that_ends_too_early_is_no_answer() {
    let whole = answer("", "");
    let cut = whole.split("== end").next().unwrap();
    assert_eq!(Sections::parse(cut).unwrap_err(), FrameError::Short);
    assert_eq!(Sections::parse("").unwrap_err(), FrameError::Short);
}

#[test]
fn a_line_that_is_not_ours_is_no_answer() {
    let greeted = format!("Welcome to host1\n{}", answer("", ""));
    assert_eq!(
        Sections::parse(&greeted).unwrap_err(),
        FrameError::Foreign("Welcome to host1".to_owned())
    );
    let inside = answer("tools", "etcd 3.5.16\n");
    assert!(matches!(Sections::parse(&inside), Err(FrameError::Foreign(_))));
}

#[test]
fn a_host_where_we_are_not_root_is_not_looked_at() {
    let error = read(&answer("user", "|1000\n"), "/var/lib/etcd", 0).unwrap_err();
    assert!(matches!(error, LookError::NotRoot(_)));
    assert!(error.to_string().contains("uid 1000"), "{error}");
}

#[test]
fn the_clock_is_compared_in_the_middle_of_the_round_trip() {
    let look = read(&answer("", ""), "/var/lib/etcd", 1_000_000).unwrap();
    assert_eq!(look.clock_offset_ms, Some(1_001_500 - 1_000_000));
    let busybox = answer("begin", "|1000 %N\n");
    assert_eq!(read(&busybox, "/x", 1_000_000).unwrap().clock_offset_ms, Some(1_250));
    let none = answer("begin", "");
    assert_eq!(read(&none, "/x", 0).unwrap().clock_offset_ms, None);
}

#[test]
fn units_are_what_systemd_says() {
    let unit = |load: &str, active: &str| {
        seen("unit", &format!("|LoadState={load}\n|ActiveState={active}\n|UnitFileState=\n")).unit
    };
    assert_eq!(unit("loaded", "active"), Unit::Active);
    assert_eq!(unit("loaded", "activating"), Unit::Activating);
    assert_eq!(unit("loaded", "deactivating"), Unit::Active);
    assert_eq!(unit("loaded", "failed"), Unit::Failed);
    assert_eq!(unit("loaded", "inactive"), Unit::Inactive);
    assert_eq!(unit("not-found", "inactive"), Unit::Absent);
    // The unit's file is gone, but its process still runs.
    assert_eq!(unit("not-found", "active"), Unit::Active);
    assert_eq!(seen("unit", "").unit, Unit::Absent);
    assert!(seen("", "").enabled);
    assert!(!seen("unit", "|ActiveState=active\n|UnitFileState=disabled\n").enabled);
    assert_eq!(seen("unit", "|ActiveState=activating\n|MainPID=42\n|age 3\n").running_for, Some(3));
    assert_eq!(seen("unit", "|ActiveState=failed\n|MainPID=0\n").running_for, None);
}

#[test]
fn data_is_present_only_with_a_database_and_a_log() {
    let content = |lines: &str| seen("data", lines).data.content;
    assert_eq!(content(""), DataContent::Missing);
    assert_eq!(content("|directory\n"), DataContent::Empty);
    assert_eq!(
        content("|directory\n|member\n|db 24576\n|wal\n"),
        DataContent::Present { db_bytes: 24_576, revision: None }
    );
    for damaged in [
        "|directory\n|member\n",
        "|directory\n|member\n|wal\n",
        "|directory\n|member\n|db 24576\n",
        "|directory\n|member\n|db 0\n|wal\n",
        "|unreadable it is not a directory\n",
        "|directory\n|member\n|db 24576\n|unreadable dd: Input/output error\n|wal\n",
    ] {
        assert!(matches!(content(damaged), DataContent::Damaged { .. }), "{damaged}");
    }
}

#[test]
fn data_that_nothing_runs_on_shows_its_revision() {
    let revision = |lines: &str| match seen("database", lines).data.content {
        DataContent::Present { revision, .. } => revision,
        other => panic!("{other:?}"),
    };
    let status = r#"|{"hash":1,"revision":31,"totalKey":38,"totalSize":24576}"#;
    assert_eq!(revision(&format!("{status}\n")), Some(31));
    assert_eq!(revision("|Error: not a database\n"), None);
    assert_eq!(revision(""), None);
}

#[test]
fn the_mark_of_the_run_that_made_a_member_is_read() {
    let run = |lines: &str| seen("joined", lines).recovered_by;
    assert_eq!(run("|01ABC https://10.0.0.1:2380\n").as_deref(), Some("01ABC"));
    assert_eq!(run(""), None);
}

#[test]
fn the_longest_mount_decides_whether_data_can_be_moved_or_written() {
    let root = "|mount / rw,relatime - ext4 /dev/sda1 rw\n";
    let data =
        |lines: &str| seen("data", &format!("|directory\n|real /var/lib/etcd\n{lines}")).data;
    assert!(!data(root).mount_point);
    assert!(!data(root).read_only);
    let own = data(&format!("|mount /var/lib/etcd rw - ext4 /dev/sdb rw\n{root}"));
    assert!(own.mount_point && !own.read_only);
    let above = data(&format!("{root}|mount /var rw - ext4 /dev/sdb ro,errors=remount-ro\n"));
    assert!(!above.mount_point && above.read_only, "the file system itself is read-only");
    let bound =
        data(&format!("{root}|mount /var/lib/etcd ro,noatime shared:1 - ext4 /dev/sda1 rw\n"));
    assert!(bound.mount_point && bound.read_only, "a bind mount is a mount point as well");
}

#[test]
fn free_space_is_counted_in_bytes() {
    let free = |line: &str| seen("data", &format!("|df {line}\n")).data.free_bytes;
    assert_eq!(free("/dev/sda1 100 40 60 40% /"), 60 * 1024);
    assert_eq!(free("my nas:/a b 100 40 60 40% /mnt/a b"), 60 * 1024);
    assert_eq!(free("-"), 0);
}

#[test]
fn leftovers_are_known_by_their_run_newest_last() {
    let found = seen(
        "leftovers",
        "|restored 30 /var/lib/etcd.new-01B\n|aside 10 /var/lib/etcd/rrecover-01A\n\
         |aside 20 /var/lib/etcd.rrecover-01B\n",
    )
    .leftovers;
    let short: Vec<_> = found.iter().map(|one| (one.kind, one.run.as_str())).collect();
    assert_eq!(
        short,
        [
            (LeftoverKind::Aside, "01A"),
            (LeftoverKind::Aside, "01B"),
            (LeftoverKind::Restored, "01B"),
        ]
    );
    assert_eq!(found[0].path, "/var/lib/etcd/rrecover-01A");
}

#[test]
fn log_lines_are_known_by_what_etcd_writes() {
    let lines = [
        (r#"{"msg":"request cluster ID mismatch"}"#, LogSign::ClusterIdMismatch),
        (
            r#"{"msg":"request sent was ignored by remote peer due to cluster ID mismatch"}"#,
            LogSign::ClusterIdMismatch,
        ),
        ("the member has been permanently removed from the cluster", LogSign::PermanentlyRemoved),
        ("the data-dir used by this member must be removed", LogSign::PermanentlyRemoved),
        (
            "tocommit(30) is out of range [lastIndex(0)]. Was the raft log corrupted, truncated, or lost?",
            LogSign::RaftLogLost,
        ),
        (
            "error validating peerURLs {ClusterID:1}: member count is unequal",
            LogSign::MembershipMismatch,
        ),
        ("unmatched member while checking PeerURLs", LogSign::MembershipMismatch),
        (
            "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time",
            LogSign::CertificateExpired,
        ),
        (
            "rejected connection on peer endpoint: remote error: tls: bad certificate",
            LogSign::CertificateRefused,
        ),
        ("x509: certificate signed by unknown authority", LogSign::CertificateRefused),
        ("x509: certificate is valid for 10.0.0.1, not 10.0.0.2", LogSign::CertificateRefused),
        ("initial corruption checking failed", LogSign::Corrupt),
        ("found data inconsistency with peers", LogSign::Corrupt),
        ("mvcc: database space exceeded", LogSign::NoSpace),
        ("write: no space left on device", LogSign::NoSpace),
        ("wal: crc mismatch", LogSign::DiskBroken),
        ("freepages: failed to get all reachable pages", LogSign::DiskBroken),
        ("invalid database", LogSign::DiskBroken),
        ("file already closed", LogSign::DiskBroken),
    ];
    for (line, sign) in lines {
        assert_eq!(signs(&[line]), [sign], "{line}");
    }
    for harmless in
        ["slow fdatasync", "apply request took too long", "failed to send out heartbeat"]
    {
        assert_eq!(signs(&[harmless]), []);
    }
}

#[test]
fn what_was_logged_before_etcd_came_up_is_history() {
    let bad = "wal: crc mismatch";
    let up = r#"{"msg":"ready to serve client requests"}"#;
    assert_eq!(signs(&[bad, up, "fine"]), []);
    assert_eq!(signs(&[up, bad, bad]), [LogSign::DiskBroken]);
    assert_eq!(signs(&[]), []);
}

#[test]
fn a_private_key_cannot_be_printed() {
    let pem = "|-----BEGIN RSA PRIVATE KEY-----\n|c2VjcmV0\n";
    let text = format!(
        "== user\n|0\n== credentials\n|/c/ca.pem\n|/c/a.pem\n|/c/a-key.pem\n== ca\n|A\n\
         == certificate\n|B\n== key\n{pem}== end\n"
    );
    let look = read(&text, "/var/lib/etcd", 0).unwrap();
    let key = look.credentials.as_ref().unwrap().key.expose();
    assert!(key.starts_with("-----BEGIN RSA PRIVATE KEY-----\nc2Vj"));
    assert!(!format!("{look:?}").contains("c2Vj"));
}

#[test]
fn what_no_host_answers_to_is_off_and_what_refuses_is_not() {
    let (host, address) = ("h".to_owned(), "h:22".to_owned());
    let off = TransportError::Unreachable { host: host.clone(), address, reason: "x".to_owned() };
    assert!(matches!(reach(&off), Reach::Unreachable { .. }));
    let refused = TransportError::Auth { host, user: "u".to_owned(), reason: "x".to_owned() };
    assert!(matches!(reach(&refused), Reach::Denied { .. }));
}
