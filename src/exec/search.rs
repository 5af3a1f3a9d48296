//! Where the files of this machine are looked for.

use super::keywords::Keyed;
use crate::plan::{Play, Task};
use crate::template::Scope;
use std::path::{Path, PathBuf};

/// Where relative local paths are looked for, in Ansible's order: in the role and those that need
/// it, beside the file that the task stands in, and beside the playbook. In each of them the folder
/// of that kind of file comes first; who looks there knows its name.
pub(super) fn search_path(play: &Play, task: &Task) -> Vec<PathBuf> {
    let roles = task.role.iter().flat_map(|role| role.directories().map(Path::to_owned));
    let here = task.directory.iter().flat_map(|directory| {
        let above = directory.parent().filter(|_| directory.ends_with("tasks")).map(Path::to_owned);
        above.into_iter().chain([directory.clone()])
    });
    let mut places: Vec<PathBuf> = Vec::new();
    for place in roles.chain(here).chain(play.directory.clone()).map(whole) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// The path from the root, without `.` in it: results name files as Ansible does.
fn whole(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).map_or(path, |whole| whole.components().collect())
}

/// The variables of a task with where its files are looked for.
pub(super) fn searching(scope: &Scope, keyed: Keyed<'_>) -> Scope {
    let places = search_path(keyed.play, keyed.task);
    let shown: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    let scope = scope.searching(places, keyed.play.directory.as_deref());
    scope.with("ansible_search_path", shown)
}
