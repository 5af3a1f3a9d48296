//! OpenSSH's patterns: `*`, `?` and, in lists, `!`.

/// Whether `pattern` is `text`; brackets stand for themselves, as in `[host]:port`.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star_p, star_t)) = star else { return false };
                star = Some((star_p, star_t + 1));
                p = star_p + 1;
                t = star_t + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

/// Whether one of `patterns` matches and no negated one does.
pub(super) fn any_matches<'a>(patterns: impl IntoIterator<Item = &'a str>, text: &str) -> bool {
    let mut found = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(negated) if matches(negated, text) => return false,
            Some(_) => {}
            None => found |= matches(pattern, text),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::any_matches;

    #[test]
    fn patterns_match_as_in_openssh() {
        for (list, text, wanted) in [
            ("node1", "node1", true),
            ("node1", "node10", false),
            ("a,node1", "node1", true),
            ("node?", "node1", true),
            ("node?", "node10", false),
            ("*.example", "a.b.example", true),
            ("*.example", "example", false),
            ("*,!node1", "node1", false),
            ("*,!node1", "node2", true),
            ("!node2", "node1", false),
            ("[node1]:2222", "[node1]:2222", true),
            ("node1", "[node1]:2222", false),
            ("[*]:2222", "[node1]:2222", true),
            ("*a*b*", "xaxxbx", true),
            ("", "node1", false),
        ] {
            assert_eq!(any_matches(list.split(','), text), wanted, "{list} {text}");
        }
    }
}
