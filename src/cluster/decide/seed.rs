//! Which host a lost cluster is restored on: never the first, always the most advanced (I-15).

use std::cmp::Reverse;

use super::super::picture::{Picture, Seat, rank};
use super::super::prospects::{is_survivor, survivors};
use super::super::status::{DataContent, EtcdHost, LeftoverKind};
use super::super::version::Version;
use super::No;

/// Where the data of a seed is, best source first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// An earlier run was cut off while it put restored data in place here: it had chosen well.
    /// Restored data alone is no proof: a run that never came to the swap leaves it, too.
    Interrupted,
    /// The member answers: its data can be compared.
    Answering,
    /// The data is in place, but the member does not answer.
    Stopped,
    /// Only data that an earlier run set aside.
    Aside,
    /// No data; an external snapshot goes here.
    Fresh,
}

pub(super) fn source(seat: &Seat<'_>) -> Source {
    let left = |kind| seat.etcd().is_some_and(|etcd| etcd.has_left(kind));
    let has_data = seat.etcd().is_some_and(EtcdHost::has_data);
    if seat.etcd().is_some_and(|etcd| etcd.cut_off_run().is_some()) {
        Source::Interrupted
    } else if seat.view.is_some() {
        Source::Answering
    } else if has_data {
        Source::Stopped
    } else if left(LeftoverKind::Aside) {
        Source::Aside
    } else {
        Source::Fresh
    }
}

/// The seed and the other hosts with data, best first.
pub(super) fn choose<'p, 'a>(
    picture: &'p Picture<'a>,
) -> Result<(&'p Seat<'a>, Vec<&'p Seat<'a>>), No> {
    let mut survivors = survivors(picture);
    if picture.snapshot.is_some() {
        // Any host can take a snapshot: one with the tool for it, and one that is wanted.
        let able = |seat: &&Seat<'a>| seat.in_etcd() && seat.etcd().is_some_and(can_restore);
        let fresh = picture.seats.iter().filter(|seat| !is_survivor(seat)).filter(able);
        if survivors.iter().any(able) || fresh.clone().next().is_some() {
            survivors.retain(able);
            survivors.extend(fresh);
        }
    }
    survivors.sort_by_key(|seat| order(seat));
    stopped_ahead(&mut survivors);
    let mut survivors = survivors.into_iter();
    match survivors.next() {
        Some(seed) => Ok((seed, survivors.collect())),
        None => Err(No::new("P10", "there is no etcd data on any host, and no snapshot was given")
            .seen(super::refuse::seen(&picture.seats.iter().collect::<Vec<_>>()))
            .way_out("give a snapshot: `-e etcd_snapshot=FILE`")),
    }
}

/// A stopped survivor with a higher revision goes before the best one that answers. They share only
/// the revision, so it alone decides between these two.
fn stopped_ahead(survivors: &mut [&Seat<'_>]) {
    let Some(first) = survivors.first().filter(|seat| source(seat) == Source::Answering) else {
        return;
    };
    let ahead = |seat: &&Seat<'_>| {
        source(seat) == Source::Stopped
            && seat.declared() == first.declared()
            && seat.revision() > first.revision()
    };
    // Of the stopped ones, too, the best stands first.
    if let Some(at) = survivors.iter().position(ahead) {
        survivors[..=at].rotate_right(1);
    }
}

type Order = (
    bool,
    Source,
    Reverse<String>,
    Reverse<(u64, u64, i64)>,
    Reverse<Option<i64>>,
    Reverse<u64>,
    String,
);

/// Not declared broken before declared; then where the data is; among interrupted runs the newest;
/// then how advanced it is, then how large. The name decides only between equals.
fn order(seat: &Seat<'_>) -> Order {
    let source = source(seat);
    let run = seat.etcd().and_then(EtcdHost::cut_off_run).unwrap_or_default().to_owned();
    let advanced = seat.view.map(rank).unwrap_or_default();
    (
        seat.declared(),
        source,
        Reverse(run),
        Reverse(advanced),
        Reverse(seat.revision()),
        Reverse(db_bytes(seat)),
        seat.label(),
    )
}

/// The directory that holds a host's own data: in place, else where the newest run set it aside,
/// else what that run had restored.
pub(super) fn source_dir(etcd: &EtcdHost) -> String {
    if etcd.has_data() {
        return etcd.data.path.clone();
    }
    let newest = |kind| {
        let left = etcd.leftovers.iter().filter(|left| left.kind == kind);
        left.max_by(|one, other| one.run.cmp(&other.run)).map(|left| left.path.clone())
    };
    newest(LeftoverKind::Aside).or_else(|| newest(LeftoverKind::Restored)).unwrap_or_default()
}

/// The size of the data in place, else what the member says.
pub(super) fn db_bytes(seat: &Seat<'_>) -> u64 {
    let said = seat.view.map_or(0, |view| u64::try_from(view.db_size).unwrap_or(0));
    match seat.etcd().map(|etcd| &etcd.data.content) {
        Some(DataContent::Present { db_bytes, .. }) => said.max(*db_bytes),
        _ => said,
    }
}

/// The program that restores on a host, and its version. Never one of another minor version than
/// the server that opens the data (DOMAIN 3.2).
pub(super) fn tool(etcd: &EtcdHost) -> Result<(&'static str, Version), String> {
    let version = |text: &Option<String>| text.as_deref().and_then(Version::parse);
    let server = version(&etcd.tools.etcd).ok_or("there is no `etcd` program")?;
    let fits = |tool: &Version| tool.same_minor(server);
    if let Some(tool) = version(&etcd.tools.etcdutl).filter(fits) {
        return Ok(("etcdutl", tool));
    }
    let etcdctl = version(&etcd.tools.etcdctl).filter(|tool| tool.etcdctl_restores());
    if let Some(tool) = etcdctl.filter(fits) {
        return Ok(("etcdctl", tool));
    }
    let has = |name: &str, text: &Option<String>| match text {
        Some(version) => format!("`{name}` is {version}"),
        None => format!("there is no `{name}`"),
    };
    Err(format!(
        "the server is {server}, {}, {}",
        has("etcdutl", &etcd.tools.etcdutl),
        has("etcdctl", &etcd.tools.etcdctl)
    ))
}

fn can_restore(etcd: &EtcdHost) -> bool {
    tool(etcd).is_ok() && !etcd.data.read_only
}
