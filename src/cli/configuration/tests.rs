use super::*;

/// A working directory with an `ansible.cfg`, and an environment.
struct Set {
    directory: tempfile::TempDir,
    environment: Vec<(&'static str, String)>,
}

fn with(cfg: &str, environment: &[(&'static str, &str)]) -> Set {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ansible.cfg"), cfg).unwrap();
    let environment = environment.iter().map(|(name, value)| (*name, (*value).to_owned()));
    Set { directory, environment: environment.collect() }
}

impl Set {
    fn load(&self) -> Result<Configuration, Problems> {
        let environment = |name: &str| {
            let found = self.environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        };
        Configuration::load(&environment, self.directory.path())
    }
}

#[test]
fn the_first_inventory_that_is_set_counts() {
    let cfg = "[x]\ninventory = no\n[defaults]\ninventory = a, /b ; c\n";
    let inventory = |environment: &[(&'static str, &str)]| {
        with(cfg, environment).load().unwrap().inventory().unwrap()
    };
    assert_eq!(inventory(&[("RRECOVER_INVENTORY", "r"), ("ANSIBLE_INVENTORY", "x,y")]), ["r"]);
    assert_eq!(inventory(&[("RRECOVER_INVENTORY", ""), ("ANSIBLE_INVENTORY", "x,y")]), ["x", "y"]);
    assert_eq!(inventory(&[]), ["a", "/b"]);
    let none = with("", &[]);
    assert!(none.load().unwrap().inventory().is_err());
    std::fs::create_dir(none.directory.path().join("inventory")).unwrap();
    assert_eq!(none.load().unwrap().inventory().unwrap(), ["inventory"]);
}

#[test]
fn paths_are_relative_to_where_they_are_written() {
    let root = tempfile::tempdir().unwrap();
    let elsewhere = root.path().join("other.cfg");
    std::fs::write(&elsewhere, "[defaults]\ninventory = hosts\nprivate_key_file = ~/key\n")
        .unwrap();
    let set = with("", &[("ANSIBLE_CONFIG", elsewhere.to_str().unwrap()), ("HOME", "/home/x")]);
    let configuration = set.load().unwrap();
    let beside = root.path().join("hosts").display().to_string();
    assert_eq!(configuration.inventory().unwrap(), [beside]);
    assert_eq!(configuration.path("defaults", "private_key_file"), Some("/home/x/key".into()));
}

#[test]
fn the_environment_wins_and_types_are_checked() {
    let set = with(
        "[defaults]\nforks = 3\nhost_key_checking = Maybe\nremote_user = 'root'\n",
        &[("ANSIBLE_FORKS", "7")],
    );
    let configuration = set.load().unwrap();
    assert_eq!(configuration.number("defaults", "forks").unwrap(), Some(7));
    assert_eq!(configuration.text("defaults", "remote_user").as_deref(), Some("root"));
    let problem = configuration.truth("defaults", "host_key_checking").unwrap_err();
    assert_eq!(problem.location, Some(Location::new("ansible.cfg", 3, 1)));
}

#[test]
fn what_would_change_the_meaning_is_refused_at_its_place() {
    let cfg = "[defaults]\nhash_behaviour = merge\nerror_on_undefined_vars = True\ngathering = explicit\n";
    let problems = with(cfg, &[("ANSIBLE_STRATEGY", "free")]).load().unwrap_err();
    let lines: Vec<String> = problems.0.iter().map(Problem::place_and_message).collect();
    assert_eq!(
        lines,
        [
            "ansible.cfg:2:1: `hash_behaviour = merge` is not supported",
            "ansible.cfg:4:1: `gathering = explicit` is not supported",
            "ANSIBLE_STRATEGY: `free` is not supported"
        ]
    );
    assert!(problems.0.iter().all(|problem| problem.hint.is_some()));
}

/// Kubespray's own `ansible.cfg` of 2026.
#[test]
fn kubespray_s_own_configuration_works() {
    let cfg = "[ssh_connection]\npipelining=True\nssh_args = -o ControlMaster=auto -o ControlPersist=30m\n\
               [defaults]\nforce_valid_group_names = ignore\nhost_key_checking=False\ngathering = smart\n\
               fact_caching = jsonfile\nfact_caching_connection = /tmp\nfact_caching_timeout = 86400\n\
               timeout = 300\nstdout_callback = default\ndisplay_skipped_hosts = no\nlibrary = ./library\n\
               callbacks_enabled = profile_tasks\nroles_path = roles:/usr/share/kubespray/roles\n\
               deprecation_warnings=False\ninventory_ignore_extensions = ~, .orig, .ini, .gpg\n\
               [inventory]\nignore_patterns = artifacts, credentials\n";
    let set = with(cfg, &[]);
    let configuration = set.load().unwrap();
    assert_eq!(configuration.truth("defaults", "host_key_checking").unwrap(), Some(false));
    assert_eq!(configuration.number("defaults", "timeout").unwrap(), Some(300));
    let roles = configuration.paths("defaults", "roles_path");
    assert_eq!(roles, [set.directory.path().join("roles"), "/usr/share/kubespray/roles".into()]);
    let ignored = configuration.ignored().unwrap();
    assert_eq!(ignored.ends.unwrap(), ["~", ".orig", ".ini", ".gpg"]);
    assert_eq!(ignored.patterns.len(), 2);
}

#[test]
fn every_setting_stands_in_the_reference() {
    let text = include_str!("../../../docs/reference/configuration.md");
    for setting in SETTINGS {
        let names =
            setting.keys.iter().map(|(_, key)| *key).chain(setting.environment.iter().copied());
        for name in names {
            assert!(text.contains(&format!("`{name}`")), "{name} is not in the reference");
        }
    }
}
