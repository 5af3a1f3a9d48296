//! Which inventory is meant when none is named.

use crate::error::Problem;
use std::path::{Path, PathBuf};

/// The inventory of `RRECOVER_INVENTORY`, else `ANSIBLE_INVENTORY`, else of `ansible.cfg`, else
/// `./inventory`. `environment` looks up a variable.
pub fn default_inventory(
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>, Problem> {
    let set = |name: &str| environment(name).filter(|value| !value.is_empty());
    if let Some(own) = set("RRECOVER_INVENTORY") {
        return Ok(vec![own]);
    }
    if let Some(list) = set("ANSIBLE_INVENTORY") {
        return Ok(paths(&list, Path::new("")));
    }
    let home = set("HOME").map(|home| Path::new(&home).join(".ansible.cfg"));
    let configured = set("ANSIBLE_CONFIG").map(PathBuf::from).map(|path| {
        // A directory means the file in it.
        if path.is_dir() { path.join("ansible.cfg") } else { path }
    });
    let candidates =
        [configured, Some("ansible.cfg".into()), home, Some("/etc/ansible/ansible.cfg".into())];
    // Only the first file that exists counts, whatever it holds, as in Ansible.
    if let Some(file) = candidates.into_iter().flatten().find(|path| path.is_file()) {
        let text = std::fs::read_to_string(&file)
            .map_err(|error| Problem::new(format!("cannot read `{}`: {error}", file.display())))?;
        if let Some(list) = inventory_setting(&text) {
            return Ok(paths(&list, file.parent().unwrap_or(Path::new(""))));
        }
    }
    if Path::new("inventory").exists() {
        return Ok(vec!["inventory".into()]);
    }
    Err(Problem::new("no inventory is named and `./inventory` does not exist")
        .hint("name one with `-i PATH`, or set RRECOVER_INVENTORY"))
}

/// The paths of a comma-separated list, relative ones below `base`.
fn paths(list: &str, base: &Path) -> Vec<String> {
    let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| base.join(part).display().to_string()).collect()
}

/// The value of `inventory` in the section `[defaults]`.
fn inventory_setting(text: &str) -> Option<String> {
    let mut in_defaults = false;
    let mut setting = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            in_defaults = line == "[defaults]";
        } else if in_defaults
            && let Some((name, value)) = line.split_once(['=', ':'])
            && name.trim() == "inventory"
        {
            let value = value.split(" ;").next().unwrap_or(value).trim();
            setting = (!value.is_empty()).then(|| value.to_owned());
        }
    }
    setting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_set_counts() {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("ansible.cfg");
        std::fs::write(&config, "[x]\ninventory = no\n[defaults]\ninventory = a, /b ; c\n")
            .unwrap();
        let config = config.display().to_string();
        let found = |set: &[(&str, &str)]| {
            default_inventory(|name| {
                set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
            })
            .unwrap()
        };
        assert_eq!(found(&[("RRECOVER_INVENTORY", "r"), ("ANSIBLE_INVENTORY", "x,y")]), ["r"]);
        assert_eq!(found(&[("RRECOVER_INVENTORY", ""), ("ANSIBLE_INVENTORY", "x,y")]), ["x", "y"]);
        let beside = directory.path().join("a").display().to_string();
        assert_eq!(found(&[("ANSIBLE_CONFIG", &config)]), [beside, "/b".to_owned()]);
    }
}
