//! One line of `ssh_config`: a keyword, an optional `=`, and words with quotes.

/// The keyword in lower case and what follows it; `None` for a line that says nothing.
pub(super) fn keyword(line: &str) -> Option<(String, &str)> {
    let line = line.trim_matches([' ', '\t', '\r', '\n', '\u{c}']);
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (word, rest) = split(line);
    Some((word.to_lowercase(), rest))
}

/// The first word and the rest: separated by blanks, one `=`, or both. The word may stand in
/// double quotes.
pub(super) fn split(text: &str) -> (&str, &str) {
    let blank = |c: char| c == ' ' || c == '\t';
    let (word, rest) = match text.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        Some(quoted) => quoted,
        None => text.split_at(text.find([' ', '\t', '=']).unwrap_or(text.len())),
    };
    let rest = rest.trim_start_matches(blank);
    (word, rest.strip_prefix('=').unwrap_or(rest).trim_start_matches(blank))
}

/// The words behind a keyword: single and double quotes, backslashes before quotes, blanks and
/// backslashes; a word that starts with `#` ends the line.
pub(super) fn arguments(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| *c == ' ' || *c == '\t').is_some() {}
        match chars.peek() {
            None | Some('#') => return Ok(words),
            Some(_) => words.push(word(&mut chars)?),
        }
    }
}

fn word(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, &'static str> {
    let mut word = String::new();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (_, '\\') => {
                let escapes =
                    |c: &char| matches!(c, '\'' | '"' | '\\') || (quote.is_none() && *c == ' ');
                word.push(chars.next_if(escapes).unwrap_or('\\'));
            }
            (None, ' ' | '\t') => return Ok(word),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (_, c) => word.push(c),
        }
    }
    if quote.is_some() { Err("a quote does not end") } else { Ok(word) }
}

/// Splits as a shell would, and as Ansible splits `ansible_ssh_common_args`.
pub(in crate::transport) fn shell_words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some('"'), '\\') => {
                let next = chars.next();
                let word = word.get_or_insert_default();
                if !matches!(next, Some('"' | '\\' | '$' | '`')) {
                    word.push('\\');
                }
                word.extend(next);
            }
            (None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote does not end");
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_keyword_and_words() {
        for (line, key, words) in [
            ("Host a b", "host", vec!["a", "b"]),
            ("  Port=22", "port", vec!["22"]),
            ("Port = 22 # why", "port", vec!["22"]),
            ("IdentityFile \"a b\" 'c d'", "identityfile", vec!["a b", "c d"]),
            (r#"User a\ b\"c\d"#, "user", vec![r#"a b"c\d"#]),
            ("User \"\"", "user", vec![""]),
            ("\"User\" x#y", "user", vec!["x#y"]),
            ("User\tx\r", "user", vec!["x"]),
        ] {
            let (keyword, rest) = keyword(line).unwrap();
            assert_eq!(
                (keyword.as_str(), arguments(rest).unwrap()),
                (key, words.iter().map(ToString::to_string).collect()),
                "{line}"
            );
        }
        assert!(keyword(" # no").is_none() && keyword(" \t").is_none());
        assert!(arguments("'a").is_err());
    }

    #[test]
    fn a_shells_words() {
        assert_eq!(
            shell_words(r#"a 'b c' "d\"e\f" g\ h ''"#).unwrap(),
            ["a", "b c", "d\"e\\f", "g h", ""]
        );
        assert!(shell_words("\"a").is_err());
    }
}
