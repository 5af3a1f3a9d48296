use super::site::Site;

fn site() -> Site {
    let site = Site::new(
        r"
- hosts: a
  gather_facts: false
  vars: {both: play, weak: play}
  roles:
    - base
    - role: base
    - {role: base, given: param}
    - {role: upper, when: num == 1}
  tasks:
    - shell: task {{ own }} {{ strong }} {{ weak }}
",
    );
    site.file("roles/base/defaults/main.yml", "weak: default\nown: default\ngiven: none\n")
        .file("roles/base/vars/main.yml", "strong: vars\nboth: vars\n")
        .file(
            "roles/base/tasks/main.yml",
            "- name: first\n  shell: base {{ given }} {{ both }} {{ weak }} {{ role_name }}\n  notify: restart\n- import_tasks: more.yml\n",
        )
        .file("roles/base/tasks/more.yml", "- shell: more\n")
        .file("roles/base/handlers/main.yml", "- name: restart\n  shell: restart {{ strong }}\n")
        .file("roles/needed/tasks/main.yml", "- shell: needed {{ with }} {{ color }}\n")
        .file("roles/needed/defaults/main.yml", "color: red\n")
        .file("roles/upper/meta/main.yml", "dependencies: [{role: needed, with: this}]\n")
        .file("roles/upper/defaults/main.yml", "color: blue\n")
        .file("roles/upper/tasks/main.yml", "- shell: upper {{ color }}\n");
    site
}

#[tokio::test]
async fn roles_run_once_for_each_way_they_are_used_and_after_what_they_need() {
    let ran = site().run().await;
    assert_eq!(
        ran.sent("a"),
        "base none vars play base more base param vars play base more needed this red upper blue \
         task default vars play restart vars"
    );
    assert_eq!(ran.began()[0], "base : first");
}

#[tokio::test]
async fn includes_are_decided_by_each_host_and_item() {
    let site = Site::new(
        r#"
- hosts: g
  gather_facts: false
  tasks:
    - include_tasks: "do-{{ item }}.yml"
      loop: [x, y]
      vars: {handed: "{{ item }}{{ num }}"}
      when: item == 'x' or num == 2
      register: it
    - include_role: {name: r, tasks_from: other}
      loop: [1, 2]
      loop_control: {loop_var: turn}
      when: num == 1
    - shell: end {{ role_default | default('private') }}
      when: num == 1
    - include_role: {name: r, public: true}
      when: num == 1
    - shell: end {{ role_default | default('private') }}
      when: num == 1
"#,
    );
    site.file("do-x.yml", "- shell: x {{ handed }} {{ item }}\n")
        .file("do-y.yml", "- shell: y {{ handed }}\n- include_tasks: deep/in.yml\n")
        .file("deep/in.yml", "- include_tasks: deeper.yml\n")
        .file("deep/deeper.yml", "- shell: deeper {{ item }}\n")
        .file("roles/r/defaults/main.yml", "role_default: d\n")
        .file("roles/r/tasks/main.yml", "- shell: main\n")
        .file("roles/r/tasks/other.yml", "- shell: other {{ turn }} {{ role_default }}\n");
    let ran = site.run().await;
    assert_eq!(ran.sent("a"), "x x1 x other 1 d other 2 d end private main end d");
    assert_eq!(ran.sent("b"), "x x2 x y y2 deeper y");
    assert_eq!(ran.sent("c"), "x x3 x");
    assert_eq!(ran.stats("c"), [2, 1, 0, 4, 0, 0, 0]);
}

#[tokio::test]
async fn what_is_included_is_checked_before_anything_is_sent() {
    let site = Site::new(
        "- hosts: g\n  gather_facts: false\n  tasks:\n    - include_tasks: bad-{{ num }}.yml\n    - include_tasks: gone.yml\n    - include_role: {name: gone}\n",
    );
    site.file("bad-1.yml", "- shel: x\n").file("bad-2.yml", "- shell: x\n");
    let refused = site.refused();
    assert!(refused.contains("bad-1.yml:1:3: `shel` is neither"), "{refused}");
    assert!(refused.contains("site.yml:5:22: cannot read"), "{refused}");
    assert!(refused.contains("there is no role `gone`"), "{refused}");
}

#[tokio::test]
async fn tags_choose_included_tasks_only_when_they_are_applied() {
    let site = Site::new(
        r"
- hosts: a
  gather_facts: false
  tasks:
    - include_tasks: in.yml
      tags: t
    - include_tasks: {file: in.yml, apply: {tags: t, vars: {word: applied}}}
      tags: t
    - import_tasks: in.yml
      tags: t
      vars: {word: imported}
",
    );
    site.file(
        "in.yml",
        "- shell: '{{ word | default(\"bare\") }}'\n- {shell: always, tags: always}\n",
    );
    let site = site.tags(&["t"]);
    assert_eq!(site.run().await.sent("a"), "always applied always imported always");
}

#[tokio::test]
async fn a_file_may_include_itself_until_its_condition_ends_it() {
    let site = Site::new(
        "- hosts: a\n  gather_facts: false\n  tasks:\n    - include_tasks: again.yml\n      vars: {left: 3}\n",
    );
    site.file(
        "again.yml",
        "- shell: '{{ left }}'\n- include_tasks: again.yml\n  vars: {left: \"{{ before | int - 1 }}\"}\n  when: counted.stdout is defined and num == 9\n- set_fact: {before: '{{ left }}'}\n- shell: done\n  register: counted\n",
    );
    assert_eq!(site.run().await.sent("a"), "3 done");
}

#[tokio::test]
async fn end_role_leaves_the_role_and_nothing_else() {
    let site =
        Site::new("- hosts: g\n  gather_facts: false\n  roles: [r]\n  tasks: [{shell: end}]\n");
    site.file(
        "roles/r/tasks/main.yml",
        "- shell: one\n- meta: end_role\n  when: num == 2\n- shell: two\n",
    );
    let ran = site.run().await;
    assert_eq!((ran.sent("a"), ran.sent("b")), ("one two end".into(), "one end".into()));
}
