//! `key=value key="a value"` on the command line, cut as Ansible cuts it: every value is text, and
//! spaces inside quotes, `{{ … }}`, `{% … %}` and `{# … #}` do not separate.

/// The pairs of `text` in order.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    for word in split(text)? {
        let word = decode_escapes(&word);
        let Some(at) = separator(&word) else {
            if word.trim().is_empty() {
                continue;
            }
            return Err(format!("`{}` is not `key=value`", word.trim()));
        };
        let (key, value) = (word[..at].trim(), word[at + 1..].trim());
        if key.is_empty() {
            return Err("a value without a name".into());
        }
        pairs.push((key.to_owned(), unquote(value).to_owned()));
    }
    if pairs.is_empty() { Err("nothing is set".into()) } else { Ok(pairs) }
}

/// The first `=` that is neither at the very front nor behind a backslash.
fn separator(word: &str) -> Option<usize> {
    let bytes = word.as_bytes();
    (1..bytes.len()).find(|at| bytes[*at] == b'=' && bytes[*at - 1] != b'\\')
}

fn unquote(text: &str) -> &str {
    let bytes = text.as_bytes();
    let quoted = bytes.len() > 1
        && matches!(bytes[0], b'"' | b'\'')
        && bytes[bytes.len() - 1] == bytes[0]
        && bytes[bytes.len() - 2] != b'\\';
    if quoted { &text[1..text.len() - 1] } else { text }
}

/// Where the cutting stands: inside which quote, and how deep in which kind of template block.
#[derive(Default)]
struct State {
    quote: Option<char>,
    depths: [usize; 3],
}

const BLOCKS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];

impl State {
    fn open(&self) -> bool {
        self.quote.is_some() || self.depths.iter().any(|depth| *depth > 0)
    }

    fn pass(&mut self, piece: &str) {
        let mut before = None;
        for c in piece.chars() {
            if matches!(c, '"' | '\'') && before != Some('\\') {
                match self.quote {
                    Some(quote) if quote == c => self.quote = None,
                    None => self.quote = Some(c),
                    Some(_) => {}
                }
            }
            before = Some(c);
        }
        for (depth, (open, close)) in self.depths.iter_mut().zip(BLOCKS) {
            *depth =
                (*depth + piece.matches(open).count()).saturating_sub(piece.matches(close).count());
        }
    }
}

fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut state = State::default();
    for (piece, gap) in pieces(text) {
        match words.last_mut() {
            Some(word) if state.open() => {
                word.push_str(gap);
                word.push_str(piece);
            }
            _ if piece.is_empty() || piece == "\\" => continue,
            _ => words.push(piece.to_owned()),
        }
        state.pass(piece);
    }
    if state.open() { Err("a quote or template is never closed".into()) } else { Ok(words) }
}

/// The text cut at every space and line end, each piece with what stood before it.
fn pieces(text: &str) -> Vec<(&str, &str)> {
    let mut pieces = Vec::new();
    let (mut begin, mut gap) = (0, "");
    for (at, separator) in text.match_indices([' ', '\n']) {
        pieces.push((&text[begin..at], gap));
        (begin, gap) = (at + 1, separator);
    }
    pieces.push((&text[begin..], gap));
    pieces
}

/// `\n`, `\t`, `\x41`, `\u00e4` and their like; what is not an escape stays as it is.
fn decode_escapes(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        decoded.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (c, length) = escape(after).unwrap_or(('\\', 0));
        decoded.push(c);
        rest = &after[length..];
    }
    decoded.push_str(rest);
    decoded
}

/// The character that an escape stands for, and how long the escape is.
fn escape(text: &str) -> Option<(char, usize)> {
    let simple = |c| Some((c, 1));
    match text.chars().next()? {
        c @ ('\\' | '\'' | '"') => simple(c),
        'a' => simple('\x07'),
        'b' => simple('\x08'),
        'f' => simple('\x0c'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\x0b'),
        'x' => code(text, 2),
        'u' => code(text, 4),
        'U' => code(text, 8),
        _ => None,
    }
}

fn code(text: &str, digits: usize) -> Option<(char, usize)> {
    let number = u32::from_str_radix(text.get(1..=digits)?, 16).ok()?;
    char::from_u32(number).map(|c| (c, digits + 1))
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn spaces_in_quotes_and_templates_do_not_separate() {
        assert_eq!(pairs("a=1  b='x  y'"), [pair("a", "1"), pair("b", "x  y")]);
        assert_eq!(pairs("a={{ b  + 'c' }} d=e"), [pair("a", "{{ b  + 'c' }}"), pair("d", "e")]);
        assert_eq!(pairs("a=b=c"), [pair("a", "b=c")]);
        assert_eq!(pairs(r"a=x\ty"), [pair("a", "x\ty")]);
    }

    #[test]
    fn what_sets_nothing_is_refused() {
        assert!(parse("a").is_err());
        assert!(parse("a='x").is_err());
        assert!(parse(" ").is_err());
    }
}
