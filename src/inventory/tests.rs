use super::*;
use std::path::Path;

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn load(source: &str) -> Result<Inventory, crate::error::Problems> {
    Inventory::load(&Sources { inventory: vec![source.to_owned()], ..Sources::default() })
}

/// `line:column message` of every problem with `text` in a file of this name.
fn problems(name: &str, text: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let found = load(&write(directory.path(), name, text)).unwrap_err().0;
    for problem in &found {
        assert!(problem.hint.is_some(), "no hint: {problem}");
        assert!(problem.location.as_ref().unwrap().file.ends_with(name), "{problem}");
    }
    let place = |at: &crate::error::Location| format!("{}:{}", at.line, at.column);
    found.iter().map(|p| format!("{} {}", place(p.location.as_ref().unwrap()), p.message)).collect()
}

#[test]
fn all_mistakes_of_an_ini_file_are_reported_at_once() {
    let text = "[a]\nn1 x\nn2 y='z\n[b c]\n[a:kids]\nsomething\n[d:children]\nb\n  n[1:\n[e:vars]\nnothing\n";
    assert_eq!(
        problems("hosts.ini", text),
        [
            "2:4 `x` is not `key=value`",
            "3:6 a quote that is never closed",
            "4:1 `[b c]` is not a section",
            "5:1 `kids` is not a kind of section",
            "6:1 `something` is not `key=value`",
            "9:3 `n[1:` is not a group's name",
            "11:1 `nothing` is not `key=value`",
        ]
        .into_iter()
        .chain([
            "8:1 `[d:children]` names the group `b`, which is not there",
            "10:1 `[e:vars]` names the group `e`, which is not there",
        ])
        .map(str::to_owned)
        .collect::<Vec<_>>()
    );
}

#[test]
fn all_mistakes_of_a_yaml_file_are_reported_at_once() {
    let text = "all:\n  hosts:\n    12:\n    a: [1]\n    b:\n      k: !vault |\n        $ANSIBLE_VAULT;1.1\n      l: !odd x\n  host: {}\n  children:\n    - c\nx: 5\n";
    let found = problems("hosts.yml", text);
    let places: Vec<&str> = found.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(places, ["3:5", "4:8", "8:10", "9:3", "11:5", "12:4"], "{found:#?}");
}

#[test]
fn circles_of_groups_are_refused_where_they_close() {
    let found =
        problems("hosts.ini", "[a:children]\nb\n[b:children]\nc\n[c:children]\na\nall\nc\n");
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with("6:1 "));
}

#[test]
fn encrypted_and_undecodable_files_are_refused() {
    assert!(
        problems("hosts", "$ANSIBLE_VAULT;1.1;AES256\n313233\n")[0]
            .starts_with("1:1 this is encrypted")
    );
    assert!(problems("hosts.toml", "[a]\n")[0].contains("TOML"));
    let directory = tempfile::tempdir().unwrap();
    let latin = directory.path().join("latin");
    std::fs::write(&latin, b"[a]\nn1 x=\xe4\n").unwrap();
    let problem = &load(&latin.display().to_string()).unwrap_err().0[0];
    assert_eq!(problem.location.as_ref().map(|at| (at.line, at.column)), Some((2, 6)));
}

/// Writes a script from another process: a file that this one has open for writing cannot be run.
fn write_script(directory: &Path, body: &str) -> String {
    let path = directory.join("script").display().to_string();
    let write = format!("printf '#!/bin/sh\\n%s\\n' \"$1\" >{path}; chmod +x {path}");
    assert!(
        std::process::Command::new("sh")
            .args(["-c", &write, "-", body])
            .status()
            .unwrap()
            .success()
    );
    path
}

#[test]
fn what_is_wrong_with_a_script_is_said() {
    let directory = tempfile::tempdir().unwrap();
    for (body, expected) in [
        ("echo oh >&2; exit 4", "--list` ended with exit status: 4: oh"),
        ("echo hello", "--list` prints is not JSON"),
        ("echo '[]'", "--list` prints is no JSON object"),
        ("echo '{\"g\": {\"hosts\": \"n1\"}}'", "`g.hosts` is no list of names"),
        ("echo '{\"g\": {\"hosts\": [1]}}'", "`g.hosts` is no list of names"),
        ("echo '{\"g\": {\"vars\": []}}'", "`g.vars` is no object"),
        ("echo '{\"g\": {\"children\": [\"g\"]}}'", "`g` cannot be its own child"),
        ("echo '{\"_meta\": {}}'", "`_meta` holds no object `hostvars`"),
        (
            "echo '{\"_meta\": {\"hostvars\": {\"a\": 1}}, \"g\": [\"a\"]}'",
            "`_meta.hostvars.a` is no",
        ),
        (
            "echo '{\"_meta\": {\"hostvars\": {}, \"profile\": \"x\"}}'",
            "`_meta.profile` is `\"x\"`",
        ),
        ("[ $1 = --list ] && echo '{\"g\": [\"a\"]}'", "--host a` ended with exit status: 1"),
    ] {
        let script = write_script(directory.path(), body);
        let found = load(&script).unwrap_err().to_string();
        assert!(found.contains(expected), "{body}: {found}");
    }
}

#[test]
fn a_missing_inventory_is_an_error_and_a_list_needs_a_comma() {
    let problem = load("no-such-host").unwrap_err().0.remove(0);
    assert!(problem.hint.unwrap().contains("`-i no-such-host,`"));
    assert_eq!(load("no-such-host,").unwrap().hosts().collect::<Vec<_>>(), ["no-such-host"]);
}

#[test]
fn unknown_names_in_a_limit_are_refused_with_what_was_perhaps_meant() {
    let inventory = load("node1,node2,").unwrap();
    let problem = inventory.select("all:!nod1").unwrap_err();
    assert_eq!(problem.hint.unwrap(), "did you mean `node1`");
    assert_eq!(inventory.matching("broken_etcd").unwrap(), Vec::<String>::new());
    assert!(inventory.select("all[2]").is_err());
    assert!(inventory.select("").is_err());
    assert!(inventory.select("~(").is_err());
}

#[test]
fn variables_know_where_they_were_written() {
    let directory = tempfile::tempdir().unwrap();
    let hosts = write(directory.path(), "hosts.ini", "[etcd]\nn1  ip=10.0.0.1\n");
    write(directory.path(), "group_vars/etcd.yml", "# c\netcd_retries: 10\n");
    let inventory = load(&hosts).unwrap();
    let variables = inventory.variables("n1");
    let place = |name: &str| {
        let at = variables[name].location.clone().unwrap();
        (at.line, at.column)
    };
    assert_eq!((place("ip"), place("etcd_retries")), ((2, 5), (2, 1)));
    assert_eq!(inventory.sources().len(), 2);
    assert_eq!(variables["inventory_hostname"].value, "n1");
}

#[test]
fn unsafe_text_stays_marked() {
    let directory = tempfile::tempdir().unwrap();
    let hosts =
        write(directory.path(), "hosts.yml", "all:\n  hosts:\n    a: {k: !unsafe '{{ x }}'}\n");
    let inventory = load(&hosts).unwrap();
    assert_eq!(inventory.variables("a")["k"].value[UNSAFE_KEY], "{{ x }}");
}

#[test]
fn a_long_name_is_a_key_that_can_be_read_again() {
    let long = "h".repeat(1100);
    let read = |file: &str, text: &str| {
        let sources = Sources { inventory: vec![file.to_owned()], ..Sources::default() };
        Inventory::load_with(&sources, [(file.into(), text.to_owned())].into()).unwrap()
    };
    let inventory = read("/nonexistent/hosts.ini", &format!("{long} a=1 b=\"[1, [2]]\"\n"));
    let printed = to_yaml(&inventory.list_nested(None));
    let again = read("/nonexistent/hosts.yml", &printed);
    assert_eq!(again.host(&long), inventory.host(&long), "{printed}");
}

#[test]
fn hostile_extra_variables_are_refused() {
    for option in ["nothing", "./file", "[1]", "@/no/such/file", "{a: [}", "a='x"] {
        let sources = Sources { extra_vars: vec![option.to_owned()], ..Sources::default() };
        assert!(Inventory::load(&sources).is_err(), "{option}");
    }
}

#[test]
fn the_machine_itself_is_known_without_being_named() {
    let inventory = load("node1,").unwrap();
    assert_eq!(inventory.select("localhost").unwrap(), ["localhost"]);
    assert_eq!(inventory.variables("localhost")["ansible_connection"].value, "local");
}

#[test]
fn a_circle_of_links_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "inventory/hosts.ini", "n1\n");
    let inventory = directory.path().join("inventory");
    std::os::unix::fs::symlink(&inventory, inventory.join("again")).unwrap();
    let problems = load(&inventory.display().to_string()).unwrap_err();
    assert!(problems.to_string().contains("nested too deep"), "{problems}");
}

/// Every prefix of every file of the corpus, and every file with one character replaced at a time:
/// an answer or a list of problems, never a panic.
#[test]
fn damaged_files_never_panic() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inventories");
    let mut read = 0;
    for case in
        ["comments", "quoting", "typing", "ports", "ranges", "yaml_basic/inventory", "children"]
    {
        let directory = corpus.join(case);
        let Some(file) = std::fs::read_dir(directory).unwrap().next() else { continue };
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for (at, damage) in places.iter().zip("'\"[]{}\\:=#,-(~\u{e4}0".chars().cycle()) {
            let prefix = &text[..*at];
            let rest = text[*at..].chars().skip(1);
            let changed: String = prefix.chars().chain([damage]).chain(rest).collect();
            for text in [prefix, changed.as_str()] {
                let mut tree = tree::Tree::default();
                let _outcome = load::read("f", "f", text, None, &mut tree);
                tree.settle();
                read += 1;
            }
        }
    }
    assert!(read > 5000, "only {read} damaged files");
}

#[test]
fn a_group_that_grows_has_the_order_of_the_inventory_whoever_comes_first() {
    let directory = tempfile::tempdir().unwrap();
    let written = "[web]\nh3\nh1\nh2\n[some]\nh2\n";
    let mut inventory = load(&write(directory.path(), "hosts.ini", written)).unwrap();
    for host in ["h2", "h1", "h3"] {
        inventory.add_to_group(host, "new", &[]);
        inventory.add_to_group(host, "some", &[]);
    }
    let groups = inventory.groups();
    assert_eq!(groups["new"], ["h3", "h1", "h2"]);
    assert_eq!(groups["some"], ["h2", "h1", "h3"], "a written group stays as it is written");
}
