//! Content that goes to a host, and where on this machine it is looked for.

use super::{Args, Context, ModuleError};
use crate::transport::Input;
use bytes::Bytes;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Files larger than this are not shown line by line.
pub(super) const LARGEST_DIFF: u64 = 104_448;

/// What a file begins with that Ansible Vault encrypted.
const VAULT: &[u8] = b"$ANSIBLE_VAULT;";

/// What is to stand in a file.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// These bytes.
    Bytes(Bytes),
    /// What was encrypted: it is not shown.
    Opened(Bytes),
    /// A local file.
    File(PathBuf),
}

/// Digests of a content, hexadecimal.
#[derive(Debug, Clone)]
pub(super) struct Digests {
    /// What is compared with the host's file.
    pub(super) sha256: String,
    /// Ansible's `checksum`.
    pub(super) sha1: String,
    /// Ansible's `md5sum`.
    pub(super) md5: String,
}

impl Source {
    /// The digests of the content.
    pub(super) fn digests(&self) -> Result<Digests, ModuleError> {
        let (mut sha256, mut sha1, mut md5) = (Sha256::new(), Sha1::new(), Md5::new());
        let mut take = |piece: &[u8]| {
            sha256.update(piece);
            sha1.update(piece);
            md5.update(piece);
        };
        match self {
            Self::Bytes(bytes) | Self::Opened(bytes) => take(bytes),
            Self::File(path) => read_through(path, take)?,
        }
        Ok(Digests {
            sha256: hex::encode(sha256.finalize()),
            sha1: hex::encode(sha1.finalize()),
            md5: hex::encode(md5.finalize()),
        })
    }

    /// The content as text, when it is small enough to be shown.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Bytes(bytes) => String::from_utf8(bytes.to_vec()).ok(),
            Self::Opened(_) => None,
            Self::File(path) => {
                let small = std::fs::metadata(path).is_ok_and(|data| data.len() <= LARGEST_DIFF);
                small.then(|| std::fs::read_to_string(path).ok()).flatten()
            }
        }
    }

    /// The content.
    pub(super) fn bytes(&self) -> Result<Bytes, ModuleError> {
        match self {
            Self::Bytes(bytes) | Self::Opened(bytes) => Ok(bytes.clone()),
            Self::File(path) => {
                std::fs::read(path).map(Bytes::from).map_err(|e| unreadable(path, &e))
            }
        }
    }

    /// Where it comes from, as a diff names it.
    pub(super) fn header(&self) -> String {
        match self {
            Self::Bytes(_) | Self::Opened(_) => "dynamically generated".to_owned(),
            Self::File(path) => path.to_string_lossy().into_owned(),
        }
    }
}

impl From<Source> for Input {
    fn from(source: Source) -> Self {
        match source {
            Source::Bytes(bytes) | Source::Opened(bytes) => Self::Bytes(bytes),
            Source::File(path) => Self::File(path),
        }
    }
}

/// Hands out a local file piece by piece.
pub(super) fn read_through(path: &Path, mut take: impl FnMut(&[u8])) -> Result<(), ModuleError> {
    let mut file = std::fs::File::open(path).map_err(|e| unreadable(path, &e))?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer).map_err(|e| unreadable(path, &e))? {
            0 => return Ok(()),
            read => take(&buffer[..read]),
        }
    }
}

/// A local file that cannot be read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> ModuleError {
    ModuleError::Failed(format!("cannot read `{}`: {error}", path.display()))
}

/// The local file or directory that `src` names, looked for as Ansible does.
pub(super) fn find(context: &Context, src: &str, folder: &str) -> Result<PathBuf, ModuleError> {
    let src = match src.strip_prefix("~/").zip(std::env::var_os("HOME")) {
        Some((rest, home)) => PathBuf::from(home).join(rest),
        None => PathBuf::from(src),
    };
    let candidates: Vec<PathBuf> = if src.is_absolute() {
        vec![src.clone()]
    } else {
        let both = |dir: &PathBuf| [dir.join(folder).join(&src), dir.join(&src)];
        context.search_path.iter().flat_map(both).collect()
    };
    if let Some(found) = candidates.iter().find(|path| path.exists()) {
        let whole = std::path::absolute(found).map_err(|e| unreadable(found, &e))?;
        // Without a slash at its end.
        return Ok(whole.components().collect());
    }
    let tried: Vec<String> =
        candidates.iter().map(|path| format!("`{}`", path.display())).collect();
    let src = src.display();
    Err(ModuleError::Failed(format!("there is no file `{src}`; looked for {}", tried.join(", "))))
}

/// The same for what must be a file.
pub(super) fn find_file(
    context: &Context,
    src: &str,
    folder: &str,
) -> Result<PathBuf, ModuleError> {
    let found = find(context, src, folder)?;
    if found.is_dir() {
        return Err(ModuleError::Failed(format!("`{}` is a directory", found.display())));
    }
    Ok(found)
}

/// What goes to a host from a local file: what Ansible Vault encrypted goes in the clear, unless
/// `decrypt: false` is said.
pub(super) fn opened(context: &Context, args: &Args, path: &Path) -> Result<Source, ModuleError> {
    let mut begin = [0; VAULT.len()];
    let mut file = std::fs::File::open(path).map_err(|e| unreadable(path, &e))?;
    let sealed = file.read_exact(&mut begin).is_ok() && begin == VAULT;
    if !sealed || !args.boolean("decrypt", true)? {
        return Ok(Source::File(path.to_owned()));
    }
    let content = std::fs::read(path).map_err(|e| unreadable(path, &e))?;
    Ok(Source::Opened(context.templates.open(path, content)?.into()))
}
