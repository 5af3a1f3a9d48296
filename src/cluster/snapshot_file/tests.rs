//! Made-up files; `tests/etcd/snapshot.rs` has real ones, whole and damaged.

use super::*;
use std::path::PathBuf;

fn written(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("snapshot.db");
    std::fs::write(&path, bytes).unwrap();
    (directory, path)
}

#[test]
fn a_missing_file_is_said_to_be_missing() {
    let error = inspect(Path::new("/nonexistent/snapshot.db")).unwrap_err();
    assert_eq!(error.to_string(), "there is no snapshot `/nonexistent/snapshot.db`");
}

#[test]
fn an_empty_file_a_directory_and_a_text_are_no_snapshots() {
    let (directory, path) = written(b"");
    assert!(inspect(&path).unwrap_err().to_string().ends_with("it is empty"));
    let error = inspect(directory.path()).unwrap_err();
    assert!(matches!(error, SnapshotError::NotASnapshot { .. }), "{error}");
    let (_directory, path) = written(b"hello");
    assert!(matches!(inspect(&path), Err(SnapshotError::NotASnapshot { .. })));
}

#[test]
fn random_bytes_of_any_length_are_no_snapshot() {
    let mut seed = 1_u64;
    for length in [1, 31, 32, 33, 511, 512, 544, 4096, 4128, 8192, 24_608, 70_000] {
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            seed.to_be_bytes()[0]
        })
        .take(length)
        .collect();
        let (_directory, path) = written(&bytes);
        let error = inspect(&path).unwrap_err();
        assert!(matches!(error, SnapshotError::NotASnapshot { .. }), "{length}: {error}");
    }
}
