//! Tests of paths on the machine that runs the playbook.

use crate::template::call::{Arguments, Plugin, plugin};
use minijinja::{Error, Value};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

pub(super) const TESTS: &[Plugin] = &[
    plugin("abs", &[], |call| path(call, Path::is_absolute)),
    plugin("directory", &[], |call| path(call, Path::is_dir)),
    plugin("exists", &[], |call| path(call, Path::exists)),
    plugin("file", &[], |call| path(call, Path::is_file)),
    plugin("is_abs", &[], |call| path(call, Path::is_absolute)),
    plugin("is_dir", &[], |call| path(call, Path::is_dir)),
    plugin("is_file", &[], |call| path(call, Path::is_file)),
    plugin("is_link", &[], |call| path(call, Path::is_symlink)),
    plugin("is_mount", &[], |call| path(call, is_mount)),
    plugin("is_same_file", &["path2"], same_file),
    plugin("link", &[], |call| path(call, Path::is_symlink)),
    plugin("link_exists", &[], |call| path(call, |path| path.symlink_metadata().is_ok())),
    plugin("mount", &[], |call| path(call, is_mount)),
    plugin("same_file", &["path2"], same_file),
];

fn path(call: &Arguments<'_>, holds: fn(&Path) -> bool) -> Result<Value, Error> {
    Ok(Value::from(holds(Path::new(call.input_str()?))))
}

/// Whether something is mounted there: it lies on another device than what is above it.
fn is_mount(path: &Path) -> bool {
    let Ok(own) = path.symlink_metadata() else { return false };
    let Ok(above) = path.join("..").symlink_metadata() else { return false };
    !own.is_symlink() && (own.dev() != above.dev() || own.ino() == above.ino())
}

fn same_file(call: &Arguments<'_>) -> Result<Value, Error> {
    let other = call.text("path2")?;
    let (left, right) = (std::fs::metadata(call.input_str()?), std::fs::metadata(&other));
    match (left, right) {
        (Ok(left), Ok(right)) => {
            Ok(Value::from(left.dev() == right.dev() && left.ino() == right.ino()))
        }
        _ => Err(crate::template::value::refuse("`same_file` takes paths of files that are there")),
    }
}
