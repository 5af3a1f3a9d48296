//! Text in YAML: plain, in single and in double quotes, broken where lines grow too long.

use super::analysis::is_break;
use super::write::Writer;

impl Writer<'_> {
    pub(super) fn plain(&mut self, text: &str, may_break: bool) {
        if !self.whitespace {
            self.put(" ");
        }
        self.whitespace = false;
        self.indention = false;
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest.find(' ').unwrap_or(rest.len());
            let (word, after) = rest.split_at(word);
            self.put(word);
            rest = self.blanks(after, may_break, !word.is_empty());
        }
    }

    /// Writes a run of blanks; a single one may become a line break.
    fn blanks<'t>(&mut self, text: &'t str, may_break: bool, inside: bool) -> &'t str {
        let rest = text.trim_start_matches(' ');
        let count = text.len() - rest.len();
        let breaks = may_break && inside && !rest.is_empty();
        if count == 1 && breaks && self.column > self.layout.width {
            self.new_line();
            self.whitespace = false;
            self.indention = false;
        } else {
            self.put(&" ".repeat(count));
        }
        rest
    }

    pub(super) fn single_quoted(&mut self, text: &str, may_break: bool) {
        self.indicator("'", true, false, false);
        let mut rest = text;
        let mut inside = false;
        while let Some(first) = rest.chars().next() {
            if first == ' ' {
                rest = self.blanks(rest, may_break, inside);
            } else if is_break(first) {
                rest = self.breaks(rest);
            } else {
                let end = rest.find(|c| c == ' ' || is_break(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                self.put(&word.replace('\'', "''"));
                self.whitespace = false;
                self.indention = false;
                rest = after;
            }
            inside = true;
        }
        self.indicator("'", false, false, false);
    }

    /// Line breaks of the text: one more than there are, since a single one is read as a blank.
    fn breaks<'t>(&mut self, text: &'t str) -> &'t str {
        let rest = text.trim_start_matches(is_break);
        let breaks = text.get(..text.len() - rest.len()).unwrap_or_default();
        if breaks.starts_with('\n') {
            self.line_break("\n");
        }
        for character in breaks.chars() {
            self.line_break(character.encode_utf8(&mut [0; 4]));
        }
        self.new_line();
        rest
    }

    pub(super) fn double_quoted(&mut self, text: &str, may_break: bool) {
        self.indicator("\"", true, false, false);
        let chars: Vec<char> = text.chars().collect();
        let mut blanks = false;
        for (at, character) in chars.iter().copied().enumerate() {
            if character == ' ' {
                let inside = at > 0 && at + 1 < chars.len();
                if may_break && !blanks && self.column > self.layout.width && inside {
                    self.new_line();
                    if chars.get(at + 1) == Some(&' ') {
                        self.put("\\");
                    }
                } else {
                    self.put(" ");
                }
                blanks = true;
                continue;
            }
            blanks = false;
            match escaped(character, self.layout.unicode) {
                Some(escape) => self.put(&escape),
                None => self.put(character.encode_utf8(&mut [0; 4])),
            }
        }
        self.indicator("\"", false, false, false);
    }
}

fn escaped(character: char, unicode: bool) -> Option<String> {
    let letter = match character {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' if !unicode => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        ' '..='~' => return None,
        c => {
            let code = u32::from(c);
            let shown =
                matches!(c, '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
            return if unicode && shown && c != '\u{feff}' {
                None
            } else if code <= 0xff {
                Some(format!("\\x{code:02X}"))
            } else if code <= 0xffff {
                Some(format!("\\u{code:04X}"))
            } else {
                Some(format!("\\U{code:08X}"))
            };
        }
    };
    Some(format!("\\{letter}"))
}
