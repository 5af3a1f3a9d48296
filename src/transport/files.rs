//! Files to, from and between hosts: streamed, temporary beside the target, synced, renamed.
//!
//! Nothing but a POSIX shell and coreutils (or busybox) is needed on the host, not even sftp. The
//! digest of what is sent is taken before it is sent, so that one command can write, compare and
//! rename: what does not arrive whole never gets the target's name. A target that is a symbolic
//! link is replaced, not followed. Extended attributes are not carried over.

use super::{Command, Connection, Input, Output, RunAs, Sink, TransportError, quote};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Where a file goes and how it is to look there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The absolute path on the host.
    pub path: String,
    /// `0640`; `None` keeps the mode of the file that is replaced, else 0600.
    pub mode: Option<String>,
    /// The owner's name or id; `None` keeps it.
    pub owner: Option<String>,
    /// The group's name or id; `None` keeps it.
    pub group: Option<String>,
}

/// Why a file did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The host could not be reached, or the outcome is not known.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The host could not read or write the file.
    #[error("`{host}`: cannot {action} `{path}`: {reason}")]
    Host {
        /// The inventory's name.
        host: String,
        /// `read` or `write`.
        action: String,
        /// The path on the host.
        path: String,
        /// What the host said.
        reason: String,
    },
    /// What arrived is not what was sent.
    #[error("`{path}` arrived with digest {found}, not {expected}")]
    Digest {
        /// The path it arrived at.
        path: String,
        /// SHA-256 of what was sent.
        expected: String,
        /// SHA-256 of what arrived.
        found: String,
    },
}

/// The exit code by which the host says that the digest differs; the digest is on standard output.
const DIGEST_DIFFERS: i32 = 97;

/// Parts of the script that puts a file in place; each ends it when it exits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Steps {
    /// Before anything is written: makes `$dir`, for example.
    pub first: String,
    /// When `$tmp` is complete, and before it gets the name `$target`: looks at it.
    pub checked: String,
    /// When all is done.
    pub last: String,
}

/// Writes standard input to the target. Before it stand `target`, `dir`, `tmp`, `expected`,
/// `mode`, `owner` and `group`, the last three empty for "as it was".
const WRITE: &str = r#"
umask 077
say() { echo "$1" >&2; exit 1; }
[ -d "$dir" ] || say "the directory $dir does not exist"
[ ! -d "$target" ] || say "it is a directory"
trap 'rm -f -- "$tmp"' EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 141' PIPE; trap 'exit 143' TERM
cat > "$tmp" || exit 1
found=$(sha256sum < "$tmp") || exit 1
found=${found%% *}
[ "$found" = "$expected" ] || { echo "$found"; exit 97; }
if [ -f "$target" ] && [ ! -L "$target" ]; then
  : "${mode:=$(stat -c %a -- "$target")}" || exit 1
  : "${owner:=$(stat -c %u -- "$target")}" "${group:=$(stat -c %g -- "$target")}" || exit 1
fi
if [ -n "$owner$group" ]; then
  now=$(stat -c '%u:%g %U:%G' -- "$tmp") || exit 1
  : "${owner:=$(stat -c %u -- "$tmp")}" "${group:=$(stat -c %g -- "$tmp")}"
  case " $now " in *" $owner:$group "*) ;; *) chown -- "$owner:$group" "$tmp" || exit 1 ;; esac
fi
chmod -- "${mode:-600}" "$tmp" || exit 1
"#;

/// Gives what was written its name.
const RENAME: &str = r#"
sync "$tmp" 2>/dev/null || sync
mv -f -- "$tmp" "$target" || exit 1
trap - EXIT
sync "$dir" 2>/dev/null || :
"#;

/// Sends `source` to `place` and gives its SHA-256, hexadecimal. Nothing is left at the target or
/// beside it when it fails.
pub async fn upload(
    to: &dyn Connection,
    run_as: Option<RunAs>,
    source: Input,
    place: &Place,
    deadline: Duration,
) -> Result<String, FileError> {
    let expected = digest_of(&source).await?;
    let output = put(to, run_as, source, &expected, place, &Steps::default(), deadline).await?;
    match output.rc {
        0 => Ok(expected),
        _ => Err(FileError::Host {
            host: to.host().to_owned(),
            action: "write".into(),
            path: place.path.clone(),
            reason: words(&output),
        }),
    }
}

/// The same with steps of the caller's between; `expected` is the SHA-256 of `source`. What they
/// say and how they exit is in the output.
pub async fn put(
    to: &dyn Connection,
    run_as: Option<RunAs>,
    source: Input,
    expected: &str,
    place: &Place,
    steps: &Steps,
    deadline: Duration,
) -> Result<Output, FileError> {
    let failed = |reason: String| FileError::Host {
        host: to.host().to_owned(),
        action: "write".into(),
        path: place.path.clone(),
        reason,
    };
    let Some((directory, name)) = place.path.rsplit_once('/').filter(|(_, name)| !name.is_empty())
    else {
        return Err(failed("it is not the absolute path of a file".into()));
    };
    if !place.path.starts_with('/') {
        return Err(failed("it is not an absolute path".into()));
    }
    let directory = if directory.is_empty() { "/" } else { directory };
    // The name's end stays: programs that check a file look at its suffix.
    let temporary = format!("{directory}/.rrecover-{}.{name}", random_name()?);
    let settings = [
        ("target", place.path.as_str()),
        ("dir", directory),
        ("tmp", &temporary),
        ("expected", expected),
        ("mode", place.mode.as_deref().unwrap_or_default()),
        ("owner", place.owner.as_deref().unwrap_or_default()),
        ("group", place.group.as_deref().unwrap_or_default()),
    ];
    let settings = settings.map(|(name, value)| format!("{name}={}\n", quote(value))).concat();
    let Steps { first, checked, last } = steps;
    let script = format!("{settings}{first}{WRITE}{checked}{RENAME}{last}");
    let command = Command::new(script).run_as(run_as).stdin(source).deadline(deadline);
    let output = to.run(command).await?;
    if output.rc != DIGEST_DIFFERS {
        return Ok(output);
    }
    let found = output.stdout_text().trim().to_owned();
    Err(FileError::Digest { path: place.path.clone(), expected: expected.to_owned(), found })
}

/// Fetches `path` into a local file (mode 0600) and gives its SHA-256, hexadecimal. The local file
/// appears, or is replaced, only when it arrived whole.
pub async fn download(
    from: &dyn Connection,
    run_as: Option<RunAs>,
    path: &str,
    into: &Path,
    deadline: Duration,
) -> Result<String, FileError> {
    let directory = into.parent().filter(|parent| !parent.as_os_str().is_empty());
    let temporary = tempfile::Builder::new()
        .prefix(".rrecover-")
        .tempfile_in(directory.unwrap_or(Path::new(".")))
        .map_err(|error| local(into, &error))?
        .into_temp_path();
    let quoted = quote(path);
    // The digest is the last line of standard error, since the content is standard output.
    let script = format!(
        "[ -f {quoted} ] || {{ echo 'it is not a file, or not there' >&2; exit 1; }}\n\
         cat < {quoted} || exit 1\nsha256sum < {quoted} >&2"
    );
    let sink = Sink::File(temporary.to_path_buf());
    let command = Command::new(script).run_as(run_as).stdout(sink).deadline(deadline);
    let output = from.run(command).await?;
    let failed = |reason: String| FileError::Host {
        host: from.host().to_owned(),
        action: "read".into(),
        path: path.to_owned(),
        reason,
    };
    if !output.success() {
        return Err(failed(words(&output)));
    }
    let said = output.stderr_text();
    let digest = said.lines().last().and_then(|line| line.split_whitespace().next());
    let expected = digest.ok_or_else(|| failed("the host gave no digest".into()))?.to_owned();
    let found = digest_of(&Input::File(temporary.to_path_buf())).await?;
    if found != expected {
        return Err(FileError::Digest { path: into.display().to_string(), expected, found });
    }
    temporary.persist(into).map_err(|error| local(into, &error.error))?;
    Ok(found)
}

/// What is small enough to be carried in memory. Keys are: they never rest on a disk of ours.
const SMALL: usize = 64 * 1024;

/// Copies a file from one host to another through this machine, in constant memory, and gives its
/// SHA-256. A large one rests in a temporary file here (mode 0600), which is removed.
pub async fn relay(
    from: (&dyn Connection, Option<RunAs>, &str),
    to: (&dyn Connection, Option<RunAs>, &Place),
    deadline: Duration,
) -> Result<String, FileError> {
    let until = Instant::now() + deadline;
    if let Some((content, digest)) = small(from.0, from.1.clone(), from.2, deadline).await? {
        let left = until.saturating_duration_since(Instant::now());
        let sent = upload(to.0, to.1, Input::Bytes(content), to.2, left).await?;
        if sent == digest {
            return Ok(sent);
        }
        return Err(FileError::Digest { path: to.2.path.clone(), expected: digest, found: sent });
    }
    let resting = tempfile::tempdir().map_err(|error| local(&std::env::temp_dir(), &error))?;
    let file = resting.path().join("file");
    let (from, from_run_as, path) = from;
    let fetched = download(from, from_run_as, path, &file, deadline).await?;
    let (to, to_run_as, place) = to;
    let left = until.saturating_duration_since(Instant::now());
    let sent = upload(to, to_run_as, Input::File(file), place, left).await?;
    if sent == fetched {
        return Ok(sent);
    }
    Err(FileError::Digest { path: place.path.clone(), expected: fetched, found: sent })
}

/// A small file's content and the digest that the host gives of it; `None` when it is not small.
async fn small(
    from: &dyn Connection,
    run_as: Option<RunAs>,
    path: &str,
    deadline: Duration,
) -> Result<Option<(Bytes, String)>, FileError> {
    let path = quote(path);
    let script = format!(
        "[ -f {path} ] && [ \"$(wc -c <{path})\" -le {SMALL} ] || exit 0\n\
         sha256sum <{path} >&2 && cat <{path}"
    );
    let output = from.run(Command::new(script).run_as(run_as).deadline(deadline)).await?;
    let said = output.stderr_text();
    let digest = said.lines().last().and_then(|line| line.split_whitespace().next());
    match digest {
        Some(digest) if output.success() => {
            Ok(Some((Bytes::from(output.stdout), digest.to_owned())))
        }
        // What is wrong with the file is said by the way for large ones.
        _ => Ok(None),
    }
}

fn local(path: &Path, error: &std::io::Error) -> TransportError {
    TransportError::Local { what: format!("`{}`", path.display()), reason: error.to_string() }
}

/// The host's own words about a failure.
pub fn words(output: &Output) -> String {
    let said = output.stderr_text();
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if said.is_empty() { format!("exit code {}", output.rc) } else { said.join("; ") }
}

fn random_name() -> Result<String, TransportError> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(|error| TransportError::Local {
        what: "random numbers".into(),
        reason: error.to_string(),
    })?;
    Ok(hex::encode(random))
}

/// SHA-256 of what is to be sent, hexadecimal.
async fn digest_of(input: &Input) -> Result<String, TransportError> {
    let path = match input {
        Input::Empty => return Ok(hex::encode(Sha256::digest([]))),
        Input::Bytes(bytes) => return Ok(hex::encode(Sha256::digest(bytes))),
        Input::File(path) => path.clone(),
    };
    let hashing = tokio::task::spawn_blocking(move || {
        let hash = || {
            let mut file = std::fs::File::open(&path)?;
            let mut hasher = Sha256::new();
            let mut buffer = vec![0; 1 << 20];
            loop {
                match file.read(&mut buffer)? {
                    0 => return Ok(hex::encode(hasher.finalize())),
                    count => hasher.update(&buffer[..count]),
                }
            }
        };
        hash().map_err(|error| local(&path, &error))
    });
    hashing.await.unwrap_or_else(|error| {
        Err(TransportError::Local { what: "digest".into(), reason: error.to_string() })
    })
}
