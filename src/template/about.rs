//! What a template file knows of itself.

use serde_json::{Map, Value, json};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What stands in `ansible_managed` unless somebody says otherwise.
pub(super) const MANAGED: &str = "Ansible managed";

/// Ansible's `template_…` variables but its times: `path` as it was written, the file that it
/// means, and where it goes.
pub fn about_template(path: &str, file: &Path, dest: Option<&str>) -> Map<String, Value> {
    let owner = std::fs::metadata(file).ok().map(|data| owner(data.uid()));
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Map::from_iter([
        ("template_host".to_owned(), json!(host)),
        ("template_path".to_owned(), json!(path)),
        ("template_fullpath".to_owned(), json!(file.display().to_string())),
        ("template_destpath".to_owned(), json!(dest)),
        ("template_uid".to_owned(), json!(owner)),
    ])
}

/// The name of this machine's user, or the number of one without a name.
fn owner(uid: u32) -> Value {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then(|| name.to_owned())
    });
    name.map_or_else(|| json!(uid), Value::from)
}
