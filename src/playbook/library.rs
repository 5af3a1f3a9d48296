//! Where playbooks come from: those built in, and files.

use crate::error::{Problem, did_you_mean, near_matches};
use include_dir::{Dir, include_dir};
use std::io;
use std::path::{Path, PathBuf};

/// The directory `playbooks/` of the source tree.
static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/playbooks");

/// How built-in files are named in messages.
const BUILT_IN_PREFIX: &str = "<built-in>/";

/// The names of the built-in playbooks, sorted.
pub fn built_in_names() -> Vec<String> {
    let mut names: Vec<String> = BUILT_IN
        .files()
        .filter(|file| file.path().extension().is_some_and(|end| end == "yml"))
        .filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort_unstable();
    names
}

/// The text of a built-in playbook; the name may carry `.yml` and underscores.
pub fn built_in_text(name: &str) -> Option<&'static str> {
    BUILT_IN.get_file(format!("{}.yml", plain_name(name)))?.contents_utf8()
}

/// The first comment of a built-in playbook: what it does, in one line.
pub fn built_in_title(name: &str) -> Option<&'static str> {
    let text = built_in_text(name)?;
    let line = text.lines().find(|line| line.starts_with("# "))?;
    Some(line.trim_start_matches("# "))
}

/// Writes every built-in file below `directory`, which must not hold any of them yet.
pub fn export(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    export_dir(&BUILT_IN, directory, &mut written)?;
    Ok(written)
}

fn export_dir(from: &Dir<'_>, to: &Path, written: &mut Vec<PathBuf>) -> io::Result<()> {
    for file in from.files() {
        let path = to.join(file.path());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut target = std::fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
        io::Write::write_all(&mut target, file.contents())?;
        written.push(path);
    }
    from.dirs().try_for_each(|dir| export_dir(dir, to, written))
}

fn plain_name(name: &str) -> String {
    name.strip_suffix(".yml")
        .or_else(|| name.strip_suffix(".yaml"))
        .unwrap_or(name)
        .replace('_', "-")
}

/// A file that was or will be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A path below the built-in directory.
    BuiltIn(PathBuf),
    /// A path on disk.
    Disk(PathBuf),
}

impl Source {
    /// What the operator named: a built-in playbook, or else a file.
    pub(super) fn find(name: &str) -> Result<Self, Problem> {
        let path = Path::new(name);
        let is_path = name.contains('/');
        if !is_path && built_in_text(name).is_some() && !path.is_file() {
            return Ok(Self::BuiltIn(PathBuf::from(format!("{}.yml", plain_name(name)))));
        }
        if path.is_file() {
            return Ok(Self::Disk(path.to_owned()));
        }
        let names = built_in_names();
        let problem = Problem::new(format!("there is no playbook `{name}`, built in or in a file"));
        let near = near_matches(&plain_name(name), names.iter().map(String::as_str));
        Err(match did_you_mean(&near) {
            Some(hint) => problem.hint(hint),
            None => problem.hint(format!("built in are {}", names.join(", "))),
        })
    }

    /// The file that `name` means inside this one.
    pub(super) fn beside(&self, name: &str) -> Self {
        let join = |path: &Path| path.parent().unwrap_or_else(|| Path::new("")).join(name);
        match self {
            Self::BuiltIn(path) => Self::BuiltIn(normal(&join(path))),
            Self::Disk(path) => Self::Disk(join(path)),
        }
    }

    /// Whether there is such a file.
    pub(super) fn exists(&self) -> bool {
        match self {
            Self::BuiltIn(path) => BUILT_IN.get_file(path).is_some(),
            Self::Disk(path) => path.is_file(),
        }
    }

    /// The file as messages name it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::BuiltIn(path) => format!("{BUILT_IN_PREFIX}{}", path.display()),
            Self::Disk(path) => path.display().to_string(),
        }
    }

    /// The directory that relative paths start from; none in the binary.
    pub(super) fn directory(&self) -> Option<PathBuf> {
        match self {
            Self::BuiltIn(_) => None,
            Self::Disk(path) => {
                let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                Some(parent.unwrap_or_else(|| Path::new(".")).to_owned())
            }
        }
    }

    /// The same from the root, without `.` and `..`, as playbooks read it.
    pub(super) fn absolute_directory(&self) -> Option<PathBuf> {
        let directory = self.directory()?;
        let absolute = std::path::absolute(&directory).unwrap_or(directory);
        Some(Path::new("/").join(normal(&absolute)))
    }

    /// The file's text.
    pub(super) fn read(&self) -> io::Result<String> {
        match self {
            Self::BuiltIn(path) => BUILT_IN
                .get_file(path)
                .and_then(|file| file.contents_utf8())
                .map(str::to_owned)
                .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)),
            Self::Disk(path) => std::fs::read_to_string(path),
        }
    }
}

/// `a/../b` as `b`: the embedded directory knows no `..`.
fn normal(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(plain.pop()),
            std::path::Component::Normal(part) => plain.push(part),
            _ => {}
        }
    }
    plain
}
