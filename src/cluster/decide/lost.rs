//! No quorum is proved: the questions in their order (DOMAIN P07, P09, P10).

use super::super::picture::Picture;
use super::super::prospects::Prospects;
use super::{Draft, No, refuse, restore, start};

pub(super) fn way(picture: &Picture<'_>) -> Result<Draft, No> {
    let prospects = Prospects::of(picture);
    if let Some(draft) = start::back_to_quorum(picture, &prospects) {
        return Ok(draft);
    }
    refuse::nothing_seen(picture)?;
    refuse::denied(picture)?;
    refuse::led(picture, &prospects)?;
    refuse::fixable(picture, &prospects)?;
    refuse::unseen(picture, &prospects)?;
    refuse::alive_without_ssh(picture)?;
    if let Some(draft) = start::put_in_place(picture, &prospects) {
        return Ok(draft);
    }
    restore::restore(picture)
}
