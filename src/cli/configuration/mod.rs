//! `ansible.cfg` and the `ANSIBLE_*` environment: what the operator has set already.
//!
//! Where the command line says nothing, these say it, as for Ansible. A setting that would change
//! what is done and is not supported is refused; see `docs/reference/configuration.md`.

mod connection;
mod file;
mod inventory;
mod table;
#[cfg(test)]
mod tests;

use crate::error::{Location, Problem, Problems};
use file::Entry;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use table::{Meaning, SETTINGS, Setting};

pub use inventory::VaultArgs;

/// What is set outside of the command line, checked.
#[derive(Debug, Default)]
pub struct Configuration {
    /// By the first place of each setting in `ansible.cfg`.
    set: HashMap<(&'static str, &'static str), Set>,
    own_inventory: Option<String>,
    home: Option<PathBuf>,
    directory: PathBuf,
}

/// A setting's value, and where it was set.
#[derive(Debug, Clone)]
struct Set {
    value: String,
    origin: Origin,
    /// What relative paths in it are relative to.
    base: PathBuf,
}

#[derive(Debug, Clone)]
enum Origin {
    File(Location),
    Environment(&'static str),
}

impl Set {
    /// What is wrong with it, at its place.
    fn wrong(&self, message: &str) -> Problem {
        match &self.origin {
            Origin::File(location) => Problem::at(location.clone(), message),
            Origin::Environment(name) => Problem::new(format!("{name}: {message}")),
        }
    }

    fn text(&self) -> &str {
        let text = self.value.trim();
        let quoted = |quote| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
    }
}

impl Configuration {
    /// Reads this process's environment, and the `ansible.cfg` that counts in its directory.
    pub fn of_process() -> Result<Self, Problems> {
        let directory = std::env::current_dir().unwrap_or_default();
        Self::load(&|name| std::env::var(name).ok(), &directory)
    }

    /// Reads the environment and `ansible.cfg`; `directory` is the working directory.
    pub fn load(
        environment: &dyn Fn(&str) -> Option<String>,
        directory: &Path,
    ) -> Result<Self, Problems> {
        let found = file::find(environment, directory);
        if let Some(path) = &found.left_out {
            tracing::warn!("`{}` is not read: everybody may write there", path.display());
        }
        let mut configuration = Self {
            home: environment("HOME").map(PathBuf::from),
            own_inventory: environment("RRECOVER_INVENTORY").filter(|path| !path.is_empty()),
            directory: directory.to_owned(),
            ..Self::default()
        };
        let entries = match &found.file {
            Some(path) => read(path, directory)?,
            None => Vec::new(),
        };
        let base = found.file.as_deref().and_then(Path::parent).unwrap_or(directory);
        let mut problems = Problems::default();
        for setting in SETTINGS {
            let Some(set) = value_of(setting, &entries, base, environment, directory) else {
                continue;
            };
            match &setting.meaning {
                Meaning::Refused(harmless, way_out) => {
                    let value = set.text().to_lowercase();
                    if !harmless.contains(&value.as_str()) {
                        let message = format!("{} is not supported", named(setting, &set));
                        problems.push(set.wrong(&message).hint(*way_out));
                    }
                }
                Meaning::Works => {
                    configuration.set.extend(setting.keys.first().map(|key| (*key, set)));
                }
            }
        }
        problems.or(configuration)
    }

    fn get(&self, section: &'static str, key: &'static str) -> Option<&Set> {
        self.set.get(&(section, key)).filter(|set| !set.text().is_empty())
    }

    /// A setting's text.
    pub(super) fn text(&self, section: &'static str, key: &'static str) -> Option<String> {
        self.get(section, key).map(|set| set.text().to_owned())
    }

    /// A setting that is on or off.
    pub(super) fn truth(
        &self,
        section: &'static str,
        key: &'static str,
    ) -> Result<Option<bool>, Problem> {
        let Some(set) = self.get(section, key) else { return Ok(None) };
        match set.text().to_lowercase().as_str() {
            "yes" | "true" | "on" | "1" | "y" | "t" | "1.0" => Ok(Some(true)),
            "no" | "false" | "off" | "0" | "n" | "f" | "0.0" => Ok(Some(false)),
            other => Err(set
                .wrong(&format!("`{key}` is `{other}`, neither yes nor no"))
                .hint("write `True` or `False`")),
        }
    }

    /// A setting that is a whole number.
    pub(super) fn number<T: std::str::FromStr>(
        &self,
        section: &'static str,
        key: &'static str,
    ) -> Result<Option<T>, Problem> {
        let Some(set) = self.get(section, key) else { return Ok(None) };
        let wrong = |_| {
            let message = format!("`{key}` is `{}`, which is no number that fits", set.text());
            set.wrong(&message).hint("write a whole number")
        };
        set.text().parse().map(Some).map_err(wrong)
    }

    /// A setting that is a path.
    pub(super) fn path(&self, section: &'static str, key: &'static str) -> Option<PathBuf> {
        self.get(section, key).map(|set| self.resolve(set.text(), &set.base))
    }

    /// A setting that is a list of paths, separated by colons.
    pub fn paths(&self, section: &'static str, key: &'static str) -> Vec<PathBuf> {
        let Some(set) = self.get(section, key) else { return Vec::new() };
        let parts = set.text().split(':').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| self.resolve(part, &set.base)).collect()
    }

    /// A setting that is a list of words, separated by commas.
    pub(super) fn words(&self, section: &'static str, key: &'static str) -> Option<Vec<String>> {
        let set = self.get(section, key)?;
        let parts = set.text().split(',').map(str::trim).filter(|part| !part.is_empty());
        Some(parts.map(str::to_owned).collect())
    }

    /// A setting's words and what relative paths in them are relative to.
    pub(super) fn words_and_base(
        &self,
        section: &'static str,
        key: &'static str,
    ) -> (Vec<String>, PathBuf) {
        let base = self.get(section, key).map(|set| set.base.clone()).unwrap_or_default();
        (self.words(section, key).unwrap_or_default(), base)
    }

    /// `~`, and a relative path below `base`.
    pub(super) fn resolve(&self, path: &str, base: &Path) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => base.join(path.replace("{{CWD}}", &self.directory.display().to_string())),
        }
    }
}

/// The value of a setting that counts; the environment wins.
fn value_of(
    setting: &Setting,
    entries: &[Entry],
    base: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
    directory: &Path,
) -> Option<Set> {
    let from_environment = setting.environment.iter().rev().find_map(|name| {
        let origin = Origin::Environment(name);
        environment(name).map(|value| Set { value, origin, base: directory.to_owned() })
    });
    let from_file = || {
        setting.keys.iter().rev().find_map(|(section, key)| {
            let entry = entries.iter().rev().find(|e| e.section == *section && e.key == *key)?;
            let origin = Origin::File(entry.location.clone());
            Some(Set { value: entry.value.clone(), origin, base: base.to_owned() })
        })
    };
    from_environment.or_else(from_file)
}

fn named(setting: &Setting, set: &Set) -> String {
    match (&set.origin, setting.keys.first()) {
        (Origin::File(_), Some((_, key))) => format!("`{key} = {}`", set.text()),
        _ => format!("`{}`", set.text()),
    }
}

fn read(path: &Path, directory: &Path) -> Result<Vec<Entry>, Problems> {
    let shown = path.strip_prefix(directory).unwrap_or(path).display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Problem::new(format!("cannot read `{shown}`: {error}"))
            .hint("check who may read it, or name another one with ANSIBLE_CONFIG")
    })?;
    file::parse(&shown, &text)
}
