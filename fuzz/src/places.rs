//! Places of mistakes.

use rrecover::error::Problem;

/// Every mistake that stands in `file` stands inside of its text, and says what it is.
pub fn inside<'a>(problems: impl IntoIterator<Item = &'a Problem>, file: &str, text: &str) {
    let mut count = 0;
    for problem in problems {
        count += 1;
        assert!(!problem.message.is_empty(), "a mistake without a word");
        let Some(at) = problem.location.as_ref().filter(|at| at.file == file) else { continue };
        // YAML has more line breaks than `\n`; a mistake at the end stands behind the last one.
        let lines = text.chars().filter(|c| "\n\r\u{85}\u{2028}\u{2029}".contains(*c)).count() + 2;
        assert!((1..=lines).contains(&at.line), "{problem}: there are {lines} lines");
        let longest = text.chars().count() + 1;
        assert!((1..=longest).contains(&at.column), "{problem}: no line is that long");
    }
    assert!(count > 0, "refused without a mistake");
}
