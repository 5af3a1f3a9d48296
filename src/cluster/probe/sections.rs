//! The framing that the probe scripts print: `== NAME`, then lines behind `|`, at last `== end`.

/// Sections in the order in which they came.
#[derive(Debug)]
pub(super) struct Sections<'a>(Vec<(&'a str, Vec<&'a str>)>);

/// The output is not what the script prints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("the host printed a line that is not ours: `{0}`")]
    Foreign(String),
    #[error("the host's answer ends too early")]
    Short,
}

impl<'a> Sections<'a> {
    /// Reads the whole output. A line outside of the framing, from a login script for example, is
    /// an error, as everything after it could be somebody else's.
    pub(super) fn parse(text: &'a str) -> Result<Self, FrameError> {
        let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("== ") {
                sections.push((name, Vec::new()));
            } else if let (Some(content), Some((_, lines))) =
                (line.strip_prefix('|'), sections.last_mut())
            {
                lines.push(content);
            } else {
                // It may be anything, so no more of it is shown than is needed to find it.
                return Err(FrameError::Foreign(line.chars().take(80).collect()));
            }
        }
        if sections.last().is_none_or(|(name, _)| *name != "end") {
            return Err(FrameError::Short);
        }
        Ok(Self(sections))
    }

    /// The lines of a section; `None` when it was not printed.
    pub(super) fn get(&self, name: &str) -> Option<&[&'a str]> {
        self.0.iter().find(|(found, _)| *found == name).map(|(_, lines)| lines.as_slice())
    }

    /// The lines of a section, none when it was not printed.
    pub(super) fn lines(&self, name: &str) -> &[&'a str] {
        self.get(name).unwrap_or_default()
    }

    /// The text of a section; `None` when it was not printed.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|lines| lines.iter().flat_map(|line| [*line, "\n"]).collect())
    }
}
