//! What changes in a text, line by line.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Lines longer texts have are not compared: the table below would get large.
const MOST_LINES: usize = 2_000;

/// The lines that go (`-`), come (`+`) and stay around them; empty when nothing changes.
pub fn lines(path: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let mut text = format!("--- {path} (before)\n+++ {path} (after)\n");
    if old.len().max(new.len()) > MOST_LINES {
        text.push_str(&format!("{} lines become {} lines\n", old.len(), new.len()));
        return text;
    }
    let common = common_lengths(&old, &new);
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            i += 1;
            j += 1;
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            text.push_str(&shown('-', old[i]));
            i += 1;
        } else {
            text.push_str(&shown('+', new[j]));
            j += 1;
        }
    }
    text
}

/// A line that goes or comes.
fn shown(sign: char, line: &str) -> String {
    match line.strip_suffix('\n') {
        Some(line) => format!("{sign}{line}\n"),
        None => format!("{sign}{line}\n\\ No newline at end of file\n"),
    }
}

/// What changes of a path's state and attributes, shown as Ansible shows it.
pub(super) fn attributes(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> String {
    lines(path, &sorted(before), &sorted(after))
}

/// The mapping with sorted names, one a line.
fn sorted(map: &Map<String, Value>) -> String {
    let names: BTreeMap<&String, &Value> = map.iter().collect();
    let lines: Vec<String> =
        names.iter().map(|(name, value)| format!("    \"{name}\": {value}")).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// The same as Ansible registers it.
pub(super) fn value(header: &str, before: &str, after: &str) -> Value {
    json!({ "before": before, "after": after, "before_header": header, "after_header": header })
}

/// For each pair of places the length of the longest common rest.
fn common_lengths(old: &[&str], new: &[&str]) -> Vec<Vec<u16>> {
    let mut table = vec![vec![0_u16; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            table[i][j] = if old[i] == new[j] {
                table[i + 1][j + 1] + 1
            } else {
                table[i + 1][j].max(table[i][j + 1])
            };
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn only_what_changes_is_shown() {
        let diff = lines("/f", "a\nb\nc\n", "a\nx\nc\nd\n");
        assert_eq!(diff, "--- /f (before)\n+++ /f (after)\n-b\n+x\n+d\n");
        assert_eq!(lines("/f", "a\n", "a\n"), "");
        let diff = lines("/f", "a", "a\nb\n");
        assert_eq!(
            diff,
            "--- /f (before)\n+++ /f (after)\n-a\n\\ No newline at end of file\n+a\n+b\n"
        );
    }
}
