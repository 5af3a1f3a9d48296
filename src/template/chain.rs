//! How a lazy variable was reached: finds cycles, and tells the way in errors.

use super::error::TemplateError;
use super::limits::Work;
use minijinja::Error;
use std::sync::Arc;

/// Longer ways than any inventory has; keeps a hostile one from exhausting the stack.
const MAX_DEPTH: usize = 60;

/// The variables that are being rendered, the outermost first.
#[derive(Clone, Default)]
pub(super) struct Chain {
    names: Arc<Vec<String>>,
    host: Option<Arc<str>>,
    /// What the rendering did that began this way; none has begun where there is none.
    work: Option<Work>,
}

impl Chain {
    /// The same way, begun at a host.
    pub(super) fn begin(&self, host: Option<&Arc<str>>) -> Self {
        Self {
            names: Arc::clone(&self.names),
            host: self.host.clone().or_else(|| host.cloned()),
            work: Some(self.work.clone().unwrap_or_default()),
        }
    }

    /// One step further, unless that closes a circle.
    pub(super) fn enter(&self, name: &str) -> Result<Self, TemplateError> {
        let circle = self.names.iter().position(|known| known == name);
        let mut names: Vec<String> = self.names.to_vec();
        names.push(name.to_owned());
        if let Some(start) = circle {
            return Err(TemplateError::Cycle { chain: names.split_off(start) });
        }
        if names.len() > MAX_DEPTH {
            return Err(TemplateError::Operation {
                template: name.to_owned(),
                message: format!("variables need each other more than {MAX_DEPTH} deep"),
                chain: names,
            });
        }
        let work = Some(self.work.clone().unwrap_or_default());
        Ok(Self { names: Arc::new(names), work, host: self.host.clone() })
    }

    /// Counts steps of the rendering, unless they are too many.
    pub(super) fn work(&self, steps: usize) -> Result<(), Error> {
        self.work.as_ref().map_or(Ok(()), |work| work.add(steps))
    }

    /// Whether variables of that host are read on behalf of another host.
    pub(super) fn left_host(&self, host: &Arc<str>) -> bool {
        self.host.as_ref().is_some_and(|start| start != host)
    }

    /// The names, the outermost first.
    pub(super) fn names(&self) -> Vec<String> {
        self.names.to_vec()
    }
}
