//! The runner, against scripted hosts.

mod background;
mod blocks;
mod flow;
mod handlers;
mod language;
mod locks;
mod order;
mod roles;
mod safety;
mod site;

use super::*;
use crate::error::Location;
use crate::event::{Event, HostResult, Status};
use crate::plan::{
    Loop, Plan, PlannedHost, PlannedPlay, PlannedStep, PlannedTask, Play, PlayHosts, Settled, Task,
    Templated, Text,
};
use crate::playbook::LoopKind;
use crate::redact::Redactor;
use crate::template::Scope;
use crate::transport::fake::FakeConnection;
use crate::transport::{Connection, Output, RunAs, TransportError};
use async_trait::async_trait;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

pub(super) fn here() -> Location {
    Location::new("test.yml", 1, 1)
}

#[expect(clippy::unnecessary_wraps, reason = "it is the value of a field that is an option")]
pub(super) fn templated(value: Value) -> Option<Templated> {
    Some(Templated { value, location: here() })
}

pub(super) fn texts(texts: &[&str]) -> Vec<Text> {
    let text = |text: &&str| Text { text: (*text).to_owned(), location: here() };
    texts.iter().map(text).collect()
}

/// A task that sends a script.
pub(super) fn shell(script: &str) -> Task {
    task("shell", json!({ "cmd": script }))
}

pub(super) fn task(module: &str, args: Value) -> Task {
    let Value::Object(args) = args else { panic!("arguments are a mapping") };
    Task { args, delay: templated(json!(0)), ..Task::new(here(), module) }
}

#[expect(clippy::unnecessary_wraps, reason = "it is the value of a field that is an option")]
pub(super) fn each(items: Value) -> Option<Loop> {
    let items = Templated { value: items, location: here() };
    let index_variable = Some("index".to_owned());
    Some(Loop { index_variable, ..Loop::new(items, LoopKind::List) })
}

pub(super) fn empty_play() -> Play {
    Play::new(here(), templated(json!("all")).unwrap())
}

/// A play of these tasks over batches of hosts.
pub(super) fn play(batches: &[&[&str]], tasks: Vec<Task>) -> PlannedPlay {
    play_of(&empty_play(), batches, tasks)
}

pub(super) fn play_of(play: &Play, batches: &[&[&str]], tasks: Vec<Task>) -> PlannedPlay {
    let batches: Vec<Vec<String>> =
        batches.iter().map(|batch| batch.iter().map(ToString::to_string).collect()).collect();
    let hosts: Vec<String> = batches.iter().flatten().cloned().collect();
    let all = PlayHosts { all: hosts.clone(), batches };
    let planned = |(number, task): (usize, Task)| {
        let name = task.args.get("cmd").and_then(Value::as_str).unwrap_or(&task.module).to_owned();
        let hosts = hosts.iter().map(|host| PlannedHost {
            host: host.clone(),
            delegate: None,
            condition: Settled::Runtime(String::new()),
            items: None,
            commands: Vec::new(),
            args: None,
        });
        let run_once = task.keywords.run_once.is_some();
        let planned = PlannedTask::unsettled(play, &Arc::new(task), format!("01-{number:02}"));
        PlannedStep::Task(PlannedTask { name, run_once, hosts: hosts.collect(), ..planned })
    };
    PlannedPlay {
        main: tasks.into_iter().enumerate().map(planned).collect(),
        ..PlannedPlay::new(Arc::new(play.clone()), "play".to_owned(), all)
    }
}

/// Keeps every event.
#[derive(Default)]
pub(super) struct Heard(Mutex<Vec<Event>>);

impl EventSink for Heard {
    fn send(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

/// Hosts, scripted; counts how often each was asked for.
#[derive(Default)]
pub(super) struct Farm {
    hosts: HashMap<String, Result<Arc<dyn Connection>, TransportError>>,
    pub(super) asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Hosts for Farm {
    async fn connect(&self, host: &str) -> Result<Arc<dyn Connection>, TransportError> {
        self.asked.lock().unwrap().push(host.to_owned());
        self.hosts[host].clone()
    }

    fn run_as(&self, _host: &str) -> Option<RunAs> {
        None
    }

    async fn reset(&self, _host: &str) {}
}

/// Every host has its name and `-e` variables.
pub(super) struct Names(pub(super) Vec<String>, pub(super) Map<String, Value>);

impl Variables for Names {
    fn inventory(&self, host: &str) -> Option<Map<String, Value>> {
        let known = self.0.iter().any(|known| known == host);
        known.then(|| Map::from_iter([("inventory_hostname".to_owned(), json!(host))]))
    }

    fn hosts_of(&self, play: &PlannedPlay) -> Result<PlayHosts, String> {
        Ok(PlayHosts { all: play.all.clone(), batches: play.batches.clone() })
    }

    fn add_host(&self, _new: &NewHost) -> bool {
        false
    }

    fn add_to_group(&self, _host: &str, _group: &str, _parents: &[String]) -> bool {
        false
    }

    fn hosts(&self) -> Vec<String> {
        self.0.clone()
    }

    fn top(&self, scope: Scope) -> Scope {
        scope.extend(self.1.clone())
    }
}

/// A run, set up.
pub(super) struct Bench {
    pub(super) services: Services,
    pub(super) options: Options,
    heard: Arc<Heard>,
    pub(super) farm: Arc<Farm>,
    fakes: HashMap<String, Arc<FakeConnection>>,
}

pub(super) fn off(host: &str) -> TransportError {
    TransportError::Unreachable {
        host: host.to_owned(),
        address: "192.0.2.1:22".to_owned(),
        reason: "timed out".to_owned(),
    }
}

/// A host that answers every script well.
pub(super) fn fine(host: &str) -> FakeConnection {
    FakeConnection::new(host).otherwise(Ok(Output::default()))
}

impl Bench {
    pub(super) fn new(fakes: Vec<FakeConnection>) -> Self {
        Self::with(fakes.into_iter().map(Ok).collect())
    }

    pub(super) fn with(fakes: Vec<Result<FakeConnection, TransportError>>) -> Self {
        let mut kept = HashMap::new();
        let mut farm = Farm::default();
        let mut names = Vec::new();
        for fake in fakes {
            let (name, connection) = match fake {
                Ok(fake) => {
                    let fake = Arc::new(fake);
                    kept.insert(fake.host().to_owned(), fake.clone());
                    (fake.host().to_owned(), Ok(fake as Arc<dyn Connection>))
                }
                Err(TransportError::Unreachable { host, .. }) => (host.clone(), Err(off(&host))),
                Err(other) => panic!("{other}"),
            };
            names.push(name.clone());
            farm.hosts.insert(name, connection);
        }
        Self::over(farm, names, kept)
    }

    /// A run over one host of the test's own making.
    pub(super) fn of(connection: Arc<dyn Connection>) -> Self {
        let name = connection.host().to_owned();
        let mut farm = Farm::default();
        farm.hosts.insert(name.clone(), Ok(connection));
        Self::over(farm, vec![name], HashMap::new())
    }

    fn over(farm: Farm, names: Vec<String>, fakes: HashMap<String, Arc<FakeConnection>>) -> Self {
        let (heard, farm) = (Arc::new(Heard::default()), Arc::new(farm));
        let services = Services {
            hosts: farm.clone(),
            variables: Arc::new(Names(names, Map::new())),
            journal: None,
            events: heard.clone(),
            redactor: Arc::new(Redactor::default()),
            cancel: Cancel::default(),
        };
        Self { services, options: Options::default(), heard, farm, fakes }
    }

    pub(super) async fn run(&self, plays: Vec<PlannedPlay>) -> RunOutcome {
        Runner::new(self.services.clone(), self.options.clone()).run(&Plan { plays }).await
    }

    pub(super) fn fake(&self, host: &str) -> &FakeConnection {
        &self.fakes[host]
    }

    /// Every script that a host was sent, in order.
    pub(super) fn scripts(&self, host: &str) -> Vec<String> {
        self.fake(host).sent().into_iter().map(|sent| sent.script).collect()
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.heard.0.lock().unwrap().clone()
    }

    pub(super) fn results(&self) -> Vec<HostResult> {
        let result = |event| match event {
            Event::HostResult(result) => Some(*result),
            _ => None,
        };
        self.events().into_iter().filter_map(result).collect()
    }
}
