//! A case: a playbook, and in its first lines how it is run.

use std::path::{Path, PathBuf};

/// A playbook to run.
pub(crate) struct Case {
    /// Its path below `tests/playbook_cases`, without the ending.
    pub(crate) name: String,
    /// The playbook, or a folder with `playbook.yml` and whatever that needs.
    pub(crate) path: PathBuf,
    /// How many hosts there are (`# hosts: 3`); they are `h1`, `h2`, … in the group `nodes`.
    pub(crate) hosts: u8,
    /// Further arguments of both tools (`# args: --check --diff`).
    pub(crate) arguments: Vec<String>,
    /// That we refuse it before anything is contacted, saying this (`# refused: text`).
    pub(crate) refused: Option<String>,
}

impl Case {
    /// Every case, in order.
    pub(crate) fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/playbook_cases");
        let mut cases = Vec::new();
        for area in folder(&root).into_iter().filter(|path| path.is_dir()) {
            cases.extend(folder(&area).iter().map(|path| Self::read(&root, path)));
        }
        cases
    }

    fn read(root: &Path, path: &Path) -> Self {
        let playbook = if path.is_dir() { path.join("playbook.yml") } else { path.to_owned() };
        let text = std::fs::read_to_string(&playbook)
            .unwrap_or_else(|error| panic!("{}: {error}", playbook.display()));
        let mut case = Self {
            name: path.strip_prefix(root).unwrap().with_extension("").display().to_string(),
            path: path.to_owned(),
            hosts: 1,
            arguments: Vec::new(),
            refused: None,
        };
        for line in text.lines().map_while(|line| line.strip_prefix('#')) {
            match line.trim().split_once(": ") {
                Some(("hosts", count)) => case.hosts = count.parse().unwrap(),
                Some(("args", words)) => {
                    case.arguments.extend(words.split_whitespace().map(str::to_owned));
                }
                Some(("refused", text)) => case.refused = Some(text.to_owned()),
                _ => {}
            }
        }
        case
    }

    /// Every file of the case, in order.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        files(&self.path)
    }
}

fn folder(path: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn files(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    folder(path).iter().flat_map(|path| files(path)).collect()
}
