//! Where roles are looked for, and which files of theirs count.

use std::path::{Path, PathBuf};

/// What a file may end in, in the order in which Ansible looks.
const EXTENSIONS: [&str; 3] = [".yml", ".yaml", ".json"];

/// Where Ansible looks when nothing else is said.
const SYSTEM: [&str; 2] = ["/usr/share/ansible/roles", "/etc/ansible/roles"];

/// The directories in which roles are looked for: beside the playbook, those that are set, beside
/// the role that asks, and the playbook's own.
pub(super) fn search_path(base: Option<&Path>, asking: Option<&Path>) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = base.iter().map(|base| base.join("roles")).collect();
    paths.extend(configured());
    paths.extend(asking.map(Path::to_owned));
    paths.extend(base.map(Path::to_owned));
    paths
}

/// `ANSIBLE_ROLES_PATH`, else `roles_path` of `ansible.cfg`, else Ansible's own places.
fn configured() -> Vec<PathBuf> {
    if let Some(set) = variable("ANSIBLE_ROLES_PATH") {
        return split(&set, Path::new(""));
    }
    if let Some((file, setting)) = setting() {
        return split(&setting, file.parent().unwrap_or(Path::new("")));
    }
    let home = variable("HOME").map(|home| Path::new(&home).join(".ansible/roles"));
    home.into_iter().chain(SYSTEM.map(PathBuf::from)).collect()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The paths of a list with colons; `~` is the home directory, relative ones are below `base`.
fn split(list: &str, base: &Path) -> Vec<PathBuf> {
    let parts = list.split(':').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| match (part.strip_prefix("~/"), variable("HOME")) {
            (Some(rest), Some(home)) => Path::new(&home).join(rest),
            _ => base.join(part),
        })
        .collect()
}

/// `roles_path` of the first `ansible.cfg` that there is.
fn setting() -> Option<(PathBuf, String)> {
    let named = variable("ANSIBLE_CONFIG").map(PathBuf::from);
    let named = named.map(|path| if path.is_dir() { path.join("ansible.cfg") } else { path });
    let home = variable("HOME").map(|home| Path::new(&home).join(".ansible.cfg"));
    let files = [named, Some("ansible.cfg".into()), home, Some("/etc/ansible/ansible.cfg".into())];
    let file = files.into_iter().flatten().find(|path| path.is_file())?;
    let text = std::fs::read_to_string(&file).ok()?;
    let mut in_defaults = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            in_defaults = line == "[defaults]";
        } else if in_defaults
            && let Some((name, value)) = line.split_once(['=', ':'])
            && name.trim() == "roles_path"
        {
            let value = value.split(" ;").next().unwrap_or(value).trim();
            return Some((file, value.to_owned()));
        }
    }
    None
}

/// The paths that `main`, or the file that is asked for, may have.
pub(super) fn candidates(directory: &Path, from: Option<&str>) -> Vec<PathBuf> {
    let name = from.unwrap_or("main");
    let with = EXTENSIONS.map(|end| directory.join(format!("{name}{end}")));
    let plain = directory.join(name);
    match from {
        // A name that has its extension already is meant as it is.
        Some(_) => std::iter::once(plain).chain(with).collect(),
        None => with.into_iter().chain([plain]).collect(),
    }
}

/// The file, or the files of a directory by name, those of directories inside it included.
pub(super) fn files_of(path: &Path) -> Vec<PathBuf> {
    let Ok(directory) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let mut inside: Vec<PathBuf> = directory.flatten().map(|entry| entry.path()).collect();
    inside.sort_unstable();
    let wanted = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let plain = !name.contains('.') || EXTENSIONS.iter().any(|end| name.ends_with(end));
        !name.starts_with('.') && !name.ends_with('~') && (path.is_dir() || plain)
    };
    inside.into_iter().filter(wanted).flat_map(|path| files_of(&path)).collect()
}
