//! Quorum is lost for good: one member is restored, the others join it (DOMAIN P09, P10).

use super::super::assess::names;
use super::super::decision::{Action, Restore, SnapshotFile};
use super::super::picture::{Picture, Seat};
use super::super::prospects::{fenced, survivors};
use super::super::status::EtcdHost;
use super::super::version::Version;
use super::grow::{self, Base};
use super::seed::{self, Source, db_bytes, source, tool};
use super::{Draft, No, names as identities, repair};

/// Kubespray's token, for when no host's configuration names one.
const DEFAULT_TOKEN: &str = "k8s_etcd";

pub(super) fn restore(picture: &Picture<'_>) -> Result<Draft, No> {
    let (seat, others) = seed::choose(picture)?;
    let Some(etcd) = seat.etcd() else {
        return Err(No::new("I-02", format!("etcd on {} was not looked at", seat.label())));
    };
    let mut draft = Draft::new(Action::Restore);
    let (program, version) = usable_tool(seat, etcd)?;
    if let Some(snapshot) = picture.snapshot {
        usable_snapshot(snapshot, etcd, &mut draft)?;
    }
    let identity = identities::identity(seat, &[])?;
    let needs_free_bytes = room(picture, seat, etcd)?;
    let before = highest(picture).unwrap_or(0);
    draft.etcd.restore = Some(Restore {
        host: identity.host.clone(),
        name: identity.name.clone(),
        peer_url: identity.peer_url.clone(),
        client_url: identity.client_url.clone(),
        data_dir: etcd.data.path.clone(),
        source_dir: seed::source_dir(etcd),
        token: token(picture, etcd),
        snapshot: picture.snapshot.cloned(),
        tool: program.to_owned(),
        bump_revision: bump(picture, seat, version, &mut draft),
        revision_before: before,
        cluster_id_before: picture.cluster_id(),
        needs_free_bytes,
        expected_loss: expected_loss(picture, seat),
    });
    draft.etcd.coordinator = Some(identity.host.clone());
    // Beside a snapshot of the operator's, what is in place is saved first.
    let saved = picture.snapshot.is_none() || etcd.has_data();
    draft.etcd.survivor = saved.then(|| identity.host.clone());
    draft.etcd.retire = repair::retire(picture, std::slice::from_ref(&identity));
    confirm(picture, seat, &others, &mut draft);
    confirm_unseen(picture, &mut draft);
    draft.warn(
        "API servers and controllers keep caches of the cluster before: restart kube-apiserver, \
         kube-controller-manager and kube-scheduler on every control-plane host afterwards",
    );
    if picture.snapshot.is_none() && picture.wanted.snapshot.is_some() {
        draft.warn("the snapshot was restored already: what it became is restored, not it again");
    }
    let db_bytes = db_bytes(seat).max(snapshot_bytes(picture));
    let server = etcd.tools.etcd.as_deref().and_then(Version::parse);
    let base = Base { kept: vec![identity], version: server, db_bytes };
    grow::grow(picture, &base, &mut draft)?;
    Ok(draft)
}

fn usable_tool(seat: &Seat<'_>, etcd: &EtcdHost) -> Result<(&'static str, Version), No> {
    tool(etcd).map_err(|why| {
        let host = seat.label();
        No::new("I-11", format!("nothing on {host} can restore a snapshot: {why}"))
            .seen([format!("{host}: {why}")])
            .way_out(format!("install `etcdutl` of the server's version on {host}, then run again"))
    })
}

/// A snapshot must be whole, and of the version that will open it.
fn usable_snapshot(snapshot: &SnapshotFile, etcd: &EtcdHost, draft: &mut Draft) -> Result<(), No> {
    let path = &snapshot.path;
    if !snapshot.has_digest {
        let reason = format!("`{path}` carries no digest: it is a copied database, not a snapshot");
        return Err(No::new("I-14", reason)
            .way_out("take one with `etcdctl snapshot save`, or give another file"));
    }
    let server = etcd.tools.etcd.as_deref().and_then(Version::parse);
    let held = snapshot.cluster_version.as_deref().and_then(Version::parse);
    match (held, server) {
        (Some(held), Some(server)) if !held.same_minor(server) => {
            let (held, server) = (held.short(), server.short());
            let reason = format!("`{path}` is of etcd {held}, the server is {server}");
            Err(No::new("I-11", reason)
                .way_out(format!("install etcd {held} first, or give a snapshot of {server}")))
        }
        (None, _) => {
            let text = format!("restore `{path}` although it does not say which version it is of");
            draft.confirm.push(text);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Old data, restored data and snapshot must fit beside each other before anything is stopped.
fn room(picture: &Picture<'_>, seat: &Seat<'_>, etcd: &EtcdHost) -> Result<u64, No> {
    let (host, data) = (seat.label(), &etcd.data);
    if data.read_only {
        return Err(No::new("I-10", format!("`{}` on {host} is mounted read-only", data.path))
            .way_out(format!("look at `dmesg` on {host}, remount it read-write, then run again")));
    }
    let external = snapshot_bytes(picture);
    let database = db_bytes(seat).max(external);
    let snapshot = if external > 0 { external } else { database };
    let needs = database.saturating_mul(2).saturating_add(snapshot);
    if data.free_bytes < needs {
        let reason = format!(
            "`{}` on {host} has {} bytes free, the restore needs {needs}",
            data.path, data.free_bytes
        );
        return Err(No::new("I-10", reason)
            .seen([format!("twice the database ({database} bytes) and the snapshot ({snapshot})")])
            .way_out(format!("make room on {host}, then run again; nothing was changed")));
    }
    Ok(needs)
}

fn snapshot_bytes(picture: &Picture<'_>) -> u64 {
    picture.snapshot.map_or(0, |snapshot| snapshot.bytes)
}

/// A token of its own, so that no straggler of the old cluster is let in (I-12).
fn token(picture: &Picture<'_>, etcd: &EtcdHost) -> String {
    let others = picture.status.hosts.values().filter_map(|host| host.config());
    let mut tokens = etcd.config.iter().chain(others).map(|config| config.token.as_str());
    let old = tokens.find(|token| !token.is_empty()).unwrap_or(DEFAULT_TOKEN);
    let base = old.split("-rr-").next().unwrap_or(old);
    format!("{base}-rr-{}", picture.wanted.run_id)
}

/// The restored revision must not fall behind what Kubernetes has seen (I-13).
fn bump(picture: &Picture<'_>, seat: &Seat<'_>, tool: Version, draft: &mut Draft) -> u64 {
    let behind = behind(picture, seat);
    if tool.bumps_revision() {
        return picture.wanted.bump_revision.saturating_add(behind);
    }
    draft.warn(format!(
        "etcd {tool} cannot bump the revision: afterwards restart all API servers, controllers, \
         schedulers, kubelets, kube-proxies and network agents (I-13)"
    ));
    if behind > 0 {
        draft.confirm.push(format!(
            "the revision goes back by {behind}, and etcd {tool} cannot make up for it: watchers \
             must be restarted"
        ));
    }
    0
}

/// The highest revision that was seen, of members that answer and of survivors that do not.
fn highest(picture: &Picture<'_>) -> Option<i64> {
    let stopped = survivors(picture).into_iter().filter_map(Seat::revision).max();
    picture.revision().max(stopped)
}

/// How many revisions the source is behind the most advanced data that was seen.
fn behind(picture: &Picture<'_>, seat: &Seat<'_>) -> u64 {
    let highest = highest(picture).unwrap_or(0);
    let source = match picture.snapshot {
        Some(snapshot) => snapshot.revision,
        None => seat.revision().unwrap_or(highest),
    };
    u64::try_from(highest - source).unwrap_or(0)
}

fn expected_loss(picture: &Picture<'_>, seat: &Seat<'_>) -> String {
    let host = seat.label();
    match (picture.snapshot, seat.view) {
        (Some(snapshot), _) => format!(
            "the cluster goes back to revision {} of `{}`: everything written after it is lost",
            snapshot.revision, snapshot.path
        ),
        (None, Some(view)) => {
            format!("writes committed after revision {} of {host}, if any, are lost", view.revision)
        }
        (None, None) => match seat.revision() {
            Some(revision) => format!(
                "writes committed after revision {revision}, which the data on {host} has, if any, \
                 are lost"
            ),
            None => format!("writes that did not reach the data on {host}, if any, are lost"),
        },
    }
}

/// The statement that the operator says yes to (I-24).
fn confirm(picture: &Picture<'_>, seat: &Seat<'_>, others: &[&Seat<'_>], draft: &mut Draft) {
    let host = seat.label();
    let mut loss = expected_loss(picture, seat);
    if let Some(snapshot) = picture.snapshot {
        loss.push_str("; it was not checked that `");
        loss.push_str(&snapshot.path);
        loss.push_str("` is a snapshot of this cluster");
    }
    draft.confirm.insert(0, format!("restore etcd on {host} as a new cluster: {loss}"));
    if let Some(snapshot) = picture.snapshot {
        let ahead = highest(picture).map_or(0, |highest| highest - snapshot.revision);
        if ahead > 0 {
            draft.confirm.push(format!(
                "the snapshot is older than living data, which is {ahead} revisions ahead; without \
                 `-e etcd_snapshot` that is restored"
            ));
        }
    } else if seat.declared() {
        draft
            .confirm
            .push(format!("{host} is declared broken, but only it has data: it is restored from"));
    }
    if source(seat) == Source::Aside && picture.snapshot.is_none() {
        draft.confirm.push(format!("only data that an earlier run set aside is left on {host}"));
    }
    compare(picture, seat, others, draft);
    let fenced: Vec<&Seat<'_>> =
        picture.seats.iter().filter(|seat| fenced(picture, seat)).collect();
    if !fenced.is_empty() {
        draft.warn(format!("{} must stay off until its etcd data is removed", names(&fenced)));
    }
}

/// Nobody saw that they are off, but that they stand in `broken_etcd` (I-02, I-16).
fn confirm_unseen(picture: &Picture<'_>, draft: &mut Draft) {
    let unseen: Vec<&Seat<'_>> = picture
        .seats
        .iter()
        .filter(|seat| seat.declared() && seat.etcd().is_none() && !fenced(picture, seat))
        .collect();
    let list = names(&unseen);
    match unseen.len() {
        0 => {}
        1 => draft.confirm.push(format!(
            "{list} was not seen and is taken for off because it is in `broken_etcd`; if it still \
             serves clients, there will be two clusters"
        )),
        _ => draft.confirm.push(format!(
            "{list} were not seen and are taken for off because they are in `broken_etcd`; if they \
             still serve clients, there will be two clusters"
        )),
    }
}

/// Says how the data that is not restored from differs (I-15).
fn compare(picture: &Picture<'_>, seat: &Seat<'_>, others: &[&Seat<'_>], draft: &mut Draft) {
    let host = seat.label();
    for other in others {
        let label = other.label();
        match (seat.revision(), other.revision()) {
            (Some(chosen), Some(revision)) if revision > chosen => draft.confirm.push(format!(
                "{label} is at revision {revision}, {} revisions ahead of {host} at {chosen}{}",
                revision - chosen,
                if other.declared() {
                    "; take it out of `broken_etcd` to restore from it"
                } else {
                    "; but its raft log is older"
                }
            )),
            (Some(chosen), Some(revision)) if revision < chosen => {
                let text = format!(
                    "{label} is at revision {revision}, {} revisions behind {host} at {chosen}: \
                     restoring from it would lose them",
                    chosen - revision
                );
                // Rather the data of one that is stopped than of one that lives: that is asked.
                if other.view.is_some() && seat.view.is_none() && picture.snapshot.is_none() {
                    draft.confirm.push(format!("{label} answers and {host} does not, but {text}"));
                } else {
                    draft.warn(text);
                }
            }
            (_, None) if other.etcd().is_some_and(EtcdHost::has_data) => draft.confirm.push(format!(
                "the data on {label} could not be compared, since its etcd does not answer; it is \
                 set aside"
            )),
            _ => {}
        }
    }
}
