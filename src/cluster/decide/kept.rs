//! Quorum is there: the questions in their order (DOMAIN P07, P08).

use super::super::decision::Action;
use super::super::picture::Picture;
use super::super::status::{Leftover, LeftoverKind};
use super::{Draft, No, refuse, repair, start};

pub(super) fn way(picture: &Picture<'_>) -> Result<Draft, No> {
    let continued = continues_restore(picture);
    if picture.wanted.snapshot.is_some() && continued.is_none() {
        return Err(refuse::rollback());
    }
    refuse::partition(picture)?;
    refuse::denied_members(picture)?;
    refuse::declared_but_healthy(picture)?;
    if let Some(draft) = start::stopped_members(picture) {
        return Ok(draft);
    }
    refuse::unhealthy(picture)?;
    let mut draft = repair::repair(picture)?;
    if draft.action == Action::Repair {
        refuse::denied(picture)?;
    }
    if picture.wanted.snapshot.is_some() {
        // The cluster is whole: another restore would be a rollback.
        let Some(run) = continued.filter(|_| draft.action == Action::Repair) else {
            return Err(refuse::rollback());
        };
        draft.warn(format!(
            "the cluster was restored by run {run} already: the snapshot is not restored again, \
             the cluster is grown back"
        ));
    }
    Ok(draft)
}

/// The run that restored this cluster, when it left its marks on a healthy member's host: the old
/// data beside the new, and the new token, which comes later than the first start.
fn continues_restore(picture: &Picture<'_>) -> Option<String> {
    picture.voters().filter(|seat| seat.counted).find_map(|seat| {
        let etcd = seat.etcd()?;
        let token = etcd.config.as_ref().map_or("", |config| config.token.as_str());
        let alone = picture.quorum.voters == 1;
        let marks = |left: &&Leftover| {
            left.kind == LeftoverKind::Aside
                && (alone || token.ends_with(&format!("-rr-{}", left.run)))
        };
        etcd.leftovers.iter().rfind(marks).map(|left| left.run.clone())
    })
}
