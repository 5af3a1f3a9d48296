use super::*;
use std::path::Path;

/// An inventory directory with these files.
struct Files(tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        Self(directory)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn edit(&self, edit: &Edit) -> Result<Vec<Change>, Problems> {
        let inventory = vec![self.path().display().to_string()];
        let sources = Sources { inventory, ..Sources::default() };
        Inventory::load(&sources).unwrap().edit(&sources, edit)
    }

    /// The first file's text after the edit was written.
    fn after(&self, edit: &Edit) -> String {
        for change in self.edit(edit).unwrap() {
            change.write().unwrap();
        }
        let mut names: Vec<_> =
            std::fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        std::fs::read_to_string(&names[0]).unwrap()
    }

    fn refused(&self, edit: &Edit) -> String {
        let text = self.edit(edit).unwrap_err().to_string();
        text.replace(&format!("{}/", self.path().display()), "")
    }
}

fn mark(host: &str) -> Edit {
    Edit::MarkBroken(host.to_owned())
}

fn unmark(host: &str) -> Edit {
    Edit::Unmark(host.to_owned())
}

fn remove(host: &str) -> Edit {
    Edit::Remove(host.to_owned())
}

fn add(host: &str, groups: &[&str], variables: &[(&str, &str)]) -> Edit {
    Edit::Add {
        host: host.to_owned(),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        variables: variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    }
}

const PLAIN: &str = "\
# Berlin
[all]
node1\tansible_host=10.0.0.1   # the first
node2\tansible_host=10.0.0.2

; control plane
[kube_control_plane]
node1

[etcd]
node1
# node9 is gone
node2

[kube_node]
node2
[k8s_cluster:children]
kube_control_plane
kube_node
";

#[test]
fn marking_adds_a_section_and_unmarking_leaves_the_rest_as_it_was() {
    let files = Files::new(&[("hosts", PLAIN)]);
    let marked = format!("{PLAIN}\n[broken_etcd]\nnode1\n\n[broken_kube_control_plane]\nnode1\n");
    assert_eq!(files.after(&mark("node1")), marked);
    assert_eq!(files.edit(&mark("node1")).unwrap(), [], "a second time changes nothing");
    let both = marked.replace("[broken_etcd]\nnode1\n", "[broken_etcd]\nnode1\nnode2\n");
    assert_eq!(files.after(&mark("node2")), both);
    files.after(&unmark("node2"));
    let empty = format!("{PLAIN}\n[broken_etcd]\n\n[broken_kube_control_plane]\n");
    assert_eq!(files.after(&unmark("node1")), empty);
    assert_eq!(files.edit(&unmark("node1")).unwrap(), []);
}

#[test]
fn a_host_is_added_where_its_kind_stands_and_removed_everywhere() {
    let files = Files::new(&[("hosts", PLAIN)]);
    let variables = [("ansible_host", "10.0.0.3"), ("note", "two words")];
    let expected = PLAIN
        .replace(
            "node2\tansible_host=10.0.0.2\n",
            "node2\tansible_host=10.0.0.2\nnode3 ansible_host=10.0.0.3 note=\"two words\"\n",
        )
        .replace("# node9 is gone\nnode2\n", "# node9 is gone\nnode2\nnode3\n")
        .replace("[kube_node]\nnode2\n", "[kube_node]\nnode2\nnode3\n");
    assert_eq!(files.after(&add("node3", &["etcd", "kube_node"], &variables)), expected);
    assert_eq!(files.edit(&add("node3", &["etcd"], &[])).unwrap(), []);
    assert_eq!(files.after(&remove("node3")), PLAIN);
}

/// The shape of Kubespray's sample.
#[test]
fn etcd_may_be_a_group_of_groups() {
    let text = "[kube_control_plane]\nn1\n[etcd:children]\nkube_control_plane\n";
    let files = Files::new(&[("hosts", text)]);
    let marked = format!("{text}\n[broken_etcd]\nn1\n\n[broken_kube_control_plane]\nn1\n");
    assert_eq!(files.after(&mark("n1")), marked);
    let text = "all:\n  children:\n    kube_control_plane: {hosts: {n1: }}\n    etcd:\n      children:\n        kube_control_plane:\n    last:\n";
    let files = Files::new(&[("hosts.yml", text)]);
    let marked = text
        .replace(
            "{n1: }}\n",
            "{n1: }}\n    broken_kube_control_plane:\n      hosts:\n        n1:\n",
        )
        .replace(
            "        kube_control_plane:\n    last",
            "        kube_control_plane:\n    broken_etcd:\n      hosts:\n        n1:\n    last",
        );
    assert_eq!(files.after(&mark("n1")), marked);
}

#[test]
fn line_ends_stay_and_a_last_line_without_one_gets_it() {
    let files = Files::new(&[("hosts", "[etcd]\r\nn1\r\nn2")]);
    assert_eq!(files.after(&mark("n2")), "[etcd]\r\nn1\r\nn2\r\n\r\n[broken_etcd]\r\nn2\r\n");
    let files = Files::new(&[("hosts", "[etcd]\nn1\n[broken_etcd]\n\n\n# end")]);
    assert_eq!(files.after(&mark("n1")), "[etcd]\nn1\n[broken_etcd]\nn1\n\n\n# end");
}

const YAML: &str = "\
---
# Berlin
all:
  hosts:
    node1: {ansible_host: 10.0.0.1}   # the first
    node2:
      ansible_host: 10.0.0.2
      motd: |
        hello

        # not a comment
  children:
    kube_control_plane:
      hosts:
        node1:
    etcd:
      hosts:
        node1:
        node2:   # the second
    # spare
    calico_rr:
      hosts: {}
    empty:
";

#[test]
fn yaml_keeps_its_style_and_comments() {
    let files = Files::new(&[("hosts.yml", YAML)]);
    let marked = YAML
        .replace(
            "    kube_control_plane:\n      hosts:\n        node1:\n",
            "    kube_control_plane:\n      hosts:\n        node1:\n    broken_kube_control_plane:\n      hosts:\n        node1:\n",
        )
        .replace(
            "        node2:   # the second\n",
            "        node2:   # the second\n    broken_etcd:\n      hosts:\n        node1:\n",
        );
    assert_eq!(files.after(&mark("node1")), marked);
    let unmarked = marked
        .replace(
            "    broken_etcd:\n      hosts:\n        node1:\n",
            "    broken_etcd:\n      hosts:\n",
        )
        .replace(
            "    broken_kube_control_plane:\n      hosts:\n        node1:\n",
            "    broken_kube_control_plane:\n      hosts:\n",
        );
    assert_eq!(files.after(&unmark("node1")), unmarked);
    assert_eq!(files.after(&mark("node1")), marked, "an empty `hosts:` is filled again");
}

#[test]
fn yaml_hosts_come_and_go_with_their_variables() {
    let files = Files::new(&[("hosts.yml", YAML)]);
    let variables = [("ansible_host", "10.0.0.3"), ("port", "22"), ("word", "yes")];
    let expected = YAML
        .replace("        # not a comment\n", "        # not a comment\n    node3:\n      ansible_host: 10.0.0.3\n      port: 22\n      word: 'yes'\n")
        .replace("      hosts: {}\n", "      hosts:\n        node3:\n")
        .replace("    empty:\n", "    empty:\n      hosts:\n        node3:\n");
    assert_eq!(files.after(&add("node3", &["calico_rr", "empty"], &variables)), expected);
    let without = YAML
        .replace("    node2:\n      ansible_host: 10.0.0.2\n      motd: |\n        hello\n\n        # not a comment\n", "")
        .replace("        node2:   # the second\n", "");
    let files = Files::new(&[("hosts.yml", YAML)]);
    assert_eq!(files.after(&remove("node2")), without);
}

#[test]
fn what_cannot_be_changed_safely_is_refused_at_its_place() {
    let range = Files::new(&[("hosts", "[etcd]\nnode[1:3]\n[broken_etcd]\nnode[1:2]\n")]);
    assert!(
        range.refused(&unmark("node1")).starts_with("hosts:4:1: `node1` stands here in the range")
    );
    assert!(range.refused(&remove("node3")).starts_with("hosts:2:1: "));
    assert_eq!(range.after(&mark("node3")).lines().last(), Some("node3"));
    let braces = Files::new(&[("hosts.yml", "all: {children: {etcd: {hosts: {n1: , n2: }}}}\n")]);
    assert!(braces.refused(&mark("n1")).contains("written in braces"));
    assert!(braces.refused(&remove("n1")).contains("written in braces"));
    let json = Files::new(&[(
        "hosts.json",
        "{\n  \"etcd\": {\n    \"hosts\": {\n      \"n1\": {}\n    }\n  }\n}\n",
    )]);
    assert!(json.refused(&mark("n1")).contains("written in braces"));
    let alias = "etcd:\n  hosts:\n    n1: &a\n      x: 1\n    n2: *a\n";
    let alias = Files::new(&[("hosts.yml", alias)]);
    assert!(alias.refused(&remove("n1")).contains("the change would leave a mistake"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let files = Files::new(&[("hosts", "[etcd]\nn1\n[kube_node]\nn2\n[broken_etcd]\nn3\n")]);
    for (edit, expected) in [
        (mark("n9"), "`n9` is no host of the inventory"),
        (mark("n2"), "`n2` is neither in `etcd` nor in `kube_control_plane`"),
        (unmark("n3"), "`n3` stands in no other group"),
        (add("n4", &["etcdd"], &[]), "did you mean `etcd`"),
        (add("n[1:2]", &["etcd"], &[]), "cannot be the name of a host"),
        (add("a b", &["etcd"], &[]), "cannot be the name of a host"),
        (add("n1", &["kube_node"], &[("x", "1")]), "`n1` is in the inventory already"),
    ] {
        let text = files.refused(&edit);
        assert!(text.contains(expected), "{edit:?}: {text}");
    }
}

#[test]
fn a_file_that_somebody_else_changes_is_left_alone() {
    let files = Files::new(&[("hosts", "[etcd]\nn1\n")]);
    let changes = files.edit(&mark("n1")).unwrap();
    std::fs::write(files.path().join("hosts"), "[etcd]\nn1\nn2\n").unwrap();
    assert!(changes[0].write().unwrap_err().message.contains("changed by somebody else"));
}

#[test]
fn mode_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let files = Files::new(&[("real", "[etcd]\nn1\n")]);
    let mode = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(files.path().join("real"), mode).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("hosts");
    symlink(files.path().join("real"), &link).unwrap();
    let sources = Sources { inventory: vec![link.display().to_string()], ..Sources::default() };
    let changes = Inventory::load(&sources).unwrap().edit(&sources, &mark("n1")).unwrap();
    changes[0].write().unwrap();
    assert!(link.is_symlink());
    let metadata = std::fs::metadata(&link).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
    assert!(std::fs::read_to_string(&link).unwrap().ends_with("[broken_etcd]\nn1\n"));
}

#[test]
fn lines_that_only_yaml_counts_are_refused() {
    for text in [
        "{\r\retcd:\n\r\r{hosts: {n1: }}}\r",
        "etcd:\r  hosts:\r    n1:\r",
        "a:\r\r\netcd:\n  hosts:\n    n1:\n",
    ] {
        let files = Files::new(&[("hosts.yml", text)]);
        for edit in [mark("n1"), remove("n1"), add("n2", &["etcd"], &[])] {
            let found = files.refused(&edit);
            assert!(found.contains("a carriage return stands alone"), "{text:?}: {found}");
        }
    }
}

#[test]
fn what_an_alias_repeats_is_taken_out_once() {
    let text = "all:\n  children:\n    a:\n      children: &c\n        etcd:\n          hosts:\n            \
                n1:\n            n2:\n    b:\n      children: *c\n";
    let files = Files::new(&[("hosts.yml", text)]);
    assert_eq!(files.after(&remove("n1")), text.replace("            n1:\n", ""));
}
