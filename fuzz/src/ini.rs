//! INI inventories: read, listed, and edited without a loss.

use super::{inventory, places};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let file = inventory::path("hosts.ini");
    match inventory::load(&file, text) {
        Ok(read) => {
            inventory::is_sound(&read);
            inventory::edit(&file, text, &read);
        }
        Err(problems) => places::inside(&problems.0, &file, text),
    }
}
