//! YAML (and JSON) inventories, and the YAML reader and writer below them.

use super::{inventory, places};
use rrecover::yaml::{self, Layout, Node, NodeKind};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let file = inventory::path("hosts.yml");
    match yaml::parse(&file, text) {
        // The writer is PyYAML's, to which these are line breaks; to YAML 1.2 they are letters.
        Ok(_) if text.contains(['\u{85}', '\u{2028}', '\u{2029}']) => {}
        Ok(documents) => documents.iter().for_each(survives_writing),
        Err(problem) => places::inside([&problem], &file, text),
    }
    match inventory::load(&file, text) {
        Ok(read) => {
            inventory::is_sound(&read);
            inventory::edit(&file, text, &read);
        }
        Err(problems) => places::inside(&problems.0, &file, text),
    }
}

/// What is written is the same value when it is read again.
fn survives_writing(node: &Node) {
    if !is_plain(node) {
        return;
    }
    let value = node.value();
    // What PyYAML alone takes for line breaks, see decision 0018.
    if value.to_string().contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        return;
    }
    for flow in [None, Some(true), Some(false)] {
        let written = yaml::write(&value, &Layout { flow, ..Layout::default() });
        let again = yaml::parse("again.yml", &written);
        if flow != Some(false) && [" -,", " -]", " -}"].iter().any(|end| written.contains(end)) {
            // PyYAML writes and reads it; the parser here takes the dash for a mistake, and says so.
            continue;
        }
        let again = again.unwrap_or_else(|problem| panic!("{written}\n{problem}"));
        assert_eq!(again.len(), 1, "{written}");
        assert_eq!(again[0].value(), value, "{written}");
    }
}

/// Whether there are only text keys, and no tags, which are not written.
fn is_plain(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar(_) => true,
        NodeKind::Tagged { .. } => false,
        NodeKind::Sequence(items) => items.iter().all(is_plain),
        NodeKind::Mapping(entries) => {
            entries.iter().all(|(key, value)| key.as_str().is_some() && is_plain(value))
        }
    }
}
