//! Finding `ansible.cfg`, and reading it as Python's `configparser` does.

use crate::error::{Location, Problem, Problems};
use rustix::fs::Mode;
use std::path::{Path, PathBuf};

/// One `key = value`, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) section: String,
    pub(super) key: String,
    pub(super) value: String,
    pub(super) location: Location,
}

/// The `ansible.cfg` that counts, and the one that is left out because anybody could have put it
/// there.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Found {
    pub(super) file: Option<PathBuf>,
    pub(super) left_out: Option<PathBuf>,
}

/// `ANSIBLE_CONFIG`, `./ansible.cfg` unless everybody may write there, `~/.ansible.cfg`,
/// `/etc/ansible/ansible.cfg`: the first that exists.
pub(super) fn find(environment: &dyn Fn(&str) -> Option<String>, directory: &Path) -> Found {
    let named = environment("ANSIBLE_CONFIG").filter(|path| !path.is_empty()).map(|path| {
        let path = directory.join(path);
        if path.is_dir() { path.join("ansible.cfg") } else { path }
    });
    let here = directory.join("ansible.cfg");
    let open = rustix::fs::stat(directory)
        .is_ok_and(|stat| Mode::from_raw_mode(stat.st_mode).contains(Mode::WOTH));
    let home = environment("HOME").map(|home| Path::new(&home).join(".ansible.cfg"));
    let candidates = [
        named.clone(),
        (!open).then(|| here.clone()),
        home,
        Some(PathBuf::from("/etc/ansible/ansible.cfg")),
    ];
    let file = candidates.into_iter().flatten().find(|path| path.is_file());
    let skipped = open && here.is_file() && (named.is_none() || file != named);
    Found { file, left_out: skipped.then_some(here) }
}

/// The entries of a file, in order. Keys are in lower case; lines that are indented deeper go on
/// with the value above.
pub(super) fn parse(file: &str, text: &str) -> Result<Vec<Entry>, Problems> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut section = None;
    let mut indent = None;
    let mut problems = Problems::default();
    for (line, number) in text.lines().zip(1..) {
        let depth = line.len() - line.trim_start().len();
        let body = without_comment(line);
        if body.is_empty() {
            continue;
        }
        let at = Location::new(file, number, depth + 1);
        if let (Some(above), Some(entry)) = (indent, entries.last_mut())
            && depth > above
        {
            entry.value.push('\n');
            entry.value.push_str(body);
            continue;
        }
        indent = None;
        if let Some(name) = body.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            section = Some(name.0.to_owned());
            continue;
        }
        match (&section, body.split_once(['=', ':'])) {
            (Some(section), Some((key, value))) if !key.trim().is_empty() => {
                indent = Some(depth);
                entries.push(Entry {
                    section: section.clone(),
                    key: key.trim().to_lowercase(),
                    value: value.trim().to_owned(),
                    location: at,
                });
            }
            _ => problems.push(
                Problem::at(at, format!("`{body}` is no setting"))
                    .hint("write `key = value` below a `[section]`"),
            ),
        }
    }
    problems.or(entries)
}

/// A line without what stands behind `#` at its front or behind a `;` after a blank.
fn without_comment(line: &str) -> &str {
    let body = line.trim();
    if body.starts_with(['#', ';']) {
        return "";
    }
    let comment =
        body.match_indices(';').find(|(at, _)| body[..*at].ends_with(char::is_whitespace));
    comment.map_or(body, |(at, _)| body[..at].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn values(text: &str) -> Vec<String> {
        let entries = parse("ansible.cfg", text).unwrap();
        entries.iter().map(|e| format!("{}.{}={}", e.section, e.key, e.value)).collect()
    }

    #[test]
    fn settings_are_read_as_configparser_reads_them() {
        let text = "# c\n[defaults]\nForks = 3 ; many\ninventory: a,\n  b\n\n; x\nempty=\n[ssh_connection]\nssh_args = -o A=b;c\n";
        assert_eq!(
            values(text),
            [
                "defaults.forks=3",
                "defaults.inventory=a,\nb",
                "defaults.empty=",
                "ssh_connection.ssh_args=-o A=b;c"
            ]
        );
    }

    #[test]
    fn a_line_that_is_no_setting_is_named() {
        let problems = parse("ansible.cfg", "forks = 1\n[defaults]\nforks\n").unwrap_err();
        let places: Vec<_> = problems.0.iter().filter_map(|p| p.location.clone()).collect();
        assert_eq!(places.iter().map(|at| at.line).collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn the_first_file_counts_and_a_directory_open_to_all_does_not() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for directory in ["work", "home", "other"] {
            std::fs::create_dir(path(directory)).unwrap();
        }
        let home = path("home").display().to_string();
        let other = path("other").display().to_string();
        let found = |config: Option<&str>| {
            let environment = |name: &str| match name {
                "HOME" => Some(home.clone()),
                "ANSIBLE_CONFIG" => config.map(str::to_owned),
                _ => None,
            };
            find(&environment, &path("work"))
        };
        std::fs::write(path("home/.ansible.cfg"), "").unwrap();
        assert_eq!(found(None).file, Some(path("home/.ansible.cfg")));
        std::fs::write(path("work/ansible.cfg"), "").unwrap();
        assert_eq!(found(None), Found { file: Some(path("work/ansible.cfg")), left_out: None });
        std::fs::write(path("other/ansible.cfg"), "").unwrap();
        assert_eq!(found(Some(&other)).file, Some(path("other/ansible.cfg")));
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(path("work"), open).unwrap();
        assert_eq!(
            found(None),
            Found {
                file: Some(path("home/.ansible.cfg")),
                left_out: Some(path("work/ansible.cfg"))
            }
        );
        assert_eq!(found(Some(&other)).left_out, Some(path("work/ansible.cfg")).filter(|_| false));
    }
}
