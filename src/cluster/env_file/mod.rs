//! `/etc/etcd.env`: KEY=VALUE lines as systemd reads them, edited without losing a comment.
//!
//! There is no shell expansion (DOMAIN 10). Of a key that stands twice the last one counts.

use super::status::EtcdConfig;

#[cfg(test)]
mod tests;

/// An environment file, line by line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvFile {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// A comment, an empty line, or something that systemd would ignore: kept as it is.
    Other(String),
    Setting {
        key: String,
        value: String,
        /// As it stands in the file, so that what is not changed is not respelled.
        text: String,
    },
}

impl EnvFile {
    /// Reads the text of a file. Every text is an environment file; lines that set nothing are
    /// kept as they are.
    pub fn parse(text: &str) -> Self {
        Self { lines: text.lines().map(Line::parse).collect() }
    }

    /// The value that counts for `key`, without quotes.
    pub fn get(&self, key: &str) -> Option<String> {
        self.lines.iter().rev().find_map(|line| match line {
            Line::Setting { key: name, value, .. } if name == key => Some(value.clone()),
            _ => None,
        })
    }

    /// Sets `key` where it counts now, else at the end. The format has no way to write a line
    /// break: each becomes a space.
    pub fn set(&mut self, key: &str, value: &str) {
        if self.get(key).as_deref() == Some(value) {
            return;
        }
        let value = value.replace(['\r', '\n'], " ");
        let text = format!("{key}={}", spelled(&value));
        let setting = Line::Setting { key: key.to_owned(), value, text };
        match self.lines.iter_mut().rev().find(|line| line.sets(key)) {
            Some(line) => *line = setting,
            None => self.lines.push(setting),
        }
    }

    /// Takes every line that sets `key` away, and says whether there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        let before = self.lines.len();
        self.lines.retain(|line| !line.sets(key));
        self.lines.len() != before
    }

    /// The keys that are set, in the file's order, duplicates once, at their first place.
    pub fn keys(&self) -> Vec<&str> {
        let mut keys = Vec::new();
        for line in &self.lines {
            if let Line::Setting { key, .. } = line
                && !keys.contains(&key.as_str())
            {
                keys.push(key.as_str());
            }
        }
        keys
    }

    /// The file's text.
    pub fn render(&self) -> String {
        self.lines
            .iter()
            .flat_map(|line| match line {
                Line::Other(text) | Line::Setting { text, .. } => [text.as_str(), "\n"],
            })
            .collect()
    }

    /// The settings that recovery needs. What is not set is empty.
    pub fn config(&self) -> EtcdConfig {
        let text = |key: &str| self.get(key).unwrap_or_default();
        EtcdConfig {
            name: text("ETCD_NAME"),
            peer_urls: urls(&text("ETCD_INITIAL_ADVERTISE_PEER_URLS")),
            client_urls: urls(&text("ETCD_ADVERTISE_CLIENT_URLS")),
            initial_cluster: parse_initial_cluster(&text("ETCD_INITIAL_CLUSTER")),
            initial_cluster_state: text("ETCD_INITIAL_CLUSTER_STATE"),
            token: text("ETCD_INITIAL_CLUSTER_TOKEN"),
            data_dir: text("ETCD_DATA_DIR"),
            wal_dir: text("ETCD_WAL_DIR"),
        }
    }
}

/// Reads `name=url[,name=url…]`. A name may stand several times, once for each of its URLs; a part
/// without a name is left out, as no member can be known by it.
pub fn parse_initial_cluster(text: &str) -> Vec<(String, String)> {
    text.split(',')
        .filter_map(|part| part.trim().split_once('='))
        .map(|(name, url)| (name.to_owned(), url.to_owned()))
        .collect()
}

fn urls(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|url| !url.is_empty()).map(str::to_owned).collect()
}

impl Line {
    fn parse(text: &str) -> Self {
        let other = || Self::Other(text.to_owned());
        let content = text.trim();
        if content.starts_with(['#', ';']) {
            return other();
        }
        let Some((key, value)) = content.split_once('=') else { return other() };
        let key = key.trim_end();
        let is_name = !key.is_empty()
            && !key.starts_with(|c: char| c.is_ascii_digit())
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_name {
            return other();
        }
        let value = unquoted(value.trim());
        Self::Setting { key: key.to_owned(), value, text: text.to_owned() }
    }

    fn sets(&self, wanted: &str) -> bool {
        matches!(self, Self::Setting { key, .. } if key == wanted)
    }
}

/// The value without its quotes. Inside double quotes a backslash keeps the next character as it
/// is, inside single quotes nothing is special; a quote that is never closed is part of the value.
fn unquoted(value: &str) -> String {
    let inside = |quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    if let Some(text) = inside('\'') {
        return text.to_owned();
    }
    let Some(text) = inside('"') else { return value.to_owned() };
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            _ => plain.push(character),
        }
    }
    plain
}

/// The value as it is written: bare where that reads back the same, else in double quotes.
fn spelled(value: &str) -> String {
    let bare = |c: char| c.is_ascii_graphic() && !"\"'\\`$#;".contains(c);
    if value.chars().all(bare) {
        return value.to_owned();
    }
    let mut text = String::from("\"");
    for character in value.chars() {
        if "\"\\`$".contains(character) {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
    text
}
