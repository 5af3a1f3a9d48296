//! What loads, as what; and what is refused, with its place.

use super::*;
use serde_json::{Map, Value, json};

struct Few;

const fn parameter(name: &'static str) -> ParameterShape {
    ParameterShape { name, aliases: &[], required: false, choices: &[], hint: None }
}

impl Catalog for Few {
    fn find(&self, name: &str) -> Option<Signature> {
        let (name, parameters, free_form) = match name {
            "command" => (
                "command",
                vec![parameter("cmd"), parameter("chdir"), parameter("creates"), parameter("argv")],
                Some("cmd"),
            ),
            "debug" => ("debug", vec![parameter("msg"), parameter("var")], None),
            "file" => (
                "file",
                vec![
                    ParameterShape { aliases: &["dest"], required: true, ..parameter("path") },
                    ParameterShape { choices: &["absent", "directory"], ..parameter("state") },
                    parameter("mode"),
                ],
                None,
            ),
            "set_fact" => ("set_fact", vec![], None),
            _ => return None,
        };
        Some(Signature { name, parameters, free_form, takes_any: name == "set_fact" })
    }

    fn names(&self) -> Vec<&'static str> {
        vec!["command", "debug", "file", "set_fact"]
    }

    fn lookups(&self) -> Vec<&'static str> {
        vec!["dict", "items"]
    }

    fn preview(&self, _module: &str, _args: &Map<String, Value>) -> Vec<String> {
        Vec::new()
    }
}

fn loaded(text: &str) -> Playbook {
    load_text("site.yml", text, &Few).unwrap_or_else(|problems| panic!("{problems}"))
}

fn task(text: &str) -> Task {
    let indented = text.replace('\n', "\n      ");
    let playbook = loaded(&format!("- hosts: all\n  tasks:\n    - {indented}\n"));
    let play = playbook.plays().next().unwrap();
    Task::clone(play.tasks()[0])
}

fn problems(text: &str) -> String {
    load_text("site.yml", text, &Few).expect_err("it has mistakes").to_string()
}

#[test]
fn a_task_is_read_whole() {
    let task = task(
        "name: Remove {{ item }}\n\
         ansible.builtin.command: etcdctl member remove {{ item }} creates=/x chdir=\"/a b\"\n\
         when: [quorum, 'item != me']\n\
         loop: \"{{ dead }}\"\n\
         loop_control: {loop_var: member, label: \"{{ member.name }}\"}\n\
         register: removed\n\
         until: removed.rc == 0\n\
         retries: 3\n\
         changed_when: false\n\
         become: true\n\
         tags: a, b\n\
         vars: {me: x}\n\
         destructive: true\n\
         undo: Add the member again",
    );
    assert_eq!(task.name.as_deref(), Some("Remove {{ item }}"));
    assert_eq!(task.module, "command");
    assert_eq!(
        Value::Object(task.args),
        json!({"creates": "/x", "chdir": "/a b", "cmd": "etcdctl member remove {{ item }}"})
    );
    let when: Vec<&str> = task.when.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(when, ["quorum", "item != me"]);
    let repeat = task.repeat.unwrap();
    assert_eq!((repeat.variable.as_str(), repeat.kind), ("member", LoopKind::List));
    assert_eq!(repeat.items.value, json!("{{ dead }}"));
    assert_eq!(task.register.as_deref(), Some("removed"));
    assert_eq!(task.retries.unwrap().value, json!(3));
    assert_eq!(task.changed_when[0].text, "false");
    assert_eq!(task.keywords.tags, ["a", "b"]);
    assert_eq!(task.keywords.r#become.unwrap().value, json!(true));
    assert_eq!(task.vars["me"], json!("x"));
    assert!(task.destructive);
    assert_eq!(task.undo.as_deref(), Some("Add the member again"));
}

#[test]
fn short_forms_mean_what_they_mean_in_ansible() {
    let table = [
        ("command: id -u", json!({"cmd": "id -u"})),
        ("command: FOO=1 env  'a  b'", json!({"cmd": "FOO=1 env  'a  b'"})),
        (
            "command: creates=/x  FOO=1 env 'a  b'",
            json!({"creates": "/x", "cmd": "FOO=1 env 'a  b'"}),
        ),
        (
            "command: echo {{ a | join(' ') }} creates={{ b c }}",
            json!({"cmd": "echo {{ a | join(' ') }}", "creates": "{{ b c }}"}),
        ),
        ("command: {cmd: id}", json!({"cmd": "id"})),
        ("command: {argv: [id, -u]}", json!({"argv": ["id", "-u"]})),
        ("command: id\nargs: {chdir: /x}", json!({"cmd": "id", "chdir": "/x"})),
        ("debug: msg='a b' var=c", json!({"msg": "a b", "var": "c"})),
        ("debug:", json!({})),
        ("file: dest=/x state=absent", json!({"path": "/x", "state": "absent"})),
        ("file: {path: /x, mode: 0644}", json!({"path": "/x", "mode": 420})),
        ("set_fact: {anything: \"{{ x }}\"}", json!({"anything": "{{ x }}"})),
        ("ansible.legacy.command: id", json!({"cmd": "id"})),
    ];
    for (text, wanted) in table {
        assert_eq!(Value::Object(task(text).args), wanted, "{text}");
    }
}

#[test]
fn blocks_hand_down_what_they_say() {
    let playbook = loaded(
        "- hosts: all\n  become: true\n  tags: play\n  tasks:\n\
         \x20   - when: outer\n      become_user: etcd\n      tags: [x]\n      vars: {a: 1, b: 1}\n      environment: {A: 1}\n\
         \x20     block:\n\
         \x20       - block:\n\
         \x20           - debug:\n              when: own\n              vars: {b: 3}\n              tags: y\n              environment: {B: 2}\n\
         \x20         when: inner\n\
         \x20       - debug:\n          become_user: root\n  post_tasks:\n    - debug: msg=last\n  pre_tasks:\n    - debug: msg=first\n",
    );
    let play = playbook.plays().next().unwrap();
    assert_eq!(play.tasks().len(), 4);
    assert_eq!(play.tasks()[0].args["msg"], json!("first"));
    assert_eq!(play.tasks()[3].args["msg"], json!("last"));
    let deep = &play.tasks()[1];
    let when: Vec<&str> = deep.when.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(when, ["outer", "inner", "own"]);
    assert_eq!(Value::Object(deep.vars.clone()), json!({"a": 1, "b": 3}));
    let all = deep.keywords.under(&play.inherited);
    assert_eq!(all.tags, ["play", "x", "y"]);
    assert_eq!(all.become_user.unwrap().value, json!("etcd"));
    assert_eq!(all.r#become.unwrap().value, json!(true));
    let environment: Vec<Value> = all.environment.into_iter().map(|one| one.value).collect();
    assert_eq!(environment, [json!({"A": 1}), json!({"B": 2})]);
    assert_eq!(play.tasks()[2].keywords.become_user.as_ref().unwrap().value, json!("root"));
}

#[test]
fn files_beside_the_playbook_are_imported_in_place() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("site.yml", "- decide: etcd\n- import_playbook: more/plays.yml\n- hosts: last\n");
    write(
        "more/plays.yml",
        "- hosts: first\n  tasks:\n    - import_tasks: tasks/some.yml\n      when: asked\n      tags: t\n",
    );
    write("more/tasks/some.yml", "- debug: msg=a\n- import_tasks: other.yml\n");
    write("more/tasks/other.yml", "- debug: msg=b\n  when: own\n");
    let name = directory.path().join("site.yml").display().to_string();
    let playbook = load(&name, &Few).unwrap();
    assert_eq!(playbook.decisions(), ["etcd"]);
    let plays: Vec<_> = playbook.plays().collect();
    assert_eq!(plays[0].hosts.value, json!("first"));
    assert_eq!(plays[1].hosts.value, json!("last"));
    let [first, second] = plays[0].tasks()[..] else { panic!("two tasks") };
    assert_eq!(first.args["msg"], json!("a"));
    assert_eq!(second.when.len(), 2);
    assert_eq!(second.keywords.tags, ["t"]);
    assert!(second.location.file.ends_with("more/tasks/other.yml"));
    assert!(second.directory.as_ref().unwrap().ends_with("more/tasks"));
}

#[test]
fn every_mistake_is_shown_at_its_place() {
    insta::assert_snapshot!(problems(MISTAKES));
}

const MISTAKES: &str = r#"
- name: First
  host: etcd
  tasks: []
- name: Second
  hosts: etcd
  gather_facts: true
  collections: [community.general]
  strategy: debug
  handlers: [{block: []}]
  vars: {"a-b": 1, secret: !odd "x"}
  tasks:
    - comand: id
    - name: two modules
      command: id
      debug: msg=x
    - name: no module
      when: true
    - file: {pth: /x, state: gone}
    - file: {mode: 0644}
    - debug: msg=x nonsense
    - debug: {mesage: x}
    - command: id
      whne: true
      notify: restart
    - command: 'echo "x'
    - command: id
      register: "{{ x }}"
      loop_control: {label: x}
    - command: id
      loop: []
      loop_control: {labl: x, pause: 3}
      with_items: []
    - command: id
      command: id
    - block:
        - debug:
      rescu:
        - debug:
    - debug:
      listen: x
    - debug:
      async: 5
    - include_tasks: nowhere.yml
      become: true
    - include_role: {name: x, publik: true}
    - import_tasks: "{{ file }}"
    - import_tasks: missing.yml
      wen: x
    - community.general.ini_file: {path: /x}
    - with_lines: ls
      debug:
    - debug:
      tags: "{{ x }}"
      when: [1]
      destructive: maybe
    - just text
- hosts: [1, 2]
- decide: etcd
  when: x
- import_playbook: nowhere.yml
"#;

#[test]
fn what_is_no_playbook_is_said_to_be_none() {
    let shown = ["", "hosts: all", "- hosts: all\n  tasks: {}", "- [1", "just text"].map(problems);
    insta::assert_snapshot!(shown.join("\n---\n"));
}

#[test]
fn a_file_that_imports_itself_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("loop.yml");
    std::fs::write(&path, "- import_playbook: loop.yml\n").unwrap();
    let problems = load(&path.display().to_string(), &Few).unwrap_err().to_string();
    assert!(problems.contains("does one import itself?"), "{problems}");
    let tasks = directory.path().join("tasks.yml");
    std::fs::write(&tasks, "- import_tasks: tasks.yml\n").unwrap();
    std::fs::write(&path, "- hosts: all\n  tasks:\n    - import_tasks: tasks.yml\n").unwrap();
    let problems = load(&path.display().to_string(), &Few).unwrap_err().to_string();
    assert!(problems.contains("does a file import itself?"), "{problems}");
}

#[test]
fn built_in_playbooks_are_found_however_they_are_spelled() {
    assert!(built_in_names().contains(&"ping".to_owned()));
    assert_eq!(built_in_text("ping"), built_in_text("ping.yml"));
    assert!(built_in_title("ping").unwrap().starts_with("Says"));
    let problem = load("pnig", &Few).unwrap_err().to_string();
    assert!(problem.contains("there is no playbook `pnig`"), "{problem}");
    assert!(problem.contains("did you mean `ping`"), "{problem}");
}

#[test]
fn an_export_never_overwrites() {
    let directory = tempfile::tempdir().unwrap();
    let written = export(directory.path()).unwrap();
    assert!(written.contains(&directory.path().join("ping.yml")));
    let again = export(directory.path()).unwrap_err();
    assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
}
