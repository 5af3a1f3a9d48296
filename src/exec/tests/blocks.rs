use super::site::{Site, plain};
use super::*;

/// A play without facts on the group `g`.
fn play(rest: &str) -> Site {
    Site::new(&format!("- hosts: g\n  gather_facts: false\n{rest}"))
}

#[tokio::test]
async fn a_host_that_fails_is_rescued_and_goes_on() {
    let ran = play(
        r#"
  tasks:
    - block:
        - {name: try, shell: "{{ 'FAIL' if num == 2 else 'good' }}", tags: t}
        - shell: more
      rescue:
        - shell: rescue {{ ansible_failed_task.name }} {{ ansible_failed_result.rc }}
      always:
        - shell: always
    - shell: end
"#,
    )
    .run()
    .await;
    assert_eq!(ran.sent("a"), "good more always end");
    assert_eq!(ran.sent("b"), "FAIL rescue try 1 always end");
    assert_eq!(ran.stats("a"), [4, 4, 0, 0, 0, 0, 0]);
    assert_eq!(ran.stats("b"), [3, 3, 0, 0, 1, 0, 0]);
    assert_eq!(ran.outcome.exit_code(), 0);
}

#[tokio::test]
async fn a_failure_falls_through_always_and_out_of_a_failed_rescue() {
    let ran = play(
        r#"
  tasks:
    - block:
        - block:
            - shell: "{{ 'FAIL' if num == 1 else 'x' }}"
          always:
            - shell: inner
        - shell: "{{ 'FAIL' if num == 2 else 'y' }}"
      rescue:
        - shell: "{{ 'FAIL' if num == 2 else 'rescue' }}"
      always:
        - shell: outer
    - shell: end
- hosts: g
  gather_facts: false
  tasks: [{shell: next}]
"#,
    )
    .run()
    .await;
    assert_eq!(ran.sent("a"), "FAIL inner rescue outer end next");
    assert_eq!(ran.sent("b"), "x inner FAIL FAIL outer");
    assert_eq!(ran.sent("c"), "x inner y outer end next");
    assert_eq!(ran.stats("b"), [3, 3, 1, 0, 1, 0, 0]);
    assert_eq!(ran.outcome.failed, ["b"]);
    assert_eq!(ran.outcome.exit_code(), 2);
}

#[tokio::test]
async fn without_rescue_always_runs_and_the_host_stays_failed() {
    let site = play(
        "  tasks:\n    - block: [{shell: FAIL}]\n      always: [{shell: always}]\n    - shell: end\n",
    );
    let ran = site.run().await;
    assert_eq!(ran.sent("a"), "FAIL always");
    assert_eq!(ran.stats("a"), [1, 1, 1, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_not_rescued() {
    let site = play(
        "  tasks:\n    - block: [{shell: one}]\n      rescue: [{shell: rescue}]\n      always: [{shell: always}]\n",
    );
    let hosts = vec![Err(off("a")), Ok(plain("b")), Ok(plain("c")), Ok(plain("d"))];
    let ran = site.run_on(hosts).await;
    assert_eq!(ran.sent("b"), "one always");
    assert_eq!(ran.stats("a"), [0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(ran.outcome.unreachable, ["a"]);
}

#[tokio::test]
async fn any_errors_fatal_takes_all_hosts_to_the_rescue() {
    let ran = play(
        r#"
  any_errors_fatal: true
  tasks:
    - block:
        - shell: "{{ 'FAIL' if num == 2 else 'x' }}"
        - shell: never
      rescue:
        - shell: rescue
    - shell: end
"#,
    )
    .run()
    .await;
    for host in ["a", "c"] {
        assert_eq!(ran.sent(host), "x rescue end");
    }
    assert_eq!(ran.sent("b"), "FAIL rescue end");
    assert_eq!(ran.outcome.exit_code(), 0);
}

#[tokio::test]
async fn hosts_that_failed_are_no_hosts_of_the_play_until_they_are_rescued() {
    let ran = play(
        r#"
  tasks:
    - shell: "{{ 'FAIL' if num == 3 else 'x' }}"
    - block:
        - shell: "{{ 'FAIL' if num == 2 else 'x' }}"
        - shell: "{{ ansible_play_hosts | join('-') }}"
      rescue:
        - shell: "{{ ansible_play_hosts | join('-') }}"
    - shell: "{{ ansible_play_batch | join('-') }}+{{ ansible_play_hosts_all | join('-') }}"
"#,
    )
    .run()
    .await;
    assert_eq!(ran.sent("a"), "x x a a-b+a-b-c");
    assert_eq!(ran.sent("b"), "x FAIL a-b a-b+a-b-c");
}

#[tokio::test]
async fn what_cannot_be_rendered_is_a_failure_that_a_rescue_deals_with() {
    let ran = play(
        "  tasks:\n    - block: [{shell: 'x {{ nowhere }}'}]\n      rescue: [{shell: rescue}]\n",
    )
    .run()
    .await;
    assert_eq!(ran.sent("a"), "rescue");
    let refused = play("  tasks:\n    - shell: x {{ nowhere }}\n").refused();
    assert!(refused.contains("`nowhere` is undefined"), "{refused}");
}

#[tokio::test]
async fn meta_ends_what_it_names() {
    let ran = play(
        r"
  serial: 2
  tasks:
    - shell: one
    - {meta: end_host, when: num == 1}
    - shell: two {{ ansible_play_hosts | join('-') }}
    - {meta: end_batch, when: num == 2}
    - shell: three
    - meta: end_play
    - shell: never
",
    )
    .run()
    .await;
    assert_eq!(ran.sent("a"), "one");
    assert_eq!(ran.sent("b"), "one two b-c");
    assert_eq!(ran.sent("c"), "one two a-b-c three");
    assert_eq!(ran.outcome.exit_code(), 0);
}

#[tokio::test]
async fn clear_host_errors_lets_hosts_take_part_again() {
    let site = play(
        r#"
  tasks:
    - shell: "{{ 'FAIL' if num == 2 else 'x' }}"
    - meta: clear_host_errors
    - shell: after
- hosts: g
  gather_facts: false
  tasks: [{shell: next}]
"#,
    );
    let ran = site.run().await;
    assert_eq!(ran.sent("a"), "x after next");
    assert_eq!(ran.sent("b"), "FAIL next");
    assert_eq!(ran.outcome.failed, Vec::<String>::new());
}
