//! Whom the tasks run as on the host, with what environment, and what the host identifies by.

use super::{Facts, object};
use crate::modules::seen::Seen;
use serde_json::{Map, json};

pub(super) fn environment(seen: &Seen) -> Facts {
    let text = seen.raw("env").unwrap_or_default();
    let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
    let names: Map<_, _> = pairs.map(|(name, value)| (name.to_owned(), json!(value))).collect();
    object(json!({ "env": names }))
}

pub(super) fn facts(seen: &Seen) -> Facts {
    let number = |command| seen.text(command).and_then(|text| text.parse::<u64>().ok());
    let login = seen.text("login").unwrap_or_default();
    let account = account(seen, |fields| fields[0] == login)
        .or_else(|| account(seen, |fields| seen.text("id -u") == Some(fields[2])));
    let mut facts = object(json!({
        "user_id": login,
        "real_user_id": number("id -ru"),
        "effective_user_id": number("id -u"),
        "real_group_id": number("id -rg"),
        "effective_group_id": number("id -rg"),
    }));
    if let Some(fields) = account {
        facts.extend(object(json!({
            "user_uid": fields[2].parse::<u64>().ok(),
            "user_gid": fields[3].parse::<u64>().ok(),
            "user_gecos": fields[4],
            "user_dir": fields[5],
            "user_shell": fields[6],
        })));
    }
    facts
}

/// The first line of the accounts that is wanted, by its fields.
fn account(seen: &Seen, wanted: impl Fn(&[&str]) -> bool) -> Option<Vec<&str>> {
    let lines = seen.lines("accounts").map(|line| line.split(':').collect::<Vec<_>>());
    lines.into_iter().find(|fields| fields.len() == 7 && wanted(fields))
}

/// The public host keys of the first directory that has any.
pub(super) fn host_keys(seen: &Seen) -> Facts {
    let mut facts = Facts::new();
    for directory in ["/etc/ssh", "/etc/openssh", "/etc"] {
        for kind in ["dsa", "rsa", "ecdsa", "ed25519"] {
            let text = seen.text(&format!("{directory}/ssh_host_{kind}_key.pub"));
            let mut words = text.unwrap_or_default().split_whitespace();
            if let (Some(name), Some(key)) = (words.next(), words.next()) {
                facts.insert(format!("ssh_host_key_{kind}_public"), json!(key));
                facts.insert(format!("ssh_host_key_{kind}_public_keytype"), json!(name));
            }
        }
        if !facts.is_empty() {
            break;
        }
    }
    facts
}
