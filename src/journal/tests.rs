use super::*;
use crate::event::Status;
use crate::redact::{Redactor, Secret};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn step(id: &str, host: &str) -> Step {
    Step { id: id.to_owned(), host: host.to_owned(), item: None, attempt: 1 }
}

fn finished(step: Step, status: Status) -> Record {
    let msg = "said hunter2".to_owned();
    let result = Some(json!({"stdout": "hunter2"}));
    Record::StepFinished { step, status, rc: Some(0), msg, result, duration_ms: 3 }
}

fn journal(root: &Path) -> Journal {
    journal_of(root, new_id())
}

fn journal_of(root: &Path, run: String) -> Journal {
    let redactor = Redactor::default();
    redactor.add(&Secret::new("hunter2"));
    let invocation = Invocation { run, version: "1".into(), ..Invocation::default() };
    Journal::create(root, &invocation, Arc::new(redactor)).unwrap()
}

/// A journal with a finished, a failed and a started step; gives its directory.
fn example(root: &Path) -> PathBuf {
    example_of(root, new_id())
}

fn example_of(root: &Path, run: String) -> PathBuf {
    let journal = journal_of(root, run);
    for record in [
        Record::Decided { decision: json!({"action": "repair"}) },
        Record::StepStarted { step: step("01", "n1") },
        Record::StepStarted { step: step("01", "n2") },
        finished(step("01", "n1"), Status::Changed),
        finished(step("01", "n2"), Status::Failed),
        Record::StepStarted { step: step("02", "n1") },
    ] {
        journal.append(record).unwrap();
    }
    journal.directory().to_owned()
}

#[test]
fn a_journal_folds_into_what_is_done_failed_and_in_flight() {
    let root = tempfile::tempdir().unwrap();
    let state = State::read(&example(root.path())).unwrap();
    assert_eq!(state.done().collect::<Vec<_>>(), [&step("01", "n1")]);
    assert_eq!(state.ended(&[Status::Failed]).collect::<Vec<_>>(), [&step("01", "n2")]);
    assert_eq!(state.in_flight().collect::<Vec<_>>(), [&step("02", "n1")]);
    assert!(!state.torn && state.finished.is_none() && state.decision.is_some());
}

#[test]
fn files_are_private_and_secrets_never_reach_them() {
    let root = tempfile::tempdir().unwrap();
    let directory = example(&root.path().join("deep/runs"));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for name in ["invocation.json", FILE] {
        assert_eq!(mode(&directory.join(name)), 0o600, "{name}");
        let text = std::fs::read_to_string(directory.join(name)).unwrap();
        assert!(!text.contains("hunter2"), "{name}");
    }
    assert!(std::fs::read_to_string(directory.join(FILE)).unwrap().contains("said ***"));
}

#[test]
fn cut_at_every_byte_a_journal_folds_into_the_records_before_the_cut() {
    let root = tempfile::tempdir().unwrap();
    let path = example(root.path()).join(FILE);
    let bytes = std::fs::read(&path).unwrap();
    for cut in 0..=bytes.len() {
        let whole = bytes[..cut].split(|byte| *byte == b'\n').count() - 1;
        let state = State::fold(&path, &bytes[..cut]).unwrap();
        assert_eq!(state.records, whole as u64, "cut at {cut}");
        assert_eq!(state.torn, cut > 0 && bytes[cut - 1] != b'\n', "cut at {cut}");
        let started = whole.saturating_sub(2).min(2) + usize::from(whole == 7);
        assert_eq!(state.steps.len(), started, "cut at {cut}");
    }
}

#[test]
fn a_changed_lost_or_moved_record_is_noticed() {
    let root = tempfile::tempdir().unwrap();
    let path = example(root.path()).join(FILE);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without = |drop: usize| -> String {
        let kept = lines.iter().enumerate().filter(|(index, _)| *index != drop);
        kept.map(|(_, line)| *line).collect()
    };
    for drop in 0..lines.len() - 1 {
        assert!(State::fold(&path, without(drop).as_bytes()).is_err(), "without line {drop}");
    }
    let changed = text.replacen("n1", "n3", 1);
    assert!(matches!(
        State::fold(&path, changed.as_bytes()),
        Err(JournalError::Damaged { line: 3, .. })
    ));
    let newer = text.replacen("{\"v\":1", "{\"v\":9", 1);
    assert!(matches!(
        State::fold(&path, newer.as_bytes()),
        Err(JournalError::Newer { found: 9, .. })
    ));
}

#[test]
fn transitions_that_cannot_be_are_refused() {
    for records in [
        vec![finished(step("01", "n1"), Status::Ok)],
        vec![
            Record::StepStarted { step: step("01", "n1") },
            Record::StepStarted { step: step("01", "n1") },
        ],
        vec![
            Record::StepStarted { step: step("01", "n1") },
            finished(step("01", "n1"), Status::Ok),
            finished(step("01", "n1"), Status::Ok),
        ],
        vec![
            Record::RunFinished { stats: [].into(), exit_code: 0 },
            Record::Notice { message: "late".into() },
        ],
    ] {
        let root = tempfile::tempdir().unwrap();
        let journal = journal(root.path());
        for record in records {
            journal.append(record).unwrap();
        }
        let state = State::read(journal.directory());
        assert!(matches!(state, Err(JournalError::Damaged { .. })));
    }
}

#[tokio::test]
async fn a_resumed_run_goes_on_after_the_torn_line_and_may_repeat_what_was_in_flight() {
    let root = tempfile::tempdir().unwrap();
    let directory = example(root.path());
    let path = directory.join(FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(b"{\"v\":1,\"n\":7,\"torn");
    std::fs::write(&path, bytes).unwrap();
    let (journal, before) = Journal::resume(&directory, Arc::default()).unwrap();
    assert!(before.torn);
    journal.append(Record::StepStarted { step: step("02", "n1") }).unwrap();
    journal.append(finished(step("02", "n1"), Status::Ok)).unwrap();
    journal.append(Record::RunFinished { stats: [].into(), exit_code: 0 }).unwrap();
    journal.sync().await.unwrap();
    let state = State::read(&directory).unwrap();
    assert!(!state.torn && state.in_flight().next().is_none());
    assert_eq!(state.done().count(), 2);
    assert_eq!(state.finished.unwrap().1, 0);
}

#[test]
fn runs_are_listed_newest_first_and_found_by_a_unique_beginning() {
    let root = tempfile::tempdir().unwrap();
    let older = example_of(root.path(), "01JD0000000000000000000001".to_owned());
    let newer = example_of(root.path(), "01JD0000000000000000000002".to_owned());
    std::fs::create_dir(root.path().join("no-run")).unwrap();
    let runs = list(root.path()).unwrap();
    let directories: Vec<_> = runs.iter().map(|run| run.directory.clone()).collect();
    assert_eq!(directories, [newer.clone(), older]);
    assert!(runs.iter().all(Run::is_resumable));
    let id = newer.file_name().unwrap().to_str().unwrap();
    assert_eq!(latest(root.path(), Some(id)).unwrap().directory, newer);
    assert_eq!(latest(root.path(), None).unwrap().directory, newer);
    assert!(matches!(latest(root.path(), Some("nope")), Err(JournalError::NoRun(_))));
    assert!(list(&root.path().join("none")).unwrap().is_empty());
}

#[test]
fn the_state_directory_follows_the_environment() {
    let with = |name: &'static str, value: &'static str| {
        root(move |asked| (asked == name).then(|| value.to_owned()))
    };
    assert_eq!(with("XDG_STATE_HOME", "/s").unwrap(), Path::new("/s/rrecover/runs"));
    assert_eq!(with("HOME", "/h").unwrap(), Path::new("/h/.local/state/rrecover/runs"));
    assert_eq!(with("XDG_STATE_HOME", "relative"), None);
}

#[test]
fn the_plan_is_kept_with_its_hash() {
    let root = tempfile::tempdir().unwrap();
    let journal = journal(root.path());
    let hash = journal.plan(&json!({"plays": []})).unwrap();
    let text = std::fs::read(journal.directory().join("plan.json")).unwrap();
    assert_eq!(hash, hex::encode(<sha2::Sha256 as sha2::Digest>::digest(text)));
    assert_eq!(State::read(journal.directory()).unwrap().plan, Some(hash));
}
