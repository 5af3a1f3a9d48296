//! Every file of the corpus of the fuzz targets, through the same functions: what fuzzing found
//! once stays found.

#![expect(clippy::panic, reason = "a test fails by panicking")]

#[expect(unreachable_pub, reason = "it is the fuzz package's library, too")]
#[path = "../fuzz/src/lib.rs"]
mod bodies;

use std::path::Path;
use std::time::{Duration, Instant};

/// A file that takes longer is a finding.
const LONGEST: Duration = Duration::from_secs(5);

fn run(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{target}: {error}"));
    let mut count = 0;
    for entry in entries {
        let path = entry.unwrap_or_else(|error| panic!("{target}: {error}")).path();
        let data = std::fs::read(&path).unwrap_or_else(|error| panic!("{target}: {error}"));
        let begun = Instant::now();
        body(&data);
        assert!(begun.elapsed() < LONGEST, "{} takes {:?}", path.display(), begun.elapsed());
        count += 1;
    }
    assert!(count > 10, "the corpus of {target} has shrunk to {count} files");
}

#[test]
fn ini() {
    run("ini", bodies::ini::run);
}

#[test]
fn yaml_inventory() {
    run("yaml_inventory", bodies::yaml_inventory::run);
}

#[test]
fn host_pattern() {
    run("host_pattern", bodies::host_pattern::run);
}

#[test]
fn vault() {
    run("vault", bodies::vault::run);
}

#[test]
fn playbook() {
    run("playbook", bodies::playbook::run);
}

#[test]
fn template() {
    run("template", bodies::template::run);
}

#[test]
fn ssh_config() {
    run("ssh_config", bodies::ssh_config::run);
}
