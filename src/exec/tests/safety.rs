use super::*;
use crate::error::Kind;
use crate::journal::{Invocation, Journal, State};
use crate::redact::Secret;
use crate::transport::{BoxStream, Command};
use std::path::PathBuf;

fn lost(host: &str) -> TransportError {
    TransportError::Lost { host: host.to_owned(), reason: "reset".to_owned() }
}

fn journal(root: &tempfile::TempDir, redactor: Redactor) -> Arc<Journal> {
    let run = crate::journal::new_id();
    let invocation = Invocation { run, ..Invocation::default() };
    Arc::new(Journal::create(root.path(), &invocation, Arc::new(redactor)).unwrap())
}

/// A host that reads the journal whenever it is sent something.
#[derive(Debug)]
struct Witness {
    directory: PathBuf,
    saw: Mutex<Vec<(String, Vec<String>, usize)>>,
}

#[async_trait]
impl Connection for Witness {
    fn host(&self) -> &'static str {
        "a"
    }

    async fn run(&self, command: Command) -> Result<Output, TransportError> {
        let state = State::read(&self.directory).unwrap();
        let in_flight = state.in_flight().map(|step| step.id.clone()).collect();
        self.saw.lock().unwrap().push((command.script, in_flight, state.done().count()));
        Ok(Output::default())
    }

    async fn open_tcp(&self, _: &str, _: u16) -> Result<BoxStream, TransportError> {
        Err(off("a"))
    }
}

#[tokio::test]
async fn a_step_is_in_the_journal_before_its_command_goes_out() {
    let root = tempfile::tempdir().unwrap();
    let journal = journal(&root, Redactor::default());
    let directory = journal.directory().to_owned();
    let witness = Arc::new(Witness { directory, saw: Mutex::default() });
    let mut bench = Bench::of(witness.clone());
    bench.services.journal = Some(journal.clone());
    bench.run(vec![play(&[&["a"]], vec![shell("one"), shell("two")])]).await;
    let saw = witness.saw.lock().unwrap().clone();
    let wanted = [
        ("one".to_owned(), vec!["01-00".to_owned()], 0),
        ("two".to_owned(), vec!["01-01".to_owned()], 1),
    ];
    assert_eq!(saw, wanted);
    let state = State::read(journal.directory()).unwrap();
    assert_eq!((state.done().count(), state.in_flight().count()), (2, 0));
}

#[tokio::test]
async fn without_a_journal_that_can_be_written_nothing_is_sent() {
    let root = tempfile::tempdir().unwrap();
    let journal = journal(&root, Redactor::default());
    let mut bench = Bench::new(vec![fine("a")]);
    bench.services.journal = Some(journal.clone());
    journal.break_for_test();
    let outcome = bench.run(vec![play(&[&["a"]], vec![shell("one")])]).await;
    assert!(bench.scripts("a").is_empty());
    assert_eq!(outcome.exit_code(), 2);
}

#[tokio::test]
async fn an_unknown_outcome_stops_the_run_and_is_never_tried_again() {
    let a = FakeConnection::new("a").on_error("one", lost("a"));
    let root = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(vec![a, fine("b")]);
    let journal = journal(&root, Redactor::default());
    bench.services.journal = Some(journal.clone());
    let mut one = shell("one");
    one.until = texts(&["false"]);
    one.retries = templated(json!(3));
    one.keywords.ignore_errors = templated(json!(true));
    let outcome = bench.run(vec![play(&[&["a", "b"]], vec![one, shell("two")])]).await;
    assert_eq!(bench.scripts("a"), ["one"]);
    bench.fake("b").assert_not_sent("two");
    assert_eq!(outcome.failure(), Some(Kind::Interrupted));
    assert!(outcome.unknown[0].contains("`one` on `a`"));
    let state = State::read(journal.directory()).unwrap();
    assert_eq!(state.ended(&[Status::Unknown]).count(), 1);
}

#[tokio::test]
async fn check_mode_writes_nothing_except_where_a_task_says_so() {
    let looks = "p\n022\nabsent\n";
    let a = FakeConnection::new("a").on("umask", FakeConnection::says(looks));
    let mut bench = Bench::new(vec![a.on("look", FakeConnection::says("seen"))]);
    bench.options.check = true;
    let write = task("copy", json!({"content": "x", "dest": "/tmp/p"}));
    let mut look = shell("look");
    look.keywords.check_mode = templated(json!(false));
    let mode = shell("{{ ansible_check_mode }}");
    let outcome = bench.run(vec![play(&[&["a"]], vec![write, shell("rm"), look, mode])]).await;
    let statuses: Vec<Status> = bench.results().into_iter().map(|r| r.status).collect();
    assert_eq!(statuses, [Status::Changed, Status::Skipped, Status::Changed, Status::Skipped]);
    assert_eq!(bench.scripts("a").len(), 2, "one look of `copy`, and `look`");
    bench.fake("a").assert_not_sent("mktemp");
    assert_eq!(outcome.exit_code(), 0);
}

#[tokio::test]
async fn a_task_forced_into_check_mode_sends_nothing() {
    let bench = Bench::new(vec![fine("a")]);
    let mut one = shell("one");
    one.keywords.check_mode = templated(json!(true));
    bench.run(vec![play(&[&["a"]], vec![one])]).await;
    assert!(bench.scripts("a").is_empty());
}

#[tokio::test]
async fn results_of_no_log_and_secrets_reach_neither_screen_nor_journal() {
    let root = tempfile::tempdir().unwrap();
    let redactor = Redactor::default();
    redactor.add(&Secret::new("hunter2"));
    let journal = journal(&root, redactor.clone());
    let answer = || FakeConnection::says("it is hunter2");
    let a = fine("a").on("quiet", FakeConnection::says("swordfish")).on("loud", answer());
    let mut bench = Bench::new(vec![a.on("use", FakeConnection::says(""))]);
    bench.services.journal = Some(journal.clone());
    bench.services.redactor = Arc::new(redactor);
    let mut quiet = shell("quiet {{ item }}");
    quiet.repeat = each(json!(["swordfish"]));
    quiet.keywords.no_log = templated(json!("{{ true }}"));
    quiet.register = Some("it".to_owned());
    let mut last = shell("use {{ it.results[0].stdout }}");
    last.keywords.no_log = templated(json!(true));
    bench.run(vec![play(&[&["a"]], vec![quiet, shell("loud"), last])]).await;
    bench.fake("a").assert_sent("use swordfish");
    let results = bench.results();
    assert!(results[0].msg.contains("no_log: true") && results[0].item.is_none());
    assert_eq!(results[1].stdout, "it is ***");
    let shown = format!("{:?}", &results[..2]);
    assert!(!shown.contains("hunter2") && !results[0].stdout.contains("swordfish"));
    let text = std::fs::read_to_string(journal.directory().join(crate::journal::FILE)).unwrap();
    assert!(!text.contains("hunter2"));
    assert!(!text.contains("swordfish"), "{text}");
}

#[tokio::test]
async fn the_first_interrupt_lets_what_runs_finish_and_starts_nothing_more() {
    let bench = Bench::new(vec![fine("a")]);
    let cancel = bench.services.cancel.clone();
    let a = FakeConnection::new("a").on_command(
        move |_| {
            cancel.escalate();
            true
        },
        vec![Ok(Output::default())],
    );
    let mut bench = Bench { services: bench.services.clone(), ..Bench::new(vec![a]) };
    bench.services.hosts = bench.farm.clone();
    let heard = Arc::new(Heard::default());
    bench.services.events = heard.clone();
    let outcome = bench.run(vec![play(&[&["a"]], vec![shell("one"), shell("two")])]).await;
    assert_eq!(bench.scripts("a"), ["one"]);
    assert_eq!(outcome.stats["a"].changed, 1);
    assert_eq!(outcome.failure(), Some(Kind::Interrupted));
    let events = heard.0.lock().unwrap();
    let told = |event: &Event| matches!(event, Event::Notice { message } if message.contains("the same command again"));
    assert!(events.iter().any(told));
}

/// A host that never answers.
#[derive(Debug, Default)]
struct Silent(tokio::sync::Notify);

#[async_trait]
impl Connection for Silent {
    fn host(&self) -> &'static str {
        "a"
    }

    async fn run(&self, _: Command) -> Result<Output, TransportError> {
        self.0.notify_one();
        std::future::pending().await
    }

    async fn open_tcp(&self, _: &str, _: u16) -> Result<BoxStream, TransportError> {
        Err(off("a"))
    }
}

#[tokio::test]
async fn the_second_interrupt_lets_go_and_marks_the_outcome_unknown() {
    let silent = Arc::new(Silent::default());
    let bench = Bench::of(silent.clone());
    let cancel = bench.services.cancel.clone();
    let interrupt = async {
        silent.0.notified().await;
        assert_eq!(cancel.escalate(), Level::Finish);
        assert_eq!(cancel.escalate(), Level::Drop);
    };
    let run = bench.run(vec![play(&[&["a"]], vec![shell("one"), shell("two")])]);
    let (outcome, ()) = tokio::join!(run, interrupt);
    assert!(outcome.interrupted);
    assert_eq!(outcome.unknown.len(), 1);
    assert_eq!(outcome.exit_code(), 5);
}

#[tokio::test]
async fn waiting_between_tries_ends_with_the_first_interrupt() {
    let a = fine("a");
    let bench = Bench::new(vec![a]);
    let cancel = bench.services.cancel.clone();
    let mut one = shell("one");
    one.until = texts(&["false"]);
    one.retries = templated(json!(3));
    one.delay = templated(json!(3600));
    let interrupt = async {
        while bench.scripts("a").is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.escalate();
    };
    let (outcome, ()) = tokio::join!(bench.run(vec![play(&[&["a"]], vec![one])]), interrupt);
    assert_eq!(bench.scripts("a").len(), 1);
    assert_eq!(outcome.exit_code(), 5);
}
