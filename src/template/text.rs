//! Templates as they are shown in errors.

/// A template in one line, not too long.
pub(super) fn shorten(template: &str) -> String {
    const LONGEST: usize = 120;
    let line = template.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST).chain("…".chars()).collect()
}

/// What stands at a line of a template; the whole template when it is short.
pub(super) fn place(source: &str, line: usize) -> String {
    const SHORT: usize = 4;
    if source.trim_end().lines().count() <= SHORT {
        return shorten(source);
    }
    let text = source.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    format!("line {line}: {}", shorten(text))
}
