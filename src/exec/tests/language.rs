use super::*;
use crate::transport::RunAsMethod::{Doas, Sudo};

#[tokio::test]
async fn registered_results_facts_and_extra_variables_win_in_ansibles_order() {
    let a = fine("a").on("ask", FakeConnection::says("one\ntwo\n"));
    let mut bench = Bench::new(vec![a]);
    let extra = json!({"fixed": "extra"}).as_object().unwrap().clone();
    bench.services.variables = Arc::new(Names(vec!["a".into()], extra));
    let mut ask = shell("ask");
    ask.register = Some("answer".to_owned());
    let facts = task(
        "set_fact",
        json!({"fixed": "fact", "last": "{{ answer.stdout_lines[-1] }}", "rc": "{{ answer.rc }}"}),
    );
    let mut show = shell("show {{ last }} {{ fixed }} {{ mine }} {{ rc }}");
    show.vars = json!({"mine": "task", "last": "task"}).as_object().unwrap().clone();
    let vars = json!({"mine": "play"}).as_object().unwrap().clone();
    let with_vars = Play { vars, ..empty_play() };
    bench.run(vec![play_of(&with_vars, &[&["a"]], vec![ask, facts, show])]).await;
    assert_eq!(bench.scripts("a")[1], "show two extra task 0");
}

#[tokio::test]
async fn what_a_host_prints_is_never_a_template() {
    let a = fine("a").on("ask", FakeConnection::says("{{ 1 + 1 }}"));
    let bench = Bench::new(vec![a]);
    let mut ask = shell("ask");
    ask.register = Some("answer".to_owned());
    bench.run(vec![play(&[&["a"]], vec![ask, shell("say '{{ answer.stdout }}'")])]).await;
    assert_eq!(bench.scripts("a")[1], "say '{{ 1 + 1 }}'");
}

#[tokio::test]
async fn other_hosts_results_are_in_hostvars() {
    let bench = Bench::new(vec![fine("a").on("ask", FakeConnection::says("x")), fine("b")]);
    let mut ask = shell("ask");
    ask.register = Some("answer".to_owned());
    ask.when = texts(&["inventory_hostname == 'a'"]);
    let mut read = shell("got {{ hostvars['a'].answer.stdout }}");
    read.when = texts(&["answer is skipped"]);
    bench.run(vec![play(&[&["a", "b"]], vec![ask, read])]).await;
    assert_eq!(bench.scripts("b"), ["got x"]);
    assert_eq!(bench.scripts("a"), ["ask"]);
}

#[tokio::test]
async fn a_loop_runs_each_item_and_registers_them_all() {
    let a = fine("a").on("do 2", FakeConnection::fails(1, "no"));
    let bench = Bench::new(vec![a]);
    let mut looped = shell("do {{ item }} at {{ index }}");
    looped.repeat = each(json!([1, 2, 3]));
    looped.when = texts(&["item != 3"]);
    looped.register = Some("all".to_owned());
    looped.keywords.ignore_errors = templated(json!("yes"));
    let last = shell("{{ all.results | length }} {{ all.failed }} {{ all.results[2].skipped }}");
    let outcome = bench.run(vec![play(&[&["a"]], vec![looped, last])]).await;
    assert_eq!(bench.scripts("a"), ["do 1 at 0", "do 2 at 1", "3 True True"]);
    let items: Vec<_> = bench.results().into_iter().map(|r| (r.item, r.status)).collect();
    assert_eq!(items[0], (Some(json!(1)), Status::Changed));
    assert_eq!(items[1], (Some(json!(2)), Status::Failed));
    assert_eq!(items[2], (Some(json!(3)), Status::Skipped));
    assert_eq!((outcome.stats["a"].ok, outcome.stats["a"].ignored), (2, 1));
    assert_eq!(outcome.exit_code(), 0);
}

#[tokio::test]
async fn a_recoverys_loop_stops_at_the_first_item_that_failed() {
    for (stop, sent) in [(false, 3), (true, 2)] {
        let a = fine("a").on("do 2", FakeConnection::fails(1, "no"));
        let mut bench = Bench::new(vec![a]);
        bench.options.stop_on_failure = stop;
        let mut looped = shell("do {{ item }}");
        looped.repeat = each(json!([1, 2, 3]));
        bench.run(vec![play(&[&["a"]], vec![looped])]).await;
        assert_eq!(bench.scripts("a").len(), sent);
    }
}

#[tokio::test]
async fn until_tries_again_and_gives_up_after_retries() {
    let answers = ["no", "no", "yes"].map(FakeConnection::says).to_vec();
    let a = fine("a").on_each("ask", answers).on("never", FakeConnection::says("no"));
    let bench = Bench::new(vec![a]);
    let mut ask = shell("ask");
    ask.until = texts(&["answer.stdout == 'yes'"]);
    ask.retries = templated(json!("{{ 5 }}"));
    ask.register = Some("answer".to_owned());
    let mut never = shell("never");
    never.until = texts(&["got.stdout == 'yes'"]);
    never.retries = templated(json!(2));
    never.register = Some("got".to_owned());
    let tasks = vec![ask, shell("took {{ answer.attempts }}"), never, shell("after")];
    let outcome = bench.run(vec![play(&[&["a"]], tasks)]).await;
    let scripts = bench.scripts("a");
    assert_eq!(scripts, ["ask", "ask", "ask", "took 3", "never", "never", "never"]);
    assert_eq!(outcome.failed, ["a"]);
    let notices = bench.events().into_iter().filter(|e| matches!(e, Event::Notice { .. })).count();
    assert!(notices >= 4, "each further try is told");
}

#[tokio::test]
async fn changed_when_and_failed_when_overrule_the_module() {
    let a = fine("a").on("grep", FakeConnection::fails(1, ""));
    let bench = Bench::new(vec![a]);
    let mut quiet = shell("grep");
    quiet.register = Some("found".to_owned());
    quiet.changed_when = texts(&["false"]);
    quiet.failed_when = texts(&["found.rc > 1"]);
    let mut loud = shell("fine");
    loud.register = Some("it".to_owned());
    loud.failed_when = texts(&["it.rc == 0", "it.stdout == ''"]);
    let outcome = bench.run(vec![play(&[&["a"]], vec![quiet, loud])]).await;
    let statuses: Vec<Status> = bench.results().into_iter().map(|r| r.status).collect();
    assert_eq!(statuses, [Status::Ok, Status::Failed]);
    assert_eq!(outcome.stats["a"].changed, 0);
}

#[tokio::test]
async fn ignored_failures_are_counted_and_passed_over() {
    let bench = Bench::with(vec![Ok(FakeConnection::new("a")), Err(off("b"))]);
    let mut one = shell("one");
    one.keywords.ignore_errors = templated(json!(true));
    one.keywords.ignore_unreachable = templated(json!(true));
    one.register = Some("it".to_owned());
    let mut last = task("assert", json!({"that": ["it is failed or it.unreachable"]}));
    last.keywords.ignore_errors = templated(json!(false));
    let outcome = bench.run(vec![play(&[&["a", "b"]], vec![one, last])]).await;
    assert!(bench.results()[0].ignored && bench.results()[1].ignored);
    assert_eq!((outcome.exit_code(), outcome.stats["a"].ignored), (0, 1));
    assert_eq!(outcome.stats["b"].ignored, 1);
    assert_eq!(outcome.stats["b"].ok, 2, "`assert` sends nothing and works for a host that is off");
}

#[tokio::test]
async fn delegation_sends_to_the_other_host_and_keeps_the_variables() {
    let bench = Bench::new(vec![fine("a"), fine("b").on("for", FakeConnection::says("b's"))]);
    let mut there = shell("for {{ inventory_hostname }}");
    there.delegate_to = templated(json!("b"));
    there.register = Some("it".to_owned());
    bench.run(vec![play(&[&["a"]], vec![there, shell("got {{ it.stdout }}")])]).await;
    assert_eq!(bench.scripts("b"), ["for a"]);
    assert_eq!(bench.scripts("a"), ["got b's"]);
}

#[tokio::test]
async fn become_comes_from_the_task_then_the_play_then_the_inventory() {
    let bench = Bench::new(vec![fine("a")]);
    let mut root = empty_play();
    root.inherited.r#become = templated(json!(true));
    let mut other = shell("other");
    other.keywords.become_user = templated(json!("{{ 'etcd' }}"));
    other.keywords.become_method = templated(json!("doas"));
    let mut none = shell("none");
    none.keywords.r#become = templated(json!("no"));
    bench.run(vec![play_of(&root, &[&["a"]], vec![shell("root"), other, none])]).await;
    let users: Vec<_> = bench
        .fake("a")
        .sent()
        .into_iter()
        .map(|sent| sent.run_as.map(|run_as| (run_as.user, run_as.method)))
        .collect();
    let some = |user: &str, method| Some((user.to_owned(), method));
    assert_eq!(users, [some("root", Sudo), some("etcd", Doas), None]);
}

#[tokio::test]
async fn the_environment_is_merged_and_checked() {
    let bench = Bench::new(vec![fine("a")]);
    let mut with = empty_play();
    with.inherited.environment = vec![templated(json!({"A": "play", "B": 1})).unwrap()];
    let mut one = shell("one");
    one.keywords.environment = vec![templated(json!({"A": "it's"})).unwrap()];
    let mut bad = shell("two");
    bad.keywords.environment = vec![templated(json!({"A;B": "x"})).unwrap()];
    let outcome = bench.run(vec![play_of(&with, &[&["a"]], vec![one, bad])]).await;
    assert_eq!(bench.scripts("a"), ["export B=1\nexport A='it'\\''s'\none"]);
    assert_eq!(outcome.failed, ["a"]);
}

#[tokio::test]
async fn an_undefined_variable_fails_the_task_and_sends_nothing() {
    let bench = Bench::new(vec![fine("a")]);
    let outcome = bench.run(vec![play(&[&["a"]], vec![shell("rm -r {{ data_dri }}")])]).await;
    assert!(bench.scripts("a").is_empty());
    assert!(bench.results()[0].msg.contains("`data_dri` is undefined"));
    assert_eq!(outcome.exit_code(), 2);
}

#[tokio::test]
async fn arguments_that_a_module_does_not_take_are_refused() {
    let bench = Bench::new(vec![fine("a")]);
    for args in [json!({"cmd": "x", "warn": true}), json!({})] {
        let outcome = bench.run(vec![play(&[&["a"]], vec![task("shell", args)])]).await;
        assert_eq!(outcome.exit_code(), 2);
    }
    let state = task("service", json!({"name": "etcd", "state": "running"}));
    bench.run(vec![play(&[&["a"]], vec![state])]).await;
    assert!(bench.scripts("a").is_empty());
}
