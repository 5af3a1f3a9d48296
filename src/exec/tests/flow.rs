use super::*;
use crate::error::Kind;

#[tokio::test]
async fn a_task_ends_everywhere_before_the_next_one_begins() {
    let bench = Bench::new(vec![fine("a"), fine("b"), fine("c")]);
    let outcome =
        bench.run(vec![play(&[&["a", "b", "c"]], vec![shell("one"), shell("two")])]).await;
    let order: Vec<String> = bench.results().into_iter().map(|result| result.task).collect();
    assert_eq!(order, ["one", "one", "one", "two", "two", "two"]);
    assert_eq!(outcome.exit_code(), 0);
    assert_eq!((outcome.stats["a"].ok, outcome.stats["a"].changed), (2, 2));
}

#[tokio::test]
async fn a_batch_ends_before_the_next_one_begins() {
    let bench = Bench::new(vec![fine("a"), fine("b")]);
    bench.run(vec![play(&[&["a"], &["b"]], vec![shell("one"), shell("two")])]).await;
    let order: Vec<(String, String)> =
        bench.results().into_iter().map(|r| (r.host, r.task)).collect();
    let wanted = [("a", "one"), ("a", "two"), ("b", "one"), ("b", "two")];
    assert_eq!(order, wanted.map(|(host, task)| (host.to_owned(), task.to_owned())));
}

#[tokio::test]
async fn a_failed_host_leaves_the_run_and_the_others_go_on() {
    let bad = FakeConnection::new("a").on("one", FakeConnection::fails(1, "broken"));
    let bench = Bench::new(vec![bad, fine("b")]);
    let two = || vec![shell("one"), shell("two")];
    let outcome = bench.run(vec![play(&[&["a", "b"]], two()), play(&[&["a", "b"]], two())]).await;
    assert_eq!(bench.scripts("a"), ["one"]);
    assert_eq!(bench.scripts("b"), ["one", "two", "one", "two"]);
    assert_eq!(outcome.failure(), Some(Kind::HostFailed));
    assert_eq!(outcome.failed, ["a"]);
    let result = &bench.results()[0];
    assert_eq!((result.rc, result.stderr.as_str()), (Some(1), "broken"));
}

#[tokio::test]
async fn an_unreachable_host_is_told_once_and_left_out() {
    let bench = Bench::with(vec![Err(off("a")), Ok(fine("b"))]);
    let tasks = || vec![shell("one"), shell("two")];
    let outcome =
        bench.run(vec![play(&[&["a", "b"]], tasks()), play(&[&["a", "b"]], tasks())]).await;
    let unreachable: Vec<_> =
        bench.results().into_iter().filter(|r| r.status == Status::Unreachable).collect();
    assert_eq!(unreachable.len(), 1);
    assert!(unreachable[0].msg.contains("does not answer"));
    assert_eq!(bench.farm.asked.lock().unwrap().iter().filter(|host| *host == "a").count(), 1);
    assert_eq!(bench.scripts("b").len(), 4);
    assert_eq!(outcome.failure(), Some(Kind::Unreachable));
    assert_eq!(outcome.stats["a"].unreachable, 1);
}

#[tokio::test]
async fn when_no_host_is_left_the_run_ends() {
    let bad = FakeConnection::new("a");
    let bench = Bench::new(vec![bad, fine("b")]);
    let outcome = bench
        .run(vec![play(&[&["a"]], vec![shell("one")]), play(&[&["b"]], vec![shell("two")])])
        .await;
    bench.fake("b").assert_not_sent("two");
    assert!(outcome.stopped.is_some());
}

#[tokio::test]
async fn a_play_of_a_recovery_that_failed_somewhere_is_the_last_one() {
    for (stop, sent) in [(false, true), (true, false)] {
        let bad = FakeConnection::new("a").on("one", FakeConnection::fails(1, ""));
        let mut bench = Bench::new(vec![bad, fine("b")]);
        bench.options.stop_on_failure = stop;
        let outcome = bench
            .run(vec![
                play(&[&["a", "b"]], vec![shell("one")]),
                play(&[&["b"]], vec![shell("two")]),
            ])
            .await;
        assert_eq!(bench.fake("b").was_sent("two"), sent);
        assert_eq!(outcome.exit_code(), 2);
    }
}

#[tokio::test]
async fn any_errors_fatal_ends_the_run_on_all_hosts() {
    let bad = FakeConnection::new("a").on("one", FakeConnection::fails(1, ""));
    let bench = Bench::new(vec![bad, fine("b")]);
    let fatal = Play { any_errors_fatal: templated(json!("{{ true }}")), ..empty_play() };
    let outcome =
        bench.run(vec![play_of(&fatal, &[&["a", "b"]], vec![shell("one"), shell("two")])]).await;
    bench.fake("b").assert_not_sent("two");
    assert!(outcome.stopped.unwrap().contains("ends the run"));
}

#[tokio::test]
async fn max_fail_percentage_ends_the_run_only_when_it_is_exceeded() {
    for (limit, goes_on) in [(50, true), (49, false)] {
        let bad = FakeConnection::new("a").on("one", FakeConnection::fails(1, ""));
        let bench = Bench::new(vec![bad, fine("b")]);
        let limited = Play { max_fail_percentage: templated(json!(limit)), ..empty_play() };
        let tasks = vec![shell("one"), shell("two")];
        bench.run(vec![play_of(&limited, &[&["a", "b"]], tasks)]).await;
        assert_eq!(bench.fake("b").was_sent("two"), goes_on, "{limit}");
    }
}

#[tokio::test]
async fn what_runs_once_runs_on_the_first_host_left_and_is_known_to_all() {
    let a = fine("a").on("one", FakeConnection::says("word"));
    let bench = Bench::new(vec![a, fine("b")]);
    let mut once = shell("one");
    once.keywords.run_once = templated(json!(true));
    once.register = Some("got".to_owned());
    bench.run(vec![play(&[&["a", "b"]], vec![once, shell("use {{ got.stdout }}")])]).await;
    assert_eq!(bench.scripts("b"), ["use word"]);
    assert_eq!(bench.scripts("a"), ["one", "use word"]);
}

#[tokio::test]
async fn end_host_and_end_play_end_just_that() {
    let bench = Bench::new(vec![fine("a"), fine("b")]);
    let mut end_host = task("meta", json!({"action": "end_host"}));
    end_host.when = texts(&["inventory_hostname == 'a'"]);
    let end_play = task("meta", json!({"action": "end_play"}));
    let first = play(&[&["a", "b"]], vec![end_host, shell("one"), end_play, shell("two")]);
    let outcome = bench.run(vec![first, play(&[&["a", "b"]], vec![shell("three")])]).await;
    assert_eq!(bench.scripts("a"), ["three"]);
    assert_eq!(bench.scripts("b"), ["one", "three"]);
    assert_eq!(outcome.exit_code(), 0);
}

#[tokio::test]
async fn no_more_hosts_work_at_once_than_forks_allow() {
    #[derive(Debug, Default)]
    struct Busy(Mutex<(usize, usize)>);
    #[async_trait]
    impl Connection for Busy {
        fn host(&self) -> &'static str {
            "any"
        }
        async fn run(&self, _: crate::transport::Command) -> Result<Output, TransportError> {
            {
                let mut now = self.0.lock().unwrap();
                now.0 += 1;
                now.1 = now.1.max(now.0);
            }
            tokio::task::yield_now().await;
            self.0.lock().unwrap().0 -= 1;
            Ok(Output::default())
        }
        async fn open_tcp(
            &self,
            _: &str,
            _: u16,
        ) -> Result<crate::transport::BoxStream, TransportError> {
            Err(off("any"))
        }
    }
    let names = ["a", "b", "c", "d", "e"];
    for (forks, throttle, most) in [(2, None, 2), (9, Some(3), 3), (9, None, 5)] {
        let busy = Arc::new(Busy::default());
        let mut farm = Farm::default();
        for name in names {
            farm.hosts.insert(name.to_owned(), Ok(busy.clone()));
        }
        let names_of = names.map(str::to_owned).to_vec();
        let mut bench = Bench::over(farm, names_of, HashMap::new());
        bench.options.forks = forks;
        let mut one = shell("one");
        one.keywords.throttle = throttle.and_then(|throttle: i32| templated(json!(throttle)));
        bench.run(vec![play(&[&names], vec![one])]).await;
        assert_eq!(busy.0.lock().unwrap().1, most);
    }
}
