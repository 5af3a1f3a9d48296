//! What the command line said, as playbooks read it.

use super::cycle::Cycle;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The release whose playbooks mean here what they mean there. Playbooks ask for it: Kubespray
/// refuses versions that it was not tried with.
const ANSIBLE: (u64, u64, u64) = (2, 19, 14);

impl Cycle {
    /// `ansible_check_mode` and the like: known before the run, the same for every host.
    pub(super) fn said(&self) -> Map<String, Value> {
        let run_tags = match self.selection.tags.as_slice() {
            [] => json!(["all"]),
            tags => json!(tags),
        };
        let mut said = Map::from_iter([
            ("ansible_check_mode".to_owned(), json!(self.say.check)),
            ("ansible_diff_mode".to_owned(), json!(self.say.diff)),
            ("ansible_forks".to_owned(), json!(self.forks)),
            ("ansible_verbosity".to_owned(), json!(self.say.verbosity)),
            ("ansible_run_tags".to_owned(), run_tags),
            ("ansible_skip_tags".to_owned(), json!(self.selection.skip_tags)),
            ("ansible_inventory_sources".to_owned(), json!(self.sources())),
            ("ansible_version".to_owned(), version()),
        ]);
        if let Some(limit) = &self.selection.limit {
            said.insert("ansible_limit".to_owned(), json!(limit));
        }
        said
    }

    /// The inventories as they were given, files and directories from the root.
    fn sources(&self) -> Vec<String> {
        let absolute = |source: &String| {
            let path = Path::new(source);
            let path = path.exists().then(|| std::path::absolute(path).ok()).flatten();
            path.map_or_else(|| source.clone(), |path| path.display().to_string())
        };
        self.session.sources.iter().map(absolute).collect()
    }
}

fn version() -> Value {
    let (major, minor, revision) = ANSIBLE;
    let full = format!("{major}.{minor}.{revision}");
    json!({"full": full, "major": major, "minor": minor, "revision": revision, "string": full})
}
