use super::site::Site;

fn play(rest: &str) -> Site {
    Site::new(&format!("- hosts: g\n  gather_facts: false\n{rest}"))
}

const HANDLERS: &str = r"
  handlers:
    - {name: one, shell: one}
    - {name: two, shell: two, listen: both}
    - {name: three, shell: three, listen: [both, other], notify: one}
";

#[tokio::test]
async fn handlers_run_once_in_their_own_order_after_each_section() {
    let ran = play(&format!(
        r"{HANDLERS}
  pre_tasks: [{{shell: pre, notify: one}}]
  tasks:
    - {{shell: task, notify: [both, one, two]}}
    - {{shell: again, notify: one}}
    - {{shell: same, changed_when: false, notify: other}}
  post_tasks: [{{shell: post}}]
"
    ))
    .run()
    .await;
    // `three` notifies `one`, which has had its turn in this section.
    assert_eq!(ran.sent("a"), "pre one task again same one two three post one");
    assert_eq!(ran.stats("a"), [10, 9, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn only_the_hosts_that_changed_are_notified_and_failed_ones_not_at_all() {
    let site = |force: &str| {
        play(&format!(
            r#"{HANDLERS}{force}
  tasks:
    - {{shell: x, notify: one, when: num < 3}}
    - shell: "{{{{ 'FAIL' if num == 2 else 'y' }}}}"
"#
        ))
    };
    let ran = site("").run().await;
    assert_eq!(ran.sent("a"), "x y one");
    assert_eq!(ran.sent("b"), "x FAIL");
    assert_eq!(ran.sent("c"), "y");
    let forced = site("  force_handlers: true").run().await;
    assert_eq!(forced.sent("b"), "x FAIL one");
    assert_eq!(forced.outcome.failed, ["b"]);
}

#[tokio::test]
async fn handlers_are_flushed_when_asked_for() {
    let ran = play(&format!(
        "{HANDLERS}  tasks:\n    - {{shell: x, notify: one}}\n    - meta: flush_handlers\n      when: num == 1\n    - shell: y\n"
    ))
    .run()
    .await;
    assert_eq!(ran.sent("a"), "x one y");
    assert_eq!(ran.sent("b"), "x y one");
}

#[tokio::test]
async fn an_item_that_changed_has_all_items_notify() {
    let ran = play(
        r#"
  handlers: [{name: h1, shell: h1}, {name: h2, shell: h2}]
  tasks:
    - {shell: "{{ item }}", loop: ["1", "2"], changed_when: item == '1', notify: "h{{ item }}"}
"#,
    )
    .run()
    .await;
    assert_eq!(ran.sent("a"), "1 2 h1 h2");
}

#[tokio::test]
async fn a_failed_handler_is_rescued_where_it_was_flushed() {
    let ran = play(
        r"
  handlers: [{name: bad, shell: FAIL}]
  tasks:
    - block:
        - {shell: x, notify: bad}
        - meta: flush_handlers
        - shell: never
      rescue: [{shell: rescue}]
    - shell: end
",
    )
    .run()
    .await;
    assert_eq!(ran.sent("a"), "x FAIL rescue end");
    assert_eq!(ran.outcome.exit_code(), 0);
}

#[tokio::test]
async fn a_handler_that_is_not_there_is_found_out_before_anything_is_sent() {
    let refused =
        play(&format!("{HANDLERS}  tasks:\n    - {{shell: x, notify: thre}}\n")).refused();
    assert!(refused.contains("there is no handler `thre`"), "{refused}");
    assert!(refused.contains("did you mean `three`"), "{refused}");
    let ran = play("  tasks:\n    - {shell: x, notify: \"{{ 'no' ~ num }}\"}\n").run().await;
    assert_eq!(ran.outcome.failed, ["a", "b", "c"]);
}
