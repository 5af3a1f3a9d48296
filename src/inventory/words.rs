//! A host line cut into words as Python's `shlex.split(comments=True)` cuts it.

/// A word with its quotes removed, and the column (from 1) where it began.
#[derive(Debug, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) column: usize,
}

/// What is wrong with a line's quoting, and the column where the quote or escape stands.
#[derive(Debug, PartialEq)]
pub(super) struct Unfinished {
    pub(super) what: &'static str,
    /// What to write instead.
    pub(super) hint: &'static str,
    pub(super) column: usize,
}

/// The words of `line`. An unquoted `#` begins a comment even inside a word, as in Ansible.
pub(super) fn split(line: &str) -> Result<Vec<Word>, Unfinished> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut chars = line.chars().zip(1..);
    while let Some((c, column)) = chars.next() {
        if c == '#' {
            break;
        }
        if matches!(c, ' ' | '\t' | '\r' | '\n') {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_with(|| Word { text: String::new(), column });
        match c {
            '\'' | '"' => quoted(c, column, &mut chars, &mut word.text)?,
            '\\' => {
                let unfinished = Unfinished {
                    what: "no character after `\\`",
                    hint: "write `\\\\` for a backslash",
                    column,
                };
                word.text.push(chars.next().ok_or(unfinished)?.0);
            }
            _ => word.text.push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Takes the rest of a quoted part. Only `"` knows escapes: `\"` and `\\`.
fn quoted(
    quote: char,
    column: usize,
    chars: &mut impl Iterator<Item = (char, usize)>,
    text: &mut String,
) -> Result<(), Unfinished> {
    let unfinished = || Unfinished {
        what: "a quote that is never closed",
        hint: "close it; a quote inside a value goes into the other kind of quotes",
        column,
    };
    loop {
        let (c, _) = chars.next().ok_or_else(unfinished)?;
        if c == quote {
            return Ok(());
        }
        if c == '\\' && quote == '"' {
            let (escaped, _) = chars.next().ok_or_else(unfinished)?;
            if escaped != '"' && escaped != '\\' {
                text.push('\\');
            }
            text.push(escaped);
        } else {
            text.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        split(line).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_cut_as_shlex_cuts_them() {
        assert_eq!(
            texts(r#"n1 a="x y" b='"q"' c="\"\\\n""#),
            ["n1", "a=x y", "b=\"q\"", "c=\"\\\\n"]
        );
        assert_eq!(texts("n1 a=b#c d=e"), ["n1", "a=b"]);
        assert_eq!(texts(r"n1 a=x\ y ''"), ["n1", "a=x y", ""]);
        assert_eq!(split("ä  b").unwrap()[1].column, 4);
    }

    #[test]
    fn an_open_quote_is_named_with_its_column() {
        assert_eq!(split("n1 a='x").unwrap_err().column, 6);
        assert_eq!(split("n1 a=\\").unwrap_err().column, 6);
    }
}
