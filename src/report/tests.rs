use super::*;
use crate::cluster::decision::{
    Action, DeadMember, Decision, Diagnosis, EtcdDecision, Finding, JoiningMember, MemberVerdict,
    Quorum, Refusal, Verdict,
};
use crate::cluster::status::{ClusterStatus, HostStatus, Reach};
use crate::event::{HostResult, Stats, Status, VERSION};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What a reporter writes to stdout and stderr.
fn shown(
    events: &[Event],
    reporter: impl FnOnce(Terminal) -> Box<dyn Reporter>,
) -> (String, String) {
    let (out, err) = (Paper::default(), Paper::default());
    let mut reporter = reporter(Terminal::plain(Box::new(out.clone()), Box::new(err.clone())));
    for event in events {
        reporter.event(event);
    }
    (out.text(), err.text())
}

fn result(host: &str, status: Status) -> HostResult {
    HostResult {
        play: "repair".into(),
        task: "stop etcd".into(),
        host: host.into(),
        item: None,
        status,
        rc: None,
        stdout: String::new(),
        stderr: String::new(),
        msg: String::new(),
        diff: String::new(),
        duration_ms: 12,
        ignored: false,
        result: Value::Null,
    }
}

fn story() -> Vec<Event> {
    let long = (1..=25).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
    let failed = HostResult {
        rc: Some(1),
        msg: "non-zero return code".into(),
        stderr: long,
        stdout: "steered \x1b[2J away".into(),
        ..result("etcd3", Status::Failed)
    };
    let stats = [
        ("etcd1".to_owned(), Stats { ok: 2, changed: 1, ..Stats::default() }),
        ("etcd3".to_owned(), Stats { failures: 1, ..Stats::default() }),
    ];
    vec![
        Event::RunStarted {
            version: VERSION,
            run: "01J".into(),
            playbooks: vec!["recover-control-plane".into()],
            check: false,
        },
        Event::PlayStarted { play: "repair".into(), hosts: vec!["etcd1".into(), "etcd3".into()] },
        Event::TaskStarted { play: "repair".into(), task: "stop etcd".into(), destructive: true },
        Event::HostResult(Box::new(HostResult {
            item: Some(json!("one")),
            diff: "-a\n+b\n".into(),
            ..result("etcd1", Status::Changed)
        })),
        Event::HostResult(Box::new(result("etcd2", Status::Skipped))),
        Event::HostResult(Box::new(failed)),
        Event::HostResult(Box::new(HostResult {
            msg: "`etcd4` does not answer".into(),
            ..result("etcd4", Status::Unreachable)
        })),
        Event::Notice { message: "the run stops".into() },
        Event::Verified { holds: false, findings: vec!["etcd3 is no member".into()] },
        Event::RunFinished { stats: stats.into(), exit_code: 2 },
    ]
}

#[test]
fn people_see_plays_tasks_failures_and_a_recap_on_stderr() {
    let (out, err) = shown(&story(), |terminal| Box::new(Human::new(terminal, 0)));
    assert_eq!(out, "");
    insta::assert_snapshot!(err);
}

#[test]
fn programs_get_one_object_a_line_on_stdout() {
    let (out, err) = shown(&story(), |terminal| Box::new(Json::new(terminal)));
    assert_eq!(err, "");
    for line in out.lines() {
        assert!(serde_json::from_str::<Event>(line).is_ok(), "{line}");
    }
    insta::assert_snapshot!(out);
}

#[test]
fn what_a_host_prints_cannot_steer_the_terminal() {
    let (_, err) = shown(&story(), |terminal| Box::new(Human::new(terminal, 1)));
    assert!(!err.contains('\x1b') && err.contains("steered \u{fffd}[2J away"));
    assert!(err.contains("| line 1\n"), "with -v the whole output is shown");
}

#[test]
fn colour_is_only_in_the_colour_style() {
    assert_eq!(Style::Plain.bad("x"), "x");
    assert_eq!(Style::Colour.bad("x"), "\x1b[31mx\x1b[0m");
}

fn example_diagnosis() -> Diagnosis {
    let finding = |host: &str, verdict, reason: &str| Finding {
        host: Some(host.into()),
        id: Some("8e9e05c52164694d".into()),
        name: host.into(),
        peer_urls: vec![format!("https://{host}:2380")],
        verdict,
        declared_broken: host == "etcd3",
        reasons: vec![reason.into()],
    };
    Diagnosis {
        verdict: Verdict::DegradedQuorumKept,
        sentence: "quorum is there, etcd3 is lost".into(),
        quorum: Quorum { voters: 3, needed: 2, healthy: 2, present: true },
        findings: vec![
            finding("etcd1", MemberVerdict::Healthy, "it leads"),
            finding("etcd3", MemberVerdict::HostDown, "no sign of life"),
        ],
        cluster_id: None,
        leader: Some("etcd1".into()),
        revision: Some(42),
        version: None,
        next: "rrecover play recover-control-plane".into(),
    }
}

#[test]
fn a_diagnosis_is_a_table_a_verdict_and_the_next_command() {
    let host = |reach| HostStatus { reach, clock_offset_ms: Some(-1_250), etcd: None };
    let gone = Reach::Unreachable { reason: "timed out".into() };
    let hosts = [("etcd1".to_owned(), host(Reach::Reached)), ("etcd3".to_owned(), host(gone))];
    let status = ClusterStatus { observed_at: String::new(), hosts: hosts.into_iter().collect() };
    insta::assert_snapshot!(diagnosis(&example_diagnosis(), &status, Style::Plain));
}

#[test]
fn a_decision_says_what_was_seen_what_will_be_done_and_what_needs_a_yes() {
    let joining = JoiningMember {
        host: "etcd3".into(),
        name: "etcd3".into(),
        peer_url: "https://10.0.0.3:2380".into(),
        learner: true,
        ..JoiningMember::default()
    };
    let etcd = EtcdDecision {
        retire: vec!["etcd3".into()],
        dead: vec![DeadMember {
            id: "8e9e05c52164694d".into(),
            name: "etcd3".into(),
            host: Some("etcd3".into()),
            ..DeadMember::default()
        }],
        promised: vec![joining.clone(), joining.clone(), joining.clone()],
        joining: vec![joining],
        ..EtcdDecision::default()
    };
    let made = Decision {
        diagnosis: example_diagnosis(),
        action: Action::Repair,
        etcd,
        warnings: vec!["etcd3's clock was not seen".into()],
        confirm: vec!["remove the member etcd3".into()],
    };
    insta::assert_snapshot!(decision(&made, Style::Plain));
}

#[test]
fn a_refusal_says_why_and_the_way_out() {
    let refused = Refusal {
        diagnosis: example_diagnosis(),
        rule: "I-02".into(),
        reason: "a member could not be looked at".into(),
        evidence: vec!["etcd3: timed out".into()],
        way_out: vec!["power etcd3 on".into()],
    };
    insta::assert_snapshot!(refusal(&refused, Style::Plain));
}
