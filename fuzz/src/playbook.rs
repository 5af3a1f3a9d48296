//! The playbook loader, with the modules that there are.

use super::places;
use rrecover::cli::catalog::Modules;
use rrecover::playbook::{Entry, load_text};

/// There is no such directory, so there is nothing to import.
const FILE: &str = "/nonexistent/site.yml";

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Files that never end may not be named.
    if ["/dev", "/proc", "/sys", "~"].iter().any(|place| text.contains(place)) {
        return;
    }
    match load_text(FILE, text, &Modules) {
        Ok(playbook) => {
            assert!(!playbook.entries.is_empty(), "a playbook without a play");
            for entry in &playbook.entries {
                if let Entry::Decide(what) = entry {
                    assert_eq!(what.location.file, FILE);
                }
            }
            let again = load_text(FILE, text, &Modules).map(|again| format!("{again:?}"));
            assert_eq!(Ok(format!("{playbook:?}")), again);
        }
        Err(problems) => places::inside(&problems.0, FILE, text),
    }
}
