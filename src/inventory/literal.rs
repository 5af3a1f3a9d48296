//! Values in INI files: what Python's `ast.literal_eval` makes of them, else the text itself.
//!
//! So `5` is a number, `010` is text (Python knows no such number), `yes` is text, `True` is a
//! boolean, `[1, 2]` and `1,2` are lists, `'5'` is text, and `5 # five` is a number, because `#`
//! begins a comment in Python too. Complex numbers and integers beyond 64 bits stay text.

mod number;
mod text;

use serde_json::{Map, Value};

/// Deeper nesting than any inventory has; it keeps a hostile file from exhausting the stack.
const MAX_DEPTH: usize = 90;

/// The value of `text`, or why Ansible would refuse the file.
pub(super) fn value(text: &str) -> Result<Value, &'static str> {
    let mut parser = Parser { rest: text.trim_start_matches([' ', '\t']), unhashable: false };
    match parser.whole() {
        Some(_) if parser.unhashable => {
            Err("a Python set or dict whose key cannot be one; put quotes around a template")
        }
        Some(literal) => Ok(literal.value),
        None => Ok(Value::String(text.to_owned())),
    }
}

/// A value, and whether Python could use it as a key.
struct Literal {
    value: Value,
    hashable: bool,
}

impl Literal {
    fn plain(value: impl Into<Value>) -> Self {
        Self { value: value.into(), hashable: true }
    }
}

/// Reads one expression; every method gives `None` when the text is not a literal.
struct Parser<'a> {
    rest: &'a str,
    unhashable: bool,
}

impl Parser<'_> {
    /// The whole text as one expression, where a comma at the top makes a tuple.
    fn whole(&mut self) -> Option<Literal> {
        let first = self.expression(0)?;
        let literal = if self.eat(',') { self.tuple(first, None, 0)? } else { first };
        self.skip_blank();
        (self.rest.is_empty() || self.rest.starts_with('#')).then_some(literal)
    }

    fn expression(&mut self, depth: usize) -> Option<Literal> {
        self.skip_blank();
        let first = self.rest.chars().next().filter(|_| depth < MAX_DEPTH)?;
        match first {
            '(' => self.parenthesised(depth + 1),
            '[' => self.list(depth + 1),
            '{' => self.braces(depth + 1),
            '+' | '-' => self.signed(first),
            '0'..='9' | '.' => self.unsigned().map(Literal::plain),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Option<Literal> {
        if text::begins(self.rest) {
            return text::strings(&mut self.rest).map(Literal::plain);
        }
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        match word {
            "True" => Some(Literal::plain(true)),
            "False" => Some(Literal::plain(false)),
            "None" => Some(Literal::plain(Value::Null)),
            "set" => (self.eat('(') && self.eat(')'))
                .then(|| Literal { value: Value::Array(Vec::new()), hashable: false }),
            _ => None,
        }
    }

    fn signed(&mut self, sign: char) -> Option<Literal> {
        self.rest = &self.rest[1..];
        self.skip_blank();
        let number = self.unsigned()?;
        if sign == '+' {
            Some(Literal::plain(number))
        } else {
            number::negated(&number).map(Literal::plain)
        }
    }

    fn unsigned(&mut self) -> Option<Value> {
        if let Some(rest) = self.rest.strip_prefix("...") {
            self.rest = rest;
            return Some(Value::from("..."));
        }
        number::take(&mut self.rest)
    }

    fn parenthesised(&mut self, depth: usize) -> Option<Literal> {
        self.eat('(');
        if self.eat(')') {
            return Some(Literal::plain(Value::Array(Vec::new())));
        }
        let first = self.expression(depth)?;
        if self.eat(',') {
            return self.tuple(first, Some(')'), depth);
        }
        self.eat(')').then_some(first)
    }

    /// The rest of a tuple after its first comma, up to `close` or the end of the text.
    fn tuple(&mut self, first: Literal, close: Option<char>, depth: usize) -> Option<Literal> {
        let mut hashable = first.hashable;
        let mut items = vec![first.value];
        while !self.at_end(close) {
            let item = self.expression(depth)?;
            hashable &= item.hashable;
            items.push(item.value);
            if !self.eat(',') && !self.at_end(close) {
                return None;
            }
        }
        close
            .is_none_or(|close| self.eat(close))
            .then_some(Literal { value: Value::Array(items), hashable })
    }

    fn list(&mut self, depth: usize) -> Option<Literal> {
        self.eat('[');
        let mut items = Vec::new();
        while !self.eat(']') {
            items.push(self.expression(depth)?.value);
            if !self.eat(',') && !self.at_end(Some(']')) {
                return None;
            }
        }
        Some(Literal { value: Value::Array(items), hashable: false })
    }

    /// A dict, or a set: a list of its distinct values, in the order written.
    fn braces(&mut self, depth: usize) -> Option<Literal> {
        self.eat('{');
        let (mut entries, mut items, mut is_set) = (Map::new(), Vec::new(), false);
        while !self.eat('}') {
            let key = self.expression(depth)?;
            self.unhashable |= !key.hashable;
            if self.eat(':') {
                entries.insert(key_text(&key.value), self.expression(depth)?.value);
            } else {
                is_set = true;
                if !items.contains(&key.value) {
                    items.push(key.value);
                }
            }
            if !self.eat(',') && !self.at_end(Some('}')) {
                return None;
            }
        }
        let value = match (is_set, entries.is_empty()) {
            (true, true) => Value::Array(items),
            (false, _) => Value::Object(entries),
            (true, false) => return None,
        };
        Some(Literal { value, hashable: false })
    }

    fn skip_blank(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\x0c']);
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip_blank();
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Whether `close` stands next, or without one the end of the text or a comment.
    fn at_end(&mut self, close: Option<char>) -> bool {
        self.skip_blank();
        match close {
            Some(close) => self.rest.starts_with(close),
            None => self.rest.is_empty() || self.rest.starts_with('#'),
        }
    }
}

/// A key as Python's JSON encoder spells it.
fn key_text(key: &Value) -> String {
    match key {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
