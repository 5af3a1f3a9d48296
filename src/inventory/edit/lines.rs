//! A text as lines that keep their ends.

/// The lines of a text, each with its line end, and the line end that the text uses.
pub(super) struct Lines<'a> {
    pub(super) all: Vec<&'a str>,
    pub(super) end: &'static str,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let all: Vec<&str> = text.split_inclusive('\n').collect();
        let end =
            if all.first().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
        Self { all, end }
    }

    /// The text with `new` lines before the line `at`, counted from 0.
    pub(super) fn with(&self, at: usize, new: &[String]) -> String {
        let mut text = self.all[..at].concat();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str(self.end);
        }
        for line in new {
            text.push_str(line);
            text.push_str(self.end);
        }
        text.push_str(&self.all[at..].concat());
        text
    }

    /// The text without the lines of `gone`; some of them may lie in several ranges.
    pub(super) fn without(&self, gone: &[std::ops::Range<usize>]) -> String {
        let stays = |at: &usize| !gone.iter().any(|lines| lines.contains(at));
        (0..self.all.len()).filter(stays).map(|at| self.all[at]).collect()
    }
}
