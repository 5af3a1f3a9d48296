//! Small playbooks and what becomes of them.

use super::*;
use crate::inventory::{Inventory, Sources};
use crate::playbook::{Catalog, ParameterShape, Playbook, Signature, load_text};
use serde_json::{Map, Value, json};
use std::sync::Arc;

struct Few;

impl Catalog for Few {
    fn find(&self, name: &str) -> Option<Signature> {
        let names = ["command", "debug", "set_fact"];
        let name = names.into_iter().find(|known| *known == name)?;
        let parameter =
            |name| ParameterShape { name, aliases: &[], required: false, choices: &[], hint: None };
        let parameters = vec![parameter("cmd"), parameter("chdir"), parameter("msg")];
        let free_form = (name == "command").then_some("cmd");
        Some(Signature { name, parameters, free_form, takes_any: name == "set_fact" })
    }

    fn names(&self) -> Vec<&'static str> {
        vec!["command", "debug", "set_fact"]
    }

    fn lookups(&self) -> Vec<&'static str> {
        crate::template::lookups()
    }

    fn preview(&self, module: &str, args: &Map<String, Value>) -> Vec<String> {
        let command = args.get("cmd").and_then(Value::as_str).filter(|_| module == "command");
        command.map(str::to_owned).into_iter().collect()
    }
}

const INVENTORY: &str = "\
[etcd]
node1 ip=10.0.0.1
node2 ip=10.0.0.2
node3 ip=10.0.0.3
[kube_node]
node3
node4 ip=10.0.0.4
[etcd:vars]
endpoint=https://{{ ip }}:2379
";

fn inventory(extra: &[&str]) -> Arc<Inventory> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hosts.ini");
    std::fs::write(&path, INVENTORY).unwrap();
    let sources = Sources {
        inventory: vec![path.display().to_string()],
        playbook_dirs: Vec::new(),
        extra_vars: extra.iter().map(|&one| one.to_owned()).collect(),
        ..Sources::default()
    };
    Arc::new(Inventory::load(&sources).unwrap())
}

fn playbook(text: &str) -> Playbook {
    load_text("site.yml", text, &Few).unwrap_or_else(|problems| panic!("{problems}"))
}

fn input<'a>(playbooks: &'a [Playbook], extra: &[&str]) -> PlanInput<'a> {
    PlanInput {
        playbooks,
        catalog: &Few,
        inventory: inventory(extra),
        cluster: Some(json!({"etcd": {
            "dead": [{"id": "1a", "host": "node2"}, {"id": "2b", "host": null}],
            "coordinator": "node3",
            "joining": ["node2", "node1"],
            "nobody": [],
        }})),
        limit: None,
        tags: Vec::new(),
        skip_tags: Vec::new(),
        start_at_task: None,
        said: serde_json::Map::new(),
        run_id: "RUN".to_owned(),
        user: None,
    }
}

fn planned(text: &str) -> Plan {
    let playbooks = [playbook(text)];
    compile(&input(&playbooks, &[])).unwrap_or_else(|problems| panic!("{problems}"))
}

fn refused(text: &str) -> String {
    let playbooks = [playbook(text)];
    compile(&input(&playbooks, &[])).expect_err("it has mistakes").to_string()
}

const RECOVERY: &str = r#"
- decide: etcd
- name: Look
  hosts: etcd
  gather_facts: false
  tags: look
  tasks:
    - name: List the members of {{ cluster.etcd.coordinator }}
      command: etcdctl --endpoints={{ endpoint }} member list
      register: members
      changed_when: false
    - name: Only where it is needed
      command: id
      when: inventory_hostname in cluster.etcd.joining
    - name: Never
      command: "rm {{ not_there }}"
      when: false
- name: Remove dead members
  hosts: "{{ [cluster.etcd.coordinator] if cluster.etcd.dead else [] }}"
  tasks:
    - name: Remove {{ item.id }}
      command: etcdctl member remove {{ item.id }}
      loop: "{{ cluster.etcd.dead }}"
      when: item.host is none or item.host != inventory_hostname
      destructive: true
      undo: none, it is added again as a new member
    - name: Only when that worked
      command: echo {{ members.stdout | quote }}
      when: [members.rc == 0, cluster.etcd.dead | length > 1]
    - name: Each line
      debug: {msg: "{{ item }}"}
      loop: "{{ members.stdout_lines }}"
- name: Grow
  hosts: "{{ cluster.etcd.joining }}"
  serial: 1
  vars: {me: "{{ inventory_hostname }} at {{ ip }}"}
  tasks:
    - command: join {{ me }} to {{ hostvars[cluster.etcd.coordinator].endpoint }}
      delegate_to: "{{ cluster.etcd.coordinator }}"
    - name: Once in each batch
      command: check
      run_once: true
    - name: A secret
      command: echo secret
      no_log: true
- name: For nobody
  hosts: "{{ cluster.etcd.nobody }}"
  tasks:
    - command: id
"#;

#[test]
fn a_plan_shows_hosts_commands_and_what_is_decided_later() {
    let plan = planned(RECOVERY);
    insta::assert_snapshot!("text", text(&plan));
    insta::assert_json_snapshot!("view", view(&plan));
}

#[test]
fn what_is_settled_is_settled_and_nothing_else() {
    let plan = planned(RECOVERY);
    let condition = |play: usize, task: usize, host: usize| {
        plan.plays[play].tasks()[task].hosts[host].condition.clone()
    };
    assert_eq!(condition(0, 1, 0), Settled::Now(true));
    assert_eq!(condition(0, 1, 2), Settled::Now(false));
    assert_eq!(condition(0, 2, 0), Settled::Now(false));
    assert_eq!(condition(1, 1, 0), Settled::Runtime("members.rc == 0".to_owned()));
    assert_eq!(plan.plays[1].tasks()[1].hosts[0].args, None);
    assert_eq!(plan.plays[1].tasks()[2].hosts[0].items, None);
    assert_eq!(plan.plays[2].batches, [["node2"], ["node1"]]);
    assert_eq!(plan.plays[2].tasks()[1].hosts.len(), 2);
    assert_eq!(plan.plays[2].tasks()[2].hosts[0].commands, Vec::<String>::new());
    assert!(plan.plays[3].batches.is_empty());
}

#[test]
fn step_ids_do_not_depend_on_tags_or_decisions() {
    let playbooks = [playbook(RECOVERY)];
    let all = compile(&input(&playbooks, &[])).unwrap();
    let ids = |plan: &Plan| -> Vec<String> {
        plan.plays
            .iter()
            .flat_map(|play| {
                play.tasks().into_iter().map(|task| task.id.clone()).collect::<Vec<_>>()
            })
            .collect()
    };
    assert_eq!(ids(&all)[3], "02-01-remove-item-id");
    let tagged =
        compile(&PlanInput { skip_tags: vec!["look".to_owned()], ..input(&playbooks, &[]) });
    let problems = tagged.unwrap_err().to_string();
    assert!(problems.contains("`members` is undefined"), "{problems}");
    let blind = compile(&PlanInput { cluster: None, ..input(&playbooks, &[]) }).unwrap();
    assert_eq!(ids(&blind), ids(&all));
    assert_ne!(hash(&blind), hash(&all));
    assert_eq!(hash(&all), hash(&compile(&input(&playbooks, &[])).unwrap()));
}

#[test]
fn without_a_decision_its_hosts_are_decided_later() {
    let playbooks = [playbook(RECOVERY)];
    let plan = compile(&PlanInput { cluster: None, ..input(&playbooks, &[]) }).unwrap();
    insta::assert_snapshot!([list_hosts(&plan), list_tasks(&plan), list_tags(&plan)].join("\n"));
}

#[test]
fn every_mistake_is_reported_once_with_its_place() {
    let first = refused(
        r#"
- name: "{{ broken"
  hosts: etcd
  vars: {a: "{{ x | no_such }}"}
  tasks:
    - command: "{{ y | jion }}"
      when: a ==
      until: b is deifned
"#,
    );
    let second = refused(
        r#"
- hosts: etcd
  serial: many
  tasks:
    - command: echo {{ endpiont }}
    - command: id
      delegate_to: node9
    - command: id
      loop: 3
    - command: id
      when: ip
    - command: id
      become: "{{ who }}"
    - command: id
      run_once: perhaps
- hosts: "{{ node }}"
- hosts: "{{ ['node7'] }}"
- hosts: no_such_group
"#,
    );
    insta::assert_snapshot!(format!("{first}\n---\n{second}"));
}

#[test]
fn limits_narrow_what_was_written_and_not_what_was_decided() {
    let playbooks = [playbook("- hosts: etcd\n- hosts: '{{ cluster.etcd.joining }}'\n")];
    let limit = Some(vec!["node1".to_owned(), "node4".to_owned()]);
    let plan = compile(&PlanInput { limit, ..input(&playbooks, &[]) }).unwrap();
    let hosts = |play: usize| plan.plays[play].hosts().collect::<Vec<_>>();
    assert_eq!(hosts(0), ["node1"]);
    assert_eq!(hosts(1), ["node2", "node1"]);
}

#[test]
fn extra_variables_win_and_choose_hosts() {
    let playbooks = [playbook(
        "- hosts: \"{{ node | default('etcd') }}\"\n  vars: {x: play}\n  tasks:\n    - command: echo {{ x }} {{ y }}\n      vars: {x: task, y: task}\n",
    )];
    let plan = compile(&input(&playbooks, &["node=node4", "x=extra"])).unwrap();
    assert_eq!(plan.plays[0].batches, [["node4"]]);
    assert_eq!(plan.plays[0].tasks()[0].hosts[0].commands, ["echo extra task"]);
}

#[test]
fn serial_cuts_hosts_into_batches() {
    let table = [
        ("1", json!([["node1"], ["node2"], ["node3"]])),
        ("2", json!([["node1", "node2"], ["node3"]])),
        ("0", json!([["node1", "node2", "node3"]])),
        ("50%", json!([["node1"], ["node2"], ["node3"]])),
        ("[1, 100%]", json!([["node1"], ["node2", "node3"]])),
        ("\"{{ groups['kube_node'] | length }}\"", json!([["node1", "node2"], ["node3"]])),
    ];
    for (serial, wanted) in table {
        let plan = planned(&format!("- hosts: etcd\n  serial: {serial}\n"));
        assert_eq!(json!(plan.plays[0].batches), wanted, "{serial}");
    }
}

#[test]
fn tags_choose_as_in_ansible() {
    let table: &[(&str, &str, &str, bool)] = &[
        ("", "", "", true),
        ("a", "", "", true),
        ("never", "", "", false),
        ("never a", "a", "", true),
        ("a", "b", "", false),
        ("a b", "b", "", true),
        ("always", "b", "", true),
        ("always", "b", "always", false),
        ("a", "", "a", false),
        ("a", "a", "a", false),
        ("", "tagged", "", false),
        ("a", "tagged", "", true),
        ("", "untagged", "", true),
        ("a", "untagged", "", false),
        ("a", "all", "", true),
        ("never", "all", "", false),
        ("a", "", "all", false),
        ("always", "", "all", true),
        ("a", "", "tagged", false),
        ("", "", "untagged", false),
    ];
    let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for (tags, only, skip, wanted) in table {
        let found = tags::Tags { only: list(only), skip: list(skip) }.leave(&list(tags));
        assert_eq!(found, *wanted, "tags [{tags}], --tags [{only}], --skip-tags [{skip}]");
    }
}

#[test]
fn a_run_can_start_at_a_task() {
    let text = "- hosts: etcd\n  tasks:\n    - {name: One, command: a}\n    - {name: Two it is, command: b}\n- hosts: etcd\n  tasks:\n    - {name: Three, command: c}\n";
    let playbooks = [playbook(text)];
    let start = |at: &str| {
        compile(&PlanInput { start_at_task: Some(at.to_owned()), ..input(&playbooks, &[]) })
    };
    let plan = start("Two*").unwrap();
    let names: Vec<&str> = plan
        .plays
        .iter()
        .flat_map(|play| {
            play.tasks().into_iter().map(|task| task.name.as_str()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(names, ["Two it is", "Three"]);
    let problem = start("Thre").unwrap_err().to_string();
    assert!(
        problem.contains("there is no task `Thre`") && problem.contains("`Three`"),
        "{problem}"
    );
}

#[test]
fn scopes_outside_of_plays_see_all_hosts() {
    let scope = HostScopes::new(&inventory(&["who=me"]), "RUN").of("node1");
    assert_eq!(scope.render("{{ endpoint }}").unwrap(), json!("https://10.0.0.1:2379"));
    assert_eq!(
        scope.render("{{ hostvars['node2'].endpoint }}").unwrap(),
        json!("https://10.0.0.2:2379")
    );
    assert_eq!(scope.render("{{ who }} {{ run_id }}").unwrap(), json!("me RUN"));
    assert_eq!(
        scope.render("{{ inventory_hostname }} {{ group_names }}").unwrap(),
        json!("node1 ['etcd']")
    );
}
