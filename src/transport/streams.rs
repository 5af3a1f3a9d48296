//! What a command reads and writes, on our side: bytes or local files, in constant memory.

use super::{Input, Sink, TransportError};
use bytes::{Bytes, BytesMut};
use std::path::{Path, PathBuf};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter};

/// Bytes handed to SSH at once: smaller pieces cost throughput, larger ones memory.
const PIECE: usize = 256 * 1024;
/// Captured output of one command, both streams together. Who expects more names a file.
const CAPTURED_MOST: usize = 64 << 20;

fn local(path: &Path, error: &std::io::Error) -> TransportError {
    TransportError::Local { what: format!("`{}`", path.display()), reason: error.to_string() }
}

/// Standard input, opened before the command is sent.
pub(super) enum Source {
    Bytes(Bytes),
    File(PathBuf, File),
}

impl Source {
    pub(super) async fn open(input: &Input) -> Result<Self, TransportError> {
        match input {
            Input::Empty => Ok(Self::Bytes(Bytes::new())),
            Input::Bytes(bytes) => Ok(Self::Bytes(bytes.clone())),
            Input::File(path) => {
                let file = File::open(path).await.map_err(|error| local(path, &error))?;
                Ok(Self::File(path.clone(), file))
            }
        }
    }

    /// The next piece; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        let piece = match self {
            Self::Bytes(bytes) => bytes.split_to(bytes.len().min(PIECE)),
            Self::File(path, file) => {
                let mut buffer = BytesMut::with_capacity(PIECE);
                file.read_buf(&mut buffer).await.map_err(|error| local(path, &error))?;
                buffer.freeze()
            }
        };
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }
}

/// Standard output and error on their way in.
pub(super) struct Collected {
    stdout: Out,
    stderr: Vec<u8>,
    captured: usize,
}

enum Out {
    Memory(Vec<u8>),
    File(PathBuf, BufWriter<File>),
}

impl Collected {
    pub(super) async fn open(sink: &Sink) -> Result<Self, TransportError> {
        let stdout = match sink {
            Sink::Capture => Out::Memory(Vec::new()),
            Sink::File(path) => {
                let mut options = OpenOptions::new();
                options.write(true).create(true).truncate(true).mode(0o600);
                let file = options.open(path).await.map_err(|error| local(path, &error))?;
                Out::File(path.clone(), BufWriter::with_capacity(PIECE, file))
            }
        };
        Ok(Self { stdout, stderr: Vec::new(), captured: 0 })
    }

    pub(super) async fn stdout(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        match &mut self.stdout {
            Out::Memory(captured) => {
                captured.extend_from_slice(bytes);
                self.count(bytes.len())
            }
            Out::File(path, file) => {
                file.write_all(bytes).await.map_err(|error| local(path, &error))
            }
        }
    }

    pub(super) fn stderr(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        self.stderr.extend_from_slice(bytes);
        self.count(bytes.len())
    }

    fn count(&mut self, more: usize) -> Result<(), TransportError> {
        self.captured += more;
        if self.captured <= CAPTURED_MOST {
            return Ok(());
        }
        Err(TransportError::Local {
            what: "output of a command".into(),
            reason: format!("it is more than {} MiB; the command was cut off", CAPTURED_MOST >> 20),
        })
    }

    /// Everything that came in: standard output, standard error.
    pub(super) async fn finish(self) -> Result<(Vec<u8>, Vec<u8>), TransportError> {
        match self.stdout {
            Out::Memory(captured) => Ok((captured, self.stderr)),
            Out::File(path, mut file) => {
                file.flush().await.map_err(|error| local(&path, &error))?;
                Ok((Vec::new(), self.stderr))
            }
        }
    }
}
