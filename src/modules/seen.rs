//! What the scripts printed of a host, by name, before anything is made of it.

use std::collections::HashMap;
use std::ops::RangeFrom;

/// Records as the scripts print them: a line with a record separator and a name, then content.
#[derive(Debug, Default)]
pub(super) struct Seen {
    records: HashMap<String, String>,
    /// Names in the order in which they were printed.
    names: Vec<String>,
}

impl Seen {
    pub(super) fn parse(text: &str) -> Self {
        let mut seen = Self::default();
        for record in text.split('\u{1e}').skip(1) {
            let (name, content) = record.split_once('\n').unwrap_or((record, ""));
            seen.names.push(name.to_owned());
            seen.records.insert(name.to_owned(), content.to_owned());
        }
        seen
    }

    /// A record as it is.
    pub(super) fn raw(&self, name: &str) -> Option<&str> {
        self.records.get(name).map(String::as_str)
    }

    /// A record without blanks around it; `None` as well when nothing else is in it.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.raw(name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// The lines of a record; none when there is no such record.
    pub(super) fn lines(&self, name: &str) -> impl Iterator<Item = &str> {
        self.text(name).unwrap_or_default().lines()
    }

    /// What a command printed; `None` when there is no such program or it did not go well.
    pub(super) fn said(&self, command: &str) -> Option<&str> {
        let went_well = self.text(&format!("exit {command}")) == Some("0");
        self.raw(command).filter(|_| went_well)
    }

    /// Whether there is something at a path.
    pub(super) fn exists(&self, path: &str) -> bool {
        self.records.contains_key(&format!("exists {path}"))
    }

    /// Whether there was such a record at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.records.contains_key(name)
    }

    /// What follows `prefix` in the names of records, in their order.
    pub(super) fn names<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.names.iter().filter_map(move |name| name.strip_prefix(prefix))
    }
}

/// The words of a line from one on, joined by blanks.
pub(super) fn words(line: &str, range: RangeFrom<usize>) -> String {
    line.split_whitespace().skip(range.start).collect::<Vec<_>>().join(" ")
}
