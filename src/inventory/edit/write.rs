//! Writing a changed file so that it is either the old or the new one.

use super::Change;
use crate::error::Problem;
use std::io::{self, Write};
use std::path::Path;

impl Change {
    /// Puts the new text in place of the old one, with its mode and owner. Refuses when somebody
    /// changed the file in between.
    pub fn write(&self) -> Result<(), Problem> {
        let shown = self.path.display();
        let failed = |error: io::Error| {
            Problem::new(format!("cannot write `{shown}`: {error}"))
                .hint("it is as it was; check who may write there")
        };
        // A link stays a link.
        let path = self.path.canonicalize().map_err(failed)?;
        if std::fs::read_to_string(&path).map_err(failed)? != self.before {
            return Err(Problem::new(format!("`{shown}` was changed by somebody else just now"))
                .hint("it is as they left it; run this again"));
        }
        replace(&path, &self.after).map_err(failed)
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let metadata = std::fs::metadata(path)?;
    let mut file = tempfile::Builder::new().prefix(".rrecover-").tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(metadata.permissions())?;
    keep_owner(file.as_file(), &metadata)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    std::fs::File::open(directory)?.sync_all()
}

/// Somebody else's file stays theirs, where this user may say so.
fn keep_owner(file: &std::fs::File, metadata: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    if own.uid() == metadata.uid() && own.gid() == metadata.gid() {
        return Ok(());
    }
    fchown(file, Some(metadata.uid()), Some(metadata.gid()))
}
