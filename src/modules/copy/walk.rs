//! What a directory of this machine holds.

use super::super::ModuleError;
use super::super::source::unreadable;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The entries of a directory, by their paths in it.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Where each file is here, and its path in the tree.
    pub(super) files: Vec<(PathBuf, String)>,
    /// Every directory below the top.
    pub(super) directories: Vec<String>,
    /// Where each symbolic link points to, and its path.
    pub(super) links: Vec<(String, String)>,
}

impl Tree {
    /// Walks through a directory. With `follow`, links are what they lead to; one that leads to a
    /// directory around it stays a link.
    pub(super) fn of(top: &Path, follow: bool) -> Result<Self, ModuleError> {
        let mut tree = Self::default();
        let around = vec![identity(top)?];
        tree.walk(top, "", follow, &around)?;
        Ok(tree)
    }

    fn walk(
        &mut self,
        directory: &Path,
        prefix: &str,
        follow: bool,
        around: &[(u64, u64)],
    ) -> Result<(), ModuleError> {
        let failed = |e: std::io::Error| unreadable(directory, &e);
        let entries: Result<Vec<_>, _> = fs::read_dir(directory).map_err(failed)?.collect();
        let mut entries = entries.map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let name = entry.file_name().into_string().map_err(|name| {
                let name = name.to_string_lossy().into_owned();
                ModuleError::Failed(format!("the name of `{name}` is not UTF-8"))
            })?;
            let place = format!("{prefix}{name}");
            let link = entry.file_type().map_err(failed)?.is_symlink();
            let leads_around = path.is_dir() && around.contains(&identity(&path)?);
            if link && (!follow || leads_around || !path.exists()) {
                let target = fs::read_link(&path).map_err(|e| unreadable(&path, &e))?;
                self.links.push((target.to_string_lossy().into_owned(), place));
            } else if path.is_dir() {
                let mut around = around.to_vec();
                around.push(identity(&path)?);
                self.directories.push(place.clone());
                self.walk(&path, &format!("{place}/"), follow, &around)?;
            } else {
                self.files.push((path, place));
            }
        }
        Ok(())
    }
}

fn identity(path: &Path) -> Result<(u64, u64), ModuleError> {
    let data = fs::metadata(path).map_err(|e| unreadable(path, &e))?;
    Ok((data.dev(), data.ino()))
}
