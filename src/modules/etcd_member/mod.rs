//! `etcd_member`: one change of etcd's membership, looked at before and waited for after.
//!
//! It runs `etcdctl` on the host it is delegated to. Members are known by peer URL or id, never by
//! place or part of a name (I-17). One change at a time, each waited healthy (I-04).

mod grow;
mod remove;

#[cfg(test)]
mod tests;

use super::args::whole_number;
use super::etcdctl::{self, Answer, Etcdctl, has_peer, label};
use super::host_script::given;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::cluster::etcd_json;
use crate::cluster::status::Member;
use async_trait::async_trait;
use std::time::Duration;

/// The module.
pub(super) struct EtcdMember;

const PARAMETERS: &[Parameter] = &[
    Parameter::required("state").one_of(&["absent", "looked_up", "present", "promoted"]),
    Parameter::optional("id"),
    Parameter::optional("name"),
    Parameter::optional("peer_url"),
    Parameter::optional("learner"),
    Parameter::optional("retries"),
    Parameter::optional("deadline"),
    etcdctl::ENDPOINT,
    etcdctl::CERT_DIR,
    etcdctl::ENV_FILE,
    etcdctl::BIN_DIR,
];

#[async_trait]
impl Module for EtcdMember {
    fn name(&self) -> &'static str {
        "etcd_member"
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn preview(&self, args: &Args) -> Vec<String> {
        let text = |name| args.text(name).ok().flatten().unwrap_or_default();
        match text("state").as_str() {
            "absent" => vec![
                "etcdctl member list -w json".to_owned(),
                format!("etcdctl member remove {}", text("id")),
            ],
            "present" => {
                let learner = args.boolean("learner", true).unwrap_or(true);
                vec![
                    "etcdctl member list -w json".to_owned(),
                    format!("etcdctl {} -w json", add_words(args, learner).join(" ")),
                ]
            }
            "promoted" => vec![
                "etcdctl member list -w json".to_owned(),
                "etcdctl member promote (the member's id)".to_owned(),
            ],
            _ => vec!["etcdctl member list -w json".to_owned()],
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let change = Change::new(context, args)?;
        match args.required_text("state")?.as_str() {
            "absent" => change.remove().await,
            "looked_up" => change.look_up().await,
            "present" => change.add().await,
            "promoted" => change.promote().await,
            state => Err(ModuleError::Argument {
                name: "state".to_owned(),
                reason: format!("cannot be `{state}`"),
            }),
        }
    }
}

/// `member add NAME --peer-urls=URL [--learner]`.
fn add_words(args: &Args, learner: bool) -> Vec<String> {
    let text = |name| args.text(name).ok().flatten().unwrap_or_default();
    let mut words = vec!["member".to_owned(), "add".to_owned(), text("name")];
    words.push(format!("--peer-urls={}", text("peer_url")));
    if learner {
        words.push("--learner".to_owned());
    }
    words
}

/// One change that a task asks for.
struct Change<'a> {
    context: &'a Context,
    args: &'a Args,
    etcdctl: Etcdctl<'a>,
    /// How often etcd's "not now" is answered with another try.
    retries: u64,
    /// How long a state is waited for after a change; `None` is the default of the state.
    deadline: Option<Duration>,
}

impl<'a> Change<'a> {
    fn new(context: &'a Context, args: &'a Args) -> Result<Self, ModuleError> {
        Ok(Self {
            context,
            args,
            etcdctl: Etcdctl::new(context, args)?,
            retries: whole_number(args, "retries")?.unwrap_or(4),
            deadline: whole_number(args, "deadline")?.map(Duration::from_secs),
        })
    }

    /// The id argument, which etcdctl takes in hexadecimal without a prefix.
    fn id(&self) -> Result<Option<u64>, ModuleError> {
        let Some(text) = given(self.args, "id")? else { return Ok(None) };
        etcd_json::parse_member_id(&text).map(Some).ok_or_else(|| ModuleError::Argument {
            name: "id".to_owned(),
            reason: format!("must be a member id in lower-case hexadecimal, not `{text}`"),
        })
    }

    /// The member that the arguments name, by id or by peer URL.
    fn find<'m>(&self, members: &'m [Member]) -> Result<Option<&'m Member>, ModuleError> {
        if let Some(id) = self.id()? {
            return Ok(members.iter().find(|member| member.id == id));
        }
        let url = self.peer_url()?;
        Ok(members.iter().find(|member| has_peer(member, &url)))
    }

    fn peer_url(&self) -> Result<String, ModuleError> {
        given(self.args, "peer_url")?.ok_or_else(|| missing("peer_url"))
    }

    fn member_name(&self) -> Result<String, ModuleError> {
        given(self.args, "name")?.ok_or_else(|| missing("name"))
    }

    /// Says what the list holds of the member, and changes nothing.
    async fn look_up(&self) -> Result<Outcome, ModuleError> {
        let no_member = |text: String| {
            Outcome::ok(text).with("found", false).with("started", false).with("learner", false)
        };
        let list = match self.etcdctl.members().await? {
            Ok(list) => list,
            Err(answer) if self.context.check => {
                let text = "cannot be known before the earlier steps were really done";
                return Ok(no_member(format!("{text}: {answer}")));
            }
            Err(answer) => return Err(answer.error("cannot list the members")),
        };
        let Some(member) = self.find(&list.members)? else {
            return Ok(no_member("is no member".to_owned()));
        };
        let text = if member.started() { "is a member" } else { "is a member that never started" };
        Ok(describe(Outcome::ok(text), member, &list.members, &label(member)))
    }
}

/// Registers what later tasks read of a member.
fn describe(outcome: Outcome, member: &Member, members: &[Member], name: &str) -> Outcome {
    outcome
        .with("found", true)
        .with("id", member.hex_id())
        .with("started", member.started())
        .with("learner", member.learner)
        .with("initial_cluster", initial_cluster(members, member.id, name))
}

/// `ETCD_INITIAL_CLUSTER` for the member with this id: the membership, its own name at its own
/// URLs (I-21). etcdctl does not print it together with JSON.
fn initial_cluster(members: &[Member], own_id: u64, own_name: &str) -> String {
    let entries = members.iter().flat_map(|member| {
        let name = if member.id == own_id { own_name } else { &member.name };
        member.peer_urls.iter().map(move |url| format!("{name}={url}"))
    });
    entries.collect::<Vec<_>>().join(",")
}

fn missing(name: &str) -> ModuleError {
    ModuleError::Argument { name: name.to_owned(), reason: "is missing or rendered empty".into() }
}

/// Whether trying again later can help.
fn worth_another_try(answer: &Answer) -> bool {
    matches!(answer, Answer::UnhealthyCluster)
}
