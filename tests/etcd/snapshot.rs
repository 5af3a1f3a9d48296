//! `cluster::snapshot_file` against snapshots that etcd itself wrote.

use crate::support::{LoneEtcd, VERSIONS};
use rrecover::cluster::etcd_json;
use rrecover::cluster::snapshot_file::{SnapshotError, inspect};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

struct Taken {
    _directory: tempfile::TempDir,
    etcd: LoneEtcd,
    snapshot: PathBuf,
    raw_copy: PathBuf,
}

/// A snapshot of an etcd with 300 keys, one deleted and one overwritten, some larger than a page.
fn taken(version: &str) -> Taken {
    let directory = tempfile::tempdir().unwrap();
    let mut etcd = LoneEtcd::start(version, directory.path());
    let large = "x".repeat(20_000);
    // One transaction holds at most 128 operations.
    for from in [0, 100, 200] {
        let puts: Vec<_> =
            (from..from + 100).map(|n| format!("put /registry/key{n} value{n}")).collect();
        // No comparisons, then what is done, then what would be done otherwise.
        etcd.ctl_reading(&["txn"], &format!("\n{}\n\n\n", puts.join("\n")));
    }
    etcd.ctl(&["put", "/registry/large", &large]);
    etcd.ctl(&["put", "/registry/key7", "again"]);
    etcd.ctl(&["del", "/registry/key8"]);
    let snapshot = directory.path().join("snapshot.db");
    etcd.ctl(&["snapshot", "save", snapshot.to_str().unwrap()]);
    etcd.stop();
    let raw_copy = etcd.data.join("member/snap/db");
    Taken { _directory: directory, etcd, snapshot, raw_copy }
}

fn written_beside(path: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let copy = path.with_file_name(name);
    std::fs::write(&copy, bytes).unwrap();
    copy
}

/// The bytes with the digest that would be right for them.
fn signed_again(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - 32;
    let digest = Sha256::digest(&bytes[..end]);
    bytes[end..].copy_from_slice(&digest);
    bytes
}

/// Numbers that look random and are the same in every run.
fn numbers(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    }
}

#[test]
fn an_intact_snapshot_says_what_etcd_says() {
    for version in VERSIONS {
        let taken = taken(version);
        let found = inspect(&taken.snapshot).unwrap();
        let path = taken.snapshot.to_str().unwrap();
        let status = etcd_json::snapshot_status(
            &taken.etcd.ctl(&["snapshot", "status", path, "-w", "json"]),
        )
        .unwrap();
        assert_eq!(found.revision, status.revision, "{version}");
        assert_eq!(
            found.revision, 7,
            "three transactions, two puts, one deletion, from revision 1"
        );
        assert_eq!(found.total_keys, 303, "{version}");
        assert!(found.total_keys <= status.total_keys, "etcd counts every bucket");
        assert_eq!(found.cluster_version.as_deref(), Some(&*format!("{version}.0")));
        assert!(found.has_digest);
        assert_eq!(found.bytes, std::fs::metadata(path).unwrap().len());
        let whole = hex::encode(Sha256::digest(std::fs::read(path).unwrap()));
        assert_eq!(found.sha256, whole);
    }
}

#[test]
fn a_raw_copy_of_the_database_is_read_and_has_no_digest() {
    for version in VERSIONS {
        let taken = taken(version);
        let found = inspect(&taken.raw_copy).unwrap();
        assert!(!found.has_digest);
        assert_eq!((found.revision, found.total_keys), (7, 303), "{version}");
    }
}

#[test]
fn one_flipped_bit_anywhere_is_noticed() {
    let taken = taken("3.5");
    let intact = std::fs::read(&taken.snapshot).unwrap();
    let mut number = numbers(1);
    let last = intact.len() - 1;
    let ends = [0, 16, 4096, last - 32, last - 31, last];
    let anywhere: Vec<_> = (0..60).map(|_| number(intact.len())).collect();
    for at in ends.into_iter().chain(anywhere) {
        let mut damaged = intact.clone();
        damaged[at] ^= 1 << number(8);
        let copy = written_beside(&taken.snapshot, "damaged.db", &damaged);
        let error = inspect(&copy).unwrap_err();
        // A flipped bit in the meta data can make the database seem longer than the file.
        let noticed = matches!(error, SnapshotError::Digest { .. })
            || matches!(error, SnapshotError::Truncated { .. } if at < 8192);
        assert!(noticed, "byte {at}: {error}");
    }
}

#[test]
fn a_wrong_digest_is_shown_beside_the_right_one() {
    let taken = taken("3.4");
    let mut bytes = std::fs::read(&taken.snapshot).unwrap();
    let right = hex::encode(Sha256::digest(&bytes[..bytes.len() - 32]));
    let last = bytes.len() - 1;
    bytes[last] ^= 0xff;
    let copy = written_beside(&taken.snapshot, "damaged.db", &bytes);
    let SnapshotError::Digest { expected, found, .. } = inspect(&copy).unwrap_err() else {
        panic!("not a wrong digest");
    };
    assert_eq!(found, right);
    assert_eq!(expected, hex::encode(&bytes[last - 31..]));
}

#[test]
fn a_truncated_snapshot_is_said_to_be_truncated() {
    let taken = taken("3.5");
    let intact = std::fs::read(&taken.snapshot).unwrap();
    let cuts = [
        intact.len() - 1,
        intact.len() - 31,
        intact.len() - 33,
        intact.len() - 32 - 4096,
        intact.len() - 4096,
        intact.len() / 2,
        intact.len() / 2 / 512 * 512,
        intact.len() / 2 / 512 * 512 + 32,
        8192,
    ];
    for length in cuts {
        let copy = written_beside(&taken.snapshot, "cut.db", &intact[..length]);
        let error = inspect(&copy).unwrap_err();
        assert!(matches!(error, SnapshotError::Truncated { .. }), "{length}: {error}");
    }
    let copy = written_beside(&taken.snapshot, "cut.db", &intact[..intact.len() - 32]);
    assert!(!inspect(&copy).unwrap().has_digest, "only the digest is missing");
    let copy = written_beside(&taken.snapshot, "cut.db", &intact[..10]);
    assert!(matches!(inspect(&copy), Err(SnapshotError::NotASnapshot { .. })));
}

#[test]
fn hostile_bytes_behind_a_right_digest_never_panic() {
    for version in VERSIONS {
        let taken = taken(version);
        let intact = std::fs::read(&taken.snapshot).unwrap();
        let mut number = numbers(2);
        let mut refused = 0;
        for round in 0..400 {
            let mut hostile = intact.clone();
            for _ in 0..=number(20) {
                // Most of the structure stands at the beginning of pages.
                let page = number(intact.len() / 4096) * 4096;
                let at = if round % 2 == 0 { page + number(96) } else { number(intact.len()) };
                hostile[at] = [0, 1, 0x7f, 0xff, u8::try_from(number(256)).unwrap()][number(5)];
            }
            let copy = written_beside(&taken.snapshot, "hostile.db", &signed_again(hostile));
            refused += usize::from(inspect(&copy).is_err());
        }
        assert!(refused > 50, "{version}: the damage reaches the structure: {refused}");
    }
}

#[test]
fn a_database_that_points_in_a_circle_is_refused() {
    let taken = taken("3.5");
    let intact = std::fs::read(&taken.snapshot).unwrap();
    let mut circle = intact.clone();
    // Every branch, because the first one may be a page that is free again.
    for (number, page) in circle.chunks_exact_mut(4096).enumerate().skip(2) {
        let is_branch = page[8..10] == [1, 0];
        if is_branch {
            page[24..32].copy_from_slice(&u64::try_from(number).unwrap().to_le_bytes());
        }
    }
    let copy = written_beside(&taken.snapshot, "circle.db", &signed_again(circle));
    let error = inspect(&copy).unwrap_err();
    assert!(error.to_string().contains("circle"), "{error}");
}
