//! YAML as PyYAML's dumper (libyaml's, which Ansible uses where it is there) writes it, line breaks in long text included.

use super::analysis::{Analysis, Style};
use serde_json::{Map, Number, Value};

/// How YAML is laid out.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "PyYAML's options, each independent of the others"
)]
pub struct Layout {
    /// Blanks a level.
    pub indent: usize,
    /// Whether collections are written in `[]` and `{}`; without a word only the innermost are.
    pub flow: Option<bool>,
    /// Text is broken behind this column.
    pub width: usize,
    /// Whether keys are sorted.
    pub sort: bool,
    /// Whether the document begins with `---`.
    pub start: bool,
    /// Whether the document ends with `...`.
    pub end: bool,
    /// Whether characters beyond ASCII stay as they are.
    pub unicode: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            indent: 2,
            flow: None,
            width: 80,
            sort: true,
            start: false,
            end: false,
            unicode: true,
        }
    }
}

/// The value as one YAML document.
pub fn write(value: &Value, layout: &Layout) -> String {
    let mut writer = Writer {
        layout,
        out: String::new(),
        column: 0,
        indent: None,
        whitespace: true,
        indention: true,
        flow_level: 0,
    };
    if layout.start {
        writer.indicator("---", true, false, false);
    }
    writer.node(value, Context::Root);
    writer.new_line();
    if layout.end {
        writer.indicator("...", true, false, false);
        writer.new_line();
    }
    writer.out
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Root,
    Item,
    Value,
    Key,
}

pub(super) struct Writer<'a> {
    pub(super) layout: &'a Layout,
    pub(super) out: String,
    pub(super) column: usize,
    pub(super) indent: Option<usize>,
    /// Whether the last thing written was a blank or a line's beginning.
    pub(super) whitespace: bool,
    /// Whether only indicators and blanks stand on the line.
    pub(super) indention: bool,
    pub(super) flow_level: usize,
}

impl Writer<'_> {
    fn node(&mut self, value: &Value, context: Context) {
        match value {
            Value::Array(items) if self.is_flow(value) => self.flow_sequence(items),
            Value::Array(items) => self.block_sequence(items, context),
            Value::Object(entries) if self.is_flow(value) => self.flow_mapping(entries),
            Value::Object(entries) => self.block_mapping(entries),
            _ => self.scalar(value, context),
        }
    }

    fn is_flow(&self, value: &Value) -> bool {
        let is_scalar = |value: &Value| !value.is_array() && !value.is_object();
        let (empty, innermost) = match value {
            Value::Array(items) => (items.is_empty(), items.iter().all(is_scalar)),
            Value::Object(entries) => (entries.is_empty(), entries.values().all(is_scalar)),
            _ => return false,
        };
        self.flow_level > 0 || empty || self.layout.flow.unwrap_or(innermost)
    }

    fn deeper(&mut self, flow: bool, same: bool) -> Option<usize> {
        let before = self.indent;
        self.indent = Some(match before {
            None if flow => self.layout.indent,
            None => 0,
            Some(indent) if same => indent,
            Some(indent) => indent + self.layout.indent,
        });
        before
    }

    fn flow_sequence(&mut self, items: &[Value]) {
        let before = self.begin_flow("[");
        for (at, item) in items.iter().enumerate() {
            self.next_in_flow(at);
            self.node(item, Context::Item);
        }
        self.end_flow("]", before);
    }

    fn flow_mapping(&mut self, entries: &Map<String, Value>) {
        let before = self.begin_flow("{");
        for (at, (key, value)) in self.sorted(entries).into_iter().enumerate() {
            self.next_in_flow(at);
            self.key(key);
            self.node(value, Context::Value);
        }
        self.end_flow("}", before);
    }

    fn begin_flow(&mut self, open: &str) -> Option<usize> {
        self.indicator(open, true, true, false);
        self.flow_level += 1;
        self.deeper(true, false)
    }

    fn next_in_flow(&mut self, at: usize) {
        if at > 0 {
            self.indicator(",", false, false, false);
        }
        if self.column > self.layout.width {
            self.new_line();
        }
    }

    fn end_flow(&mut self, close: &str, before: Option<usize>) {
        self.indent = before;
        self.flow_level -= 1;
        self.indicator(close, false, false, false);
    }

    fn block_sequence(&mut self, items: &[Value], context: Context) {
        // A list below a key is not indented.
        let same = context == Context::Value && !self.indention;
        let before = self.deeper(false, same);
        for item in items {
            self.new_line();
            self.indicator("-", true, false, true);
            self.node(item, Context::Item);
        }
        self.indent = before;
    }

    fn block_mapping(&mut self, entries: &Map<String, Value>) {
        let before = self.deeper(false, false);
        for (key, value) in self.sorted(entries) {
            self.new_line();
            self.key(key);
            self.node(value, Context::Value);
        }
        self.indent = before;
    }

    fn sorted<'m>(&self, entries: &'m Map<String, Value>) -> Vec<(&'m String, &'m Value)> {
        let mut entries: Vec<_> = entries.iter().collect();
        if self.layout.sort {
            entries.sort_by_key(|(key, _)| *key);
        }
        entries
    }

    fn key(&mut self, key: &str) {
        // Longer keys, and those over several lines, get a mark of their own.
        let simple = key.len() <= 128 && !Analysis::of(key, self.layout.unicode).multiline;
        let value = Value::from(key);
        if simple {
            self.scalar(&value, Context::Key);
            self.indicator(":", false, false, false);
        } else {
            self.indicator("?", true, false, self.flow_level == 0);
            self.scalar(&value, Context::Value);
            if self.flow_level == 0 || self.column > self.layout.width {
                self.new_line();
            }
            self.indicator(":", true, false, self.flow_level == 0);
        }
    }

    fn scalar(&mut self, value: &Value, context: Context) {
        let before = self.deeper(true, false);
        let key = context == Context::Key;
        match value {
            Value::String(text) => {
                let analysis = Analysis::of(text, self.layout.unicode);
                match analysis.style(text, self.flow_level > 0, key) {
                    Style::Plain => self.plain(text, !key),
                    Style::Single => self.single_quoted(text, !key),
                    Style::Double => self.double_quoted(text, !key),
                }
            }
            other => self.plain(&literal(other), !key),
        }
        self.indent = before;
    }

    pub(super) fn indicator(
        &mut self,
        text: &str,
        blank_before: bool,
        whitespace: bool,
        indention: bool,
    ) {
        if blank_before && !self.whitespace {
            self.put(" ");
        }
        self.put(text);
        self.whitespace = whitespace;
        self.indention = self.indention && indention;
    }

    /// Goes to where the next line's text begins, unless it is there already.
    pub(super) fn new_line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        let there = self.column < indent || (self.column == indent && self.whitespace);
        if !self.indention || !there {
            self.line_break("\n");
        }
        if self.column < indent {
            self.whitespace = true;
            self.put(&" ".repeat(indent - self.column));
        }
    }

    pub(super) fn line_break(&mut self, text: &str) {
        self.out.push_str(text);
        self.whitespace = true;
        self.indention = true;
        self.column = 0;
    }

    pub(super) fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }
}

/// What is no text, as PyYAML spells it.
fn literal(value: &Value) -> String {
    match value {
        Value::Number(number) => number_text(number),
        other => other.to_string(),
    }
}

fn number_text(number: &Number) -> String {
    let (Some(float), true) = (number.as_f64(), number.is_f64()) else { return number.to_string() };
    if float != 0.0 && !(1e-4..1e16).contains(&float.abs()) {
        let text = format!("{float:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        // YAML 1.1 wants a dot in a number with an exponent.
        let digits = if digits.contains('.') { digits.to_owned() } else { format!("{digits}.0") };
        let (sign, size) = exponent.strip_prefix('-').map_or(('+', exponent), |size| ('-', size));
        return format!("{digits}e{sign}{size:0>2}");
    }
    let text = float.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}
