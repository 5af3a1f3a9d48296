use super::site::Site;

#[tokio::test]
async fn hosts_come_in_the_order_and_the_batches_that_are_asked_for() {
    let ran = Site::new(
        "- hosts: g\n  gather_facts: false\n  order: reverse_sorted\n  serial: [1, '100%']\n  tasks:\n    - shell: '{{ ansible_play_batch | join(\"-\") }} {{ ansible_play_hosts | join(\"-\") }}'\n",
    )
    .run()
    .await;
    assert_eq!(ran.sent("c"), "c a-b-c");
    assert_eq!(ran.sent("a"), "b-a a-b-c");
    let hosts: Vec<String> = ran.bench.results().into_iter().map(|result| result.host).collect();
    assert_eq!(hosts, ["c", "b", "a"]);
}

#[tokio::test]
async fn hosts_of_a_free_play_do_not_wait_for_each_other() {
    let ran = Site::new(
        r#"
- hosts: g
  gather_facts: false
  strategy: free
  handlers: [{name: h, shell: h}]
  tasks:
    - {shell: "one {{ num }}", run_once: true, notify: h}
    - shell: "{{ 'FAIL' if num == 2 else 'two' }}"
    - shell: three
"#,
    )
    .run()
    .await;
    assert_eq!(ran.sent("a"), "one 1 two three h");
    assert_eq!(ran.sent("b"), "one 2 FAIL");
    let of_a = ran.bench.results().iter().take(4).filter(|result| result.host == "a").count();
    assert_eq!(of_a, 4, "nothing makes `a` wait");
}

#[tokio::test]
async fn hosts_and_groups_that_a_play_makes_are_there_for_the_next() {
    let ran = Site::new(
        r#"
- hosts: a
  gather_facts: false
  tasks:
    - {add_host: {name: d, groups: [fresh], color: blue}}
    - {add_host: {name: d, groups: [fresh], color: blue}, register: again}
    - shell: "{{ groups.fresh | join }} {{ hostvars.d.color }} {{ again.changed }}"
- hosts: fresh
  gather_facts: false
  tasks:
    - shell: "{{ color }} {{ group_names | join('-') }}"
    - group_by: {key: "is {{ color }}", parents: colored}
- hosts: is-blue:&colored
  gather_facts: false
  tasks: [{shell: grouped}]
"#,
    )
    .run()
    .await;
    assert_eq!(ran.sent("a"), "d blue False");
    assert_eq!(ran.sent("d"), "blue fresh-others grouped");
}

#[tokio::test]
async fn facts_of_a_delegated_task_belong_to_whom_it_says() {
    let ran = Site::new(
        r#"
- hosts: g
  gather_facts: false
  tasks:
    - {set_fact: {f: "{{ num }}"}, delegate_to: b, delegate_facts: true, when: num == 1}
    - shell: "{{ f | default('none') }}"
    - {set_fact: {kept: 1, cacheable: true}}
    - shell: "{{ ansible_facts.kept }}"
    - meta: clear_facts
    - shell: "{{ ansible_facts.kept | default('gone') }} {{ kept }}"
"#,
    )
    .run()
    .await;
    assert_eq!(ran.sent("a"), "none 1 gone 1");
    assert_eq!(ran.sent("b"), "1 1 gone 1");
}

#[tokio::test]
async fn files_of_variables_are_read_at_load_and_while_running() {
    let site = Site::new(
        r#"
- hosts: a
  gather_facts: false
  vars: {one: play}
  vars_files: [one.yml, [gone.yml, two.yml]]
  tasks:
    - shell: "{{ one }} {{ two }}"
    - include_vars: "{{ two }}.yml"
    - include_vars: {file: three.yml, name: inside}
    - shell: "{{ one }} {{ three }} {{ inside.three }}"
"#,
    );
    site.file("one.yml", "one: file\n").file("vars/two.yml", "two: three\n");
    site.file("vars/three.yml", "three: 3\none: read\n");
    assert_eq!(site.run().await.sent("a"), "file three read 3 3");
}

#[tokio::test]
async fn an_imported_playbook_has_what_the_import_says() {
    let site = Site::new(
        "- import_playbook: sub/more.yml\n  vars: {word: import}\n  when: num == 1\n  tags: x\n",
    );
    site.file(
        "sub/more.yml",
        "- hosts: g\n  gather_facts: false\n  vars: {word: own}\n  tasks: [{shell: '{{ word }}'}]\n",
    );
    let ran = site.run().await;
    assert_eq!((ran.sent("a"), ran.sent("b")), ("import".into(), String::new()));
    assert_eq!(site.tags(&["y"]).run().await.sent("a"), "");
}

#[tokio::test]
async fn a_loop_tells_of_its_items_and_ends_when_it_is_told() {
    let ran = Site::new(
        r#"
- hosts: a
  gather_facts: false
  tasks:
    - shell: "{{ item }} {{ at }} {{ ansible_loop.nextitem | default('last') }}"
      with_items: [x, [y, z]]
      register: all
      loop_control: {index_var: at, extended: true, break_when: item == 'y'}
    - shell: "{{ all.results | length }} {{ all.results[1].at }}"
"#,
    )
    .run()
    .await;
    assert_eq!(ran.sent("a"), "x 0 y y 1 z 2 1");
}
