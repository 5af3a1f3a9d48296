//! What one host shows of itself: one script, one round trip.

use super::ProbeHost;
use super::credentials::Credentials;
use super::log;
use super::sections::{FrameError, Sections};
use crate::cluster::env_file::EnvFile;
use crate::cluster::etcd_json::snapshot_status;
use crate::cluster::status::{DataContent, DataDir, EtcdHost, Leftover, LeftoverKind, Tools, Unit};
use crate::redact::Secret;
use crate::transport::{Command, Connection, RunAs, TransportError, quote};
use indexmap::IndexMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

const SCRIPT: &str = include_str!("host.sh");

/// What was seen on a host. Nobody has asked the members yet.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) etcd: EtcdHost,
    pub(super) clock_offset_ms: Option<i64>,
    /// `None` when the host has no usable client certificate.
    pub(super) credentials: Option<Credentials>,
}

/// Why a host showed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LookError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("commands run there as uid {0}, not as root: set `ansible_become`")]
    NotRoot(String),
    #[error("the script for looking ended with {rc}: {stderr}")]
    Script { rc: i32, stderr: String },
}

/// Looks at a host.
pub(super) async fn look(
    connection: &dyn Connection,
    run_as: Option<RunAs>,
    target: &ProbeHost,
    deadline: Duration,
) -> Result<Look, LookError> {
    let paths = &target.paths;
    let parameters = [
        &paths.unit,
        &paths.data_dir,
        &paths.env_file,
        &paths.cert_dir,
        &paths.bin_dir,
        &target.name,
    ];
    let words = parameters.map(|text| quote(text)).join(" ");
    let command =
        Command::new(format!("set -- {words}\n{SCRIPT}")).run_as(run_as).deadline(deadline);
    let before = now_ms();
    let output = connection.run(command).await?;
    let after = now_ms();
    if !output.success() {
        let stderr = output.stderr_text().lines().last().unwrap_or_default().to_owned();
        return Err(LookError::Script { rc: output.rc, stderr });
    }
    // The output holds a private key.
    let text = Zeroizing::new(String::from_utf8_lossy(&Zeroizing::new(output.stdout)).into_owned());
    read(&text, &paths.data_dir, i64::midpoint(before, after))
}

/// Milliseconds since 1970, by our clock.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Reads the script's output; `our_ms` is our clock in the middle of the round trip.
pub(super) fn read(text: &str, data_dir: &str, our_ms: i64) -> Result<Look, LookError> {
    let sections = Sections::parse(text)?;
    let user = sections.lines("user").first().copied().unwrap_or("unknown");
    if user != "0" {
        return Err(LookError::NotRoot(user.to_owned()));
    }
    let (unit, enabled) = unit(sections.lines("unit"));
    let etcd = EtcdHost {
        unit,
        enabled,
        running_for: running_for(sections.lines("unit")),
        config: sections.text("config").map(|text| EnvFile::parse(&text).config()),
        data: data(sections.lines("data"), revision(&sections), data_dir),
        tools: tools(sections.lines("tools")),
        has_ca_key: sections.get("ca_key").is_some(),
        own_view: Err("not asked".to_owned()),
        peer_views: IndexMap::new(),
        log_signs: log::signs(sections.lines("log")),
        leftovers: leftovers(sections.lines("leftovers")),
        recovered_by: recovered_by(sections.lines("joined")),
    };
    // Both times stand equally far from the middle of the round trip, however long it was.
    let times = [sections.lines("begin"), sections.lines("end")].map(clock_ms);
    let clock_offset_ms = match times {
        [Some(begin), Some(end)] => Some(i64::midpoint(begin, end) - our_ms),
        _ => None,
    };
    Ok(Look { etcd, clock_offset_ms, credentials: credentials(&sections) })
}

/// `SECONDS NANOSECONDS`; busybox has no nanoseconds and is then a second off at most.
fn clock_ms(lines: &[&str]) -> Option<i64> {
    let (seconds, fraction) = lines.first()?.split_once(' ')?;
    let milliseconds = fraction.get(..3).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    seconds.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(milliseconds)
}

fn unit(lines: &[&str]) -> (Unit, bool) {
    let property = |name: &str| {
        let value = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_default()
    };
    let state = match (property("LoadState"), property("ActiveState")) {
        ("not-found", "inactive") => Unit::Absent,
        // While it stops or reloads, the process is there.
        (_, "active" | "reloading" | "refreshing" | "deactivating") => Unit::Active,
        (_, "activating") => Unit::Activating,
        (_, "failed") => Unit::Failed,
        (_, "inactive" | "maintenance") => Unit::Inactive,
        _ => Unit::Absent,
    };
    (state, property("UnitFileState").starts_with("enabled"))
}

fn running_for(lines: &[&str]) -> Option<u64> {
    lines.iter().find_map(|line| line.strip_prefix("age ")?.parse().ok())
}

fn tools(lines: &[&str]) -> Tools {
    let version = |name: &str| {
        let text = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        text.split_whitespace().next().map(str::to_owned)
    };
    Tools { etcd: version("etcd"), etcdctl: version("etcdctl"), etcdutl: version("etcdutl") }
}

/// The revision of data that no etcd runs on; `None` when the tool could not say.
fn revision(sections: &Sections<'_>) -> Option<i64> {
    snapshot_status(&sections.text("database")?).ok().map(|status| status.revision)
}

/// The mark is `RUN PEER_URL`.
fn recovered_by(lines: &[&str]) -> Option<String> {
    lines.first()?.split_whitespace().next().map(str::to_owned)
}

fn data(lines: &[&str], revision: Option<i64>, path: &str) -> DataDir {
    let value = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name));
    let mount = mount(lines, value("real ").unwrap_or(path));
    DataDir {
        path: path.to_owned(),
        content: content(lines, value("db "), value("unreadable "), revision),
        mount_point: mount.is_some_and(|mount| value("real ") == Some(mount.point)),
        read_only: mount.is_some_and(|mount| mount.read_only),
        free_bytes: value("df ").and_then(free_bytes).unwrap_or(0),
    }
}

fn content(
    lines: &[&str],
    db: Option<&str>,
    unreadable: Option<&str>,
    revision: Option<i64>,
) -> DataContent {
    let damaged = |reason: &str| DataContent::Damaged { reason: reason.to_owned() };
    if let Some(reason) = unreadable {
        return damaged(&format!("it cannot be read: {reason}"));
    }
    let has = |line: &str| lines.contains(&line);
    match (has("directory"), has("member"), db.map(str::parse::<u64>), has("wal")) {
        (false, ..) => DataContent::Missing,
        (true, false, None, _) => DataContent::Empty,
        (true, _, Some(Ok(0) | Err(_)), _) => damaged("`member/snap/db` is empty"),
        (true, _, Some(Ok(db_bytes)), true) => DataContent::Present { db_bytes, revision },
        (true, _, Some(_), false) => damaged("`member/wal` holds no log"),
        (true, true, None, _) => damaged("`member/snap/db` is missing"),
    }
}

/// A line of `/proc/self/mountinfo`.
#[derive(Clone, Copy)]
struct Mount<'a> {
    point: &'a str,
    read_only: bool,
}

/// The mount that `path` is on: the longest mount point wins, of equal ones the last.
fn mount<'a>(lines: &[&'a str], path: &str) -> Option<Mount<'a>> {
    lines
        .iter()
        .filter_map(|line| {
            let mut fields = line.strip_prefix("mount ")?.split(' ');
            let (point, options) = (fields.next()?, fields.next()?);
            let of_file_system = fields.skip_while(|field| *field != "-").nth(3);
            let is_read_only = |options: &str| options.split(',').any(|option| option == "ro");
            let read_only = is_read_only(options) || of_file_system.is_some_and(is_read_only);
            Some(Mount { point, read_only })
        })
        .filter(|mount| path.starts_with(mount.point))
        .max_by_key(|mount| mount.point.len())
}

/// The fourth column of `df -Pk` in bytes. Counted from the column with `%`, because the name of a
/// file system may hold spaces.
fn free_bytes(line: &str) -> Option<u64> {
    let columns: Vec<_> = line.split_whitespace().collect();
    let used = columns.iter().position(|column| column.ends_with('%'))?;
    columns.get(used.checked_sub(1)?)?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Lines `KIND SECONDS PATH`, newest last. The run is what stands behind `rrecover-` or `new-`.
fn leftovers(lines: &[&str]) -> Vec<Leftover> {
    let mut found: Vec<(i64, Leftover)> = lines
        .iter()
        .filter_map(|line| {
            let (kind, rest) = line.split_once(' ')?;
            let (seconds, path) = rest.split_once(' ')?;
            let name = path.rsplit('/').next()?;
            let (kind, marker) = match kind {
                "aside" => (LeftoverKind::Aside, "rrecover-"),
                "restored" => (LeftoverKind::Restored, "new-"),
                _ => return None,
            };
            let run = name.rsplit_once(marker)?.1.to_owned();
            Some((seconds.parse().ok()?, Leftover { path: path.to_owned(), kind, run }))
        })
        .collect();
    found.sort_by(|(a, left), (b, right)| (a, &left.path).cmp(&(b, &right.path)));
    found.into_iter().map(|(_, leftover)| leftover).collect()
}

fn credentials(sections: &Sections<'_>) -> Option<Credentials> {
    let [ca_path, certificate_path, key_path] = sections.get("credentials")? else { return None };
    Some(Credentials {
        ca_path: (*ca_path).to_owned(),
        certificate_path: (*certificate_path).to_owned(),
        key_path: (*key_path).to_owned(),
        ca: sections.text("ca")?,
        certificate: sections.text("certificate")?,
        key: Secret::new(sections.text("key")?),
    })
}
