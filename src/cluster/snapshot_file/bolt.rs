//! A read-only reader of bbolt databases, the format of etcd's backend.
//!
//! A database is pages of one size. Pages 0 and 1 hold the meta data twice, the valid one with the
//! higher transaction id counts. Every other page is found by its number: branches point to pages,
//! leaves hold keys and values, and a bucket is a tree whose root stands in a leaf of another one.
//! Whatever is read may be wrong or hostile: every offset is checked against the file, a walk
//! visits no more pages than there are, and nothing is kept but one window of bytes.

use std::fs::File;
use std::os::unix::fs::FileExt;

const MAGIC: u32 = 0xED0C_DAED;
const FORMAT_VERSION: u32 = 2;
const PAGE_HEADER: u64 = 16;
const ELEMENT: u64 = 16;
const META_BYTES: usize = 64;
/// The checksum is over everything in the meta data before itself.
const META_CHECKED: usize = 56;
const IS_BRANCH: u16 = 0x01;
const IS_LEAF: u16 = 0x02;
const IS_BUCKET: u32 = 0x01;
const BUCKET_HEADER: u64 = 16;
/// Deeper than any tree of 2^64 keys can be.
const DEEPEST: usize = 64;
/// Page sizes that operating systems have; bbolt takes theirs.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1024..=65_536;
/// How much is read at a time: a few pages, as most pages are read whole.
const WINDOW: u64 = 16 * 1024;
/// No name of a bucket and no key that matters here is longer.
const LONGEST_KEY: u64 = 64;

/// Why the bytes are no database of etcd's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BoltError {
    #[error("it does not begin with the pages of an etcd database")]
    NoMeta,
    #[error("page {page} {problem}")]
    Page { page: u64, problem: &'static str },
    #[error("it holds no bucket `{0}`")]
    NoBucket(&'static str),
    #[error("its bucket `key` holds a key that is no revision")]
    NotARevision,
    #[error("it cannot be read: {0}")]
    Read(String),
}

/// What is asked of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    /// Records in the bucket `key`: one for every change that was not compacted away.
    pub(super) records: u64,
    /// The highest revision among them.
    pub(super) revision: i64,
    /// `clusterVersion` of the bucket `cluster`.
    pub(super) cluster_version: Option<String>,
}

/// An open database.
pub(super) struct Database<'a> {
    window: Window<'a>,
    page_size: u64,
    /// The number of pages in use, bbolt's high water mark.
    pages: u64,
    /// The root page of the bucket that holds the buckets.
    root: u64,
}

/// A node of a tree: a page of its own, or bytes inside a leaf's value (a small bucket).
#[derive(Debug, Clone, Copy)]
struct Node {
    /// Where its page header stands in the file.
    offset: u64,
    /// Where its bytes end.
    end: u64,
    /// The page it stands on, for messages.
    page: u64,
}

/// A key of a leaf and where its value stands.
struct Entry {
    key: Vec<u8>,
    is_bucket: bool,
    value: std::ops::Range<u64>,
    page: u64,
}

impl<'a> Database<'a> {
    /// Reads the meta pages of the first `bytes` bytes of a file.
    pub(super) fn open(file: &'a File, bytes: u64) -> Result<Self, BoltError> {
        let mut window = Window { file, bytes, start: 0, held: Vec::new() };
        let mut best: Option<Meta> = None;
        let mut consider = |meta: Option<Meta>| {
            if let Some(meta) = meta
                && best.as_ref().is_none_or(|known| meta.transaction > known.transaction)
            {
                best = Some(meta);
            }
        };
        consider(Meta::read(&mut window, 0));
        // Where the second one stands depends on the page size, which only the first one says.
        let mut page_size = *PAGE_SIZES.start();
        while page_size <= *PAGE_SIZES.end() {
            let second = Meta::read(&mut window, u64::from(page_size));
            consider(second.filter(|meta| meta.page_size == page_size));
            page_size *= 2;
        }
        let meta = best.ok_or(BoltError::NoMeta)?;
        let page_size = u64::from(meta.page_size);
        Ok(Self { window, page_size, pages: meta.pages, root: meta.root })
    }

    /// How many bytes the pages in use take.
    pub(super) fn bytes(&self) -> u64 {
        self.pages.saturating_mul(self.page_size)
    }

    /// Walks through the buckets that matter.
    pub(super) fn content(&mut self) -> Result<Content, BoltError> {
        let mut keys = None;
        let mut cluster = None;
        let root = self.page(self.root)?;
        self.walk(root, |_, entry| {
            match (entry.is_bucket, entry.key.as_slice()) {
                (true, b"key") => keys = Some(entry),
                (true, b"cluster") => cluster = Some(entry),
                _ => {}
            }
            Ok(())
        })?;
        let keys = self.bucket(&keys.ok_or(BoltError::NoBucket("key"))?)?;
        let (mut records, mut revision) = (0, 0);
        self.walk(keys, |_, entry| {
            records += 1;
            revision = revision.max(revision_of(&entry.key).ok_or(BoltError::NotARevision)?);
            Ok(())
        })?;
        let mut cluster_version = None;
        if let Some(cluster) = cluster {
            let cluster = self.bucket(&cluster)?;
            self.walk(cluster, |window, entry| {
                if entry.key == b"clusterVersion" && !entry.is_bucket {
                    cluster_version = version_text(window, &entry)?;
                }
                Ok(())
            })?;
        }
        Ok(Content { records, revision, cluster_version })
    }

    /// The root node of the bucket that stands in a leaf.
    fn bucket(&mut self, entry: &Entry) -> Result<Node, BoltError> {
        let root = self.window.u64(entry.value.start, &entry.value, entry.page)?;
        if root != 0 {
            return self.page(root);
        }
        // A small bucket has no page of its own: it stands behind its header in the value.
        let offset = entry.value.start + BUCKET_HEADER;
        Ok(Node { offset, end: entry.value.end, page: entry.page })
    }

    /// The node on page `page`, with the pages that it flows over into.
    fn page(&mut self, page: u64) -> Result<Node, BoltError> {
        let problem = |problem| BoltError::Page { page, problem };
        if page < 2 || page >= self.pages {
            return Err(problem("is pointed to, but does not exist"));
        }
        let offset = page * self.page_size;
        let all = 0..self.window.bytes;
        if self.window.u64(offset, &all, page)? != page {
            return Err(problem("says that it is another page"));
        }
        let overflow = u64::from(self.window.u32(offset + 12, &all, page)?);
        if overflow >= self.pages - page {
            return Err(problem("flows over the end of the database"));
        }
        Ok(Node { offset, end: offset + (overflow + 1) * self.page_size, page })
    }

    /// Gives every entry below `root` to `visit`, in order.
    fn walk(
        &mut self,
        root: Node,
        mut visit: impl FnMut(&mut Window<'a>, Entry) -> Result<(), BoltError>,
    ) -> Result<(), BoltError> {
        // Each step of the path is a node and the number of its next element.
        let mut path = vec![(root, 0)];
        let mut visited = 1;
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            let problem = |problem| BoltError::Page { page: node.page, problem };
            let within = node.offset..node.end;
            let flags = self.window.u16(node.offset + 8, &within, node.page)?;
            let count = self.window.u16(node.offset + 10, &within, node.page)?;
            if *next == count {
                path.pop();
                continue;
            }
            let element = node.offset + PAGE_HEADER + ELEMENT * u64::from(*next);
            *next += 1;
            match flags {
                IS_LEAF => {
                    let entry = self.entry(element, &within, node.page)?;
                    visit(&mut self.window, entry)?;
                }
                IS_BRANCH => {
                    let child = self.window.u64(element + 8, &within, node.page)?;
                    let child = self.page(child)?;
                    visited += (child.end - child.offset) / self.page_size;
                    if path.len() == DEEPEST || visited > self.pages {
                        return Err(problem("is part of a circle"));
                    }
                    path.push((child, 0));
                }
                _ => return Err(problem("is neither a branch nor a leaf")),
            }
        }
        Ok(())
    }

    /// The leaf element at `element`.
    fn entry(
        &mut self,
        element: u64,
        within: &std::ops::Range<u64>,
        page: u64,
    ) -> Result<Entry, BoltError> {
        let mut field =
            |index: u64| self.window.u32(element + 4 * index, within, page).map(u64::from);
        let (flags, position) = (field(0)?, field(1)?);
        let (key_bytes, value_bytes) = (field(2)?, field(3)?);
        let key = element + position;
        let value = key + key_bytes..key + key_bytes + value_bytes;
        if value.end > within.end {
            return Err(BoltError::Page { page, problem: "holds a value that leaves it" });
        }
        let kept = key_bytes.min(LONGEST_KEY);
        let key = self.window.get(key, kept, within, page)?.to_vec();
        Ok(Entry { key, is_bucket: flags & u64::from(IS_BUCKET) != 0, value, page })
    }
}

/// The main revision in a key of the bucket `key`: 8 bytes, `_`, 8 bytes, and `t` for a tombstone.
fn revision_of(key: &[u8]) -> Option<i64> {
    let (main, rest) = key.split_first_chunk::<8>()?;
    let shaped = match rest {
        [b'_', sub @ ..] => sub.len() == 8 || (sub.len() == 9 && sub[8] == b't'),
        _ => false,
    };
    let main = i64::from_be_bytes(*main);
    (shaped && main >= 0).then_some(main)
}

/// A version that is digits and dots, as it goes into messages.
fn version_text(window: &mut Window<'_>, entry: &Entry) -> Result<Option<String>, BoltError> {
    let bytes = (entry.value.end - entry.value.start).min(LONGEST_KEY);
    let text = window.get(entry.value.start, bytes, &entry.value, entry.page)?;
    let text = std::str::from_utf8(text).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    Ok((!text.is_empty() && text.chars().all(plain)).then(|| text.to_owned()))
}

/// What a meta page says.
struct Meta {
    page_size: u32,
    root: u64,
    pages: u64,
    transaction: u64,
}

impl Meta {
    /// The meta data of the page at `offset`; `None` when there is none with a right checksum.
    fn read(window: &mut Window<'_>, offset: u64) -> Option<Self> {
        let all = 0..window.bytes;
        let bytes = window.get(offset + PAGE_HEADER, META_BYTES as u64, &all, 0).ok()?;
        let u32_at = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let u64_at = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let page_size = u32_at(8)?;
        let valid = u32_at(0)? == MAGIC
            && u32_at(4)? == FORMAT_VERSION
            && u64_at(META_CHECKED)? == fnv_1a(bytes.get(..META_CHECKED)?)
            && PAGE_SIZES.contains(&page_size)
            && page_size.is_power_of_two();
        valid.then_some(())?;
        Some(Self { page_size, root: u64_at(16)?, pages: u64_at(40)?, transaction: u64_at(48)? })
    }
}

/// FNV-1a with 64 bits.
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The only way to the file: a few pages of it in memory, every access checked.
struct Window<'a> {
    file: &'a File,
    /// The database ends here, whatever the file holds behind it.
    bytes: u64,
    start: u64,
    held: Vec<u8>,
}

impl Window<'_> {
    /// `length` bytes at `offset`, which have to be inside `within` and inside the database.
    fn get(
        &mut self,
        offset: u64,
        length: u64,
        within: &std::ops::Range<u64>,
        page: u64,
    ) -> Result<&[u8], BoltError> {
        let outside = BoltError::Page { page, problem: "points outside of itself" };
        let Some(end) = offset.checked_add(length) else { return Err(outside) };
        if offset < within.start || end > within.end || end > self.bytes || length > WINDOW / 2 {
            return Err(outside);
        }
        if offset < self.start || end > self.start + self.held.len() as u64 {
            self.move_to(offset)?;
        }
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.held.get(from..).and_then(|rest| rest.get(..length)).ok_or(outside)
    }

    fn move_to(&mut self, offset: u64) -> Result<(), BoltError> {
        let start = offset - offset % (WINDOW / 4);
        let length = WINDOW.min(self.bytes - start);
        self.held.resize(usize::try_from(length).unwrap_or_default(), 0);
        self.start = start;
        self.file.read_exact_at(&mut self.held, start).map_err(|error| {
            self.held.clear();
            BoltError::Read(error.to_string())
        })
    }

    fn u16(&mut self, at: u64, within: &std::ops::Range<u64>, page: u64) -> Result<u16, BoltError> {
        self.array(at, within, page).map(u16::from_le_bytes)
    }

    fn u32(&mut self, at: u64, within: &std::ops::Range<u64>, page: u64) -> Result<u32, BoltError> {
        self.array(at, within, page).map(u32::from_le_bytes)
    }

    fn u64(&mut self, at: u64, within: &std::ops::Range<u64>, page: u64) -> Result<u64, BoltError> {
        self.array(at, within, page).map(u64::from_le_bytes)
    }

    fn array<const N: usize>(
        &mut self,
        at: u64,
        within: &std::ops::Range<u64>,
        page: u64,
    ) -> Result<[u8; N], BoltError> {
        let bytes = self.get(at, N as u64, within, page)?;
        let outside = BoltError::Page { page, problem: "points outside of itself" };
        bytes.first_chunk().copied().ok_or(outside)
    }
}
