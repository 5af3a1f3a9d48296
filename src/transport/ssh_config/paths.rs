//! What `~`, `%h` and `${NAME}` stand for.

use std::path::{Path, PathBuf};

/// Where home directories are.
#[derive(Debug, Clone, Default)]
pub(in crate::transport) struct Home(pub(super) Option<PathBuf>);

impl Home {
    /// The operator's home directory.
    pub(in crate::transport) fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }

    /// A path below `~/.ssh`; relative to here when there is no home.
    pub(super) fn ssh(&self, name: &str) -> PathBuf {
        self.0.as_deref().unwrap_or(Path::new("")).join(".ssh").join(name)
    }

    /// `~/x` and `~user/x` below the home directory; anything else as it stands.
    pub(in crate::transport) fn expand(&self, path: &str) -> PathBuf {
        let Some(rest) = path.strip_prefix('~') else { return PathBuf::from(path) };
        let (user, below) = rest.split_once('/').unwrap_or((rest, ""));
        let home = if user.is_empty() { self.0.clone() } else { home_of(user) };
        home.map_or_else(|| PathBuf::from(path), |home| home.join(below))
    }
}

fn home_of(user: &str) -> Option<PathBuf> {
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = passwd.lines().find(|line| line.split(':').next() == Some(user))?;
    line.split(':').nth(5).map(PathBuf::from)
}

/// What the letters behind `%` stand for.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    /// `%h`: the address, with `HostName`.
    pub(super) host: String,
    /// `%n`: the host as it was asked for.
    pub(super) original: String,
    /// `%k`: the name in `known_hosts`, without the port.
    pub(super) alias: String,
    /// `%p`.
    pub(super) port: u16,
    /// `%r`: who logs in.
    pub(super) user: String,
    /// `%u`: who we are here.
    pub(super) local_user: String,
    /// `%d`.
    pub(super) home: String,
}

impl Tokens {
    /// `text` with its `%` letters and `%%` filled in.
    pub(super) fn fill(&self, text: &str) -> Result<String, String> {
        fill(text, |letter| {
            Some(match letter {
                'h' => self.host.clone(),
                'n' => self.original.clone(),
                'k' => self.alias.clone(),
                'p' => self.port.to_string(),
                'r' => self.user.clone(),
                'u' => self.local_user.clone(),
                'd' => self.home.clone(),
                'i' => rustix::process::getuid().as_raw().to_string(),
                'l' => here(),
                'L' => here().split('.').next().unwrap_or_default().to_owned(),
                _ => return None,
            })
        })
    }
}

/// Fills in what `value` knows and `%%`; an unknown letter is an error, as in OpenSSH.
pub(super) fn fill(text: &str, value: impl Fn(char) -> Option<String>) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            filled.push(c);
            continue;
        }
        match chars.next() {
            Some('%') => filled.push('%'),
            Some(letter) => {
                let known = value(letter);
                filled += &known.ok_or_else(|| format!("`%{letter}` in `{text}` is not known"))?;
            }
            None => return Err(format!("`{text}` ends in a `%`")),
        }
    }
    Ok(filled)
}

/// Fills in `${NAME}` from the environment; a name that is not set is an error, as in OpenSSH.
pub(super) fn fill_environment(text: &str) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| format!("`{text}` has a `${{` that does not end"))?;
        let value = std::env::var(name);
        filled += before;
        filled += &value.map_err(|_| format!("`${{{name}}}` in `{text}` is not set"))?;
        rest = after;
    }
    Ok(filled + rest)
}

/// This machine's name.
fn here() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_filled_in_and_unknown_ones_are_errors() {
        let h = |c| (c == 'h').then(|| "x".to_owned());
        assert_eq!(fill("%h.%%.%h", h).unwrap(), "x.%.x");
        assert!(fill("%z", h).is_err() && fill("a%", h).is_err());
    }

    #[test]
    fn tilde_and_environment() {
        let home = Home::new(Some("/home/me".into()));
        assert_eq!(home.expand("~/a"), Path::new("/home/me/a"));
        assert_eq!(home.expand("~root/a"), Path::new("/root/a"));
        assert_eq!(home.expand("a/~"), Path::new("a/~"));
        assert!(fill_environment("a${PATH}b").unwrap().starts_with("a/"));
        assert!(
            fill_environment("${RRECOVER_NOT_SET}").is_err() && fill_environment("${").is_err()
        );
    }
}
