//! Which quotes a text needs in YAML.

use super::scalar::resolve_plain;
use regex::Regex;
use std::sync::LazyLock;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
}

/// What stands in a text and forbids ways to write it.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "findings, each independent of the others")]
pub(super) struct Analysis {
    pub(super) multiline: bool,
    /// Something that begins other things in `[]` and `{}`.
    flow_indicator: bool,
    /// Something that begins other things everywhere.
    block_indicator: bool,
    /// Blanks or line breaks at the edges.
    loose: bool,
    /// A blank behind a line break.
    break_blank: bool,
    /// A blank before a line break, or what cannot be printed.
    special: bool,
}

const BREAKS: [char; 4] = ['\n', '\u{85}', '\u{2028}', '\u{2029}'];

pub(super) fn is_break(character: char) -> bool {
    BREAKS.contains(&character)
}

fn is_blank(character: Option<char>) -> bool {
    character.is_none_or(|c| matches!(c, '\0' | ' ' | '\t' | '\r') || is_break(c))
}

impl Analysis {
    pub(super) fn of(text: &str, unicode: bool) -> Self {
        let mut found = Self::default();
        if text.starts_with("---") || text.starts_with("...") {
            found.flow_indicator = true;
            found.block_indicator = true;
        }
        let chars: Vec<char> = text.chars().collect();
        let mut before = None;
        for (at, character) in chars.iter().copied().enumerate() {
            let blank_behind = is_blank(chars.get(at + 1).copied());
            found.indicator(at, character, is_blank(before), blank_behind);
            found.multiline |= is_break(character);
            found.special |= !printable(character, unicode);
            let edge = at == 0 || at + 1 == chars.len();
            found.loose |= edge && (character == ' ' || is_break(character));
            found.break_blank |= character == ' ' && before.is_some_and(is_break);
            found.special |= is_break(character) && before == Some(' ');
            before = Some(character);
        }
        found
    }

    fn indicator(&mut self, at: usize, character: char, blank_before: bool, blank_behind: bool) {
        let (flow, block) = match character {
            c if at == 0 && "#,[]{}&*!|>'\"%@`".contains(c) => (true, true),
            ':' => (true, blank_behind),
            '?' => (true, at == 0 && blank_behind),
            '-' if at == 0 => (blank_behind, blank_behind),
            ',' | '[' | ']' | '{' | '}' => (true, false),
            '#' => (blank_before, blank_before),
            _ => return,
        };
        self.flow_indicator |= flow;
        self.block_indicator |= block;
    }

    /// The weakest quotes that do.
    pub(super) fn style(&self, text: &str, in_flow: bool, key: bool) -> Style {
        let indicator = if in_flow { self.flow_indicator } else { self.block_indicator };
        let shape = self.multiline || self.loose || self.break_blank || self.special;
        let quoted = indicator || shape || text.is_empty();
        if !quoted && reads_as_text(text) {
            return Style::Plain;
        }
        if self.break_blank || self.special || (key && self.multiline) {
            return Style::Double;
        }
        Style::Single
    }
}

fn printable(character: char, unicode: bool) -> bool {
    match character {
        '\n' | ' '..='~' => true,
        '\u{feff}' => false,
        '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => unicode,
        _ => false,
    }
}

/// What YAML 1.1 takes for a date, a merge, or a number beyond those that are read here.
static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:\d{4}-\d\d-\d\d",
        r"|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?",
        r"|=|<<|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        r"|[-+]?\d[\d_]*(?::[0-5]?\d)+\.[\d_]*|[-+]?0b[01_]+|[-+]?0x[\da-fA-F_]+",
        r"|[-+]?0[0-7_]+|[-+]?[1-9][\d_]*(?::[0-5]?\d)+|[-+]?(?:0|[1-9][\d_]*)",
        r"|[-+]?\d[\d_]*\.[\d_]*(?:[eE][-+]\d+)?|\.\d[\d_]*(?:[eE][-+]\d+)?)$"
    ))
    .ok()
});

fn reads_as_text(text: &str) -> bool {
    resolve_plain(text).is_string() && !OTHER.as_ref().is_some_and(|other| other.is_match(text))
}
