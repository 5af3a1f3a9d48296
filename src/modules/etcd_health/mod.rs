//! `etcd_health`: waits until etcd is what it is said to be.

#[cfg(test)]
mod tests;

use super::args::whole_number;
use super::etcdctl::{self, Etcdctl, GOOD_POLLS, View, has_peer};
use super::host_script::{HostScript, given, text_or};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use std::time::Duration;

/// The module.
pub(super) struct EtcdHealth;

/// A leader needs up to three election timeouts, a started member a little more.
const DEADLINE: u64 = 60;

const LISTENER: &str = include_str!("listener.sh");

const PARAMETERS: &[Parameter] = &[
    Parameter::optional("state").one_of(&["healthy", "no_quorum", "quorum"]),
    Parameter::optional("members"),
    Parameter::optional("cluster_id_not"),
    Parameter::optional("min_revision"),
    Parameter::optional("write_probe"),
    Parameter::optional("polls"),
    Parameter::optional("deadline"),
    etcdctl::ENDPOINT,
    etcdctl::CERT_DIR,
    etcdctl::ENV_FILE,
    etcdctl::BIN_DIR,
];

#[async_trait]
impl Module for EtcdHealth {
    fn name(&self) -> &'static str {
        "etcd_health"
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn preview(&self, args: &Args) -> Vec<String> {
        let mut commands = vec![
            "etcdctl member list -w json".to_owned(),
            "etcdctl endpoint health -w json".to_owned(),
            "etcdctl endpoint status -w json".to_owned(),
        ];
        if args.boolean("write_probe", false).unwrap_or(false) {
            commands.extend(
                ["etcdctl put rrecover/probe …", "etcdctl del rrecover/probe"].map(String::from),
            );
        }
        commands
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let etcdctl = Etcdctl::new(context, args)?;
        let wanted = Wanted::read(args)?;
        let state = given(args, "state")?.unwrap_or_else(|| "healthy".to_owned());
        if state == "no_quorum" {
            return no_quorum(context, args, &etcdctl).await;
        }
        let whole = state == "healthy";
        if context.check {
            // Nothing was changed, so what is wanted may not hold yet: only tell what is seen.
            let seen = etcdctl.view().await?;
            return Ok(Outcome::ok(match seen.map(|view| wanted.holds(&view, whole)) {
                Ok(Ok(())) => "holds".to_owned(),
                Ok(Err(reason)) => format!("would wait: {reason}"),
                Err(answer) => format!("would wait: {answer}"),
            }));
        }
        let deadline = Duration::from_secs(whole_number(args, "deadline")?.unwrap_or(DEADLINE));
        let polls = whole_number(args, "polls")?.unwrap_or(GOOD_POLLS).max(1);
        let view = etcdctl.settle(deadline, polls, |view| wanted.holds(view, whole)).await?;
        let mut outcome = Outcome::ok(format!(
            "{} of {} voters healthy at revision {}",
            view.voters.len() - view.faults().len(),
            view.voters.len(),
            view.revision()
        ));
        if args.boolean("write_probe", false)? {
            write_probe(context, &etcdctl).await?;
            outcome.msg.push_str(", a key was written, read and deleted");
        }
        Ok(outcome
            .with("revision", view.revision())
            .with("cluster_id", format!("{:x}", view.cluster_id))
            .with("leader", view.leader().map(|id| format!("{id:x}")).unwrap_or_default()))
    }
}

/// What has to hold.
struct Wanted {
    /// Exactly these are the voters: peer URLs, or names. Empty: whoever is in the list.
    members: Vec<String>,
    cluster_id_not: Option<String>,
    min_revision: i64,
}

impl Wanted {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let min_revision = whole_number(args, "min_revision")?.unwrap_or(0);
        Ok(Self {
            members: args.list("members")?,
            cluster_id_not: given(args, "cluster_id_not")?,
            min_revision: i64::try_from(min_revision).unwrap_or(i64::MAX),
        })
    }

    fn holds(&self, view: &View, whole: bool) -> Result<(), String> {
        self.membership(view)?;
        if whole {
            view.all_healthy()?;
        } else {
            view.quorum()?;
        }
        if self.cluster_id_not.as_deref() == Some(format!("{:x}", view.cluster_id).as_str()) {
            return Err(format!("the cluster id is still {:x}", view.cluster_id));
        }
        if view.revision() < self.min_revision {
            return Err(format!(
                "the revision is {}, at least {} is wanted",
                view.revision(),
                self.min_revision
            ));
        }
        Ok(())
    }

    fn membership(&self, view: &View) -> Result<(), String> {
        if self.members.is_empty() {
            return Ok(());
        }
        let is = |wanted: &String, member| {
            if wanted.contains("://") { has_peer(member, wanted) } else { &member.name == wanted }
        };
        for wanted in &self.members {
            let found = view.members.iter().find(|member| is(wanted, member));
            match found {
                None => return Err(format!("{wanted} is no member")),
                Some(member) if member.learner => return Err(format!("{wanted} is a learner")),
                Some(_) => {}
            }
        }
        let strange = view.members.iter().find(|one| !self.members.iter().any(|w| is(w, one)));
        strange.map_or(Ok(()), |member| Err(format!("{} is a member too", member.hex_id())))
    }
}

/// Proves that no quorum is there, right before a step that must not be taken while it is (I-03).
/// A client that cannot ask, for whatever reason, proves nothing: that is refused too.
async fn no_quorum(
    context: &Context,
    args: &Args,
    etcdctl: &Etcdctl<'_>,
) -> Result<Outcome, ModuleError> {
    // Without `--debug`, 3.4 does not tell a refused connection from a refused certificate.
    let read = etcdctl.call(&["--debug", "get", "rrecover/quorum"]).await?;
    if read.success() {
        return Err(ModuleError::Refused {
            reason: "a linearizable read succeeded: the cluster has quorum again (I-03)".to_owned(),
            hint: "run the command again: it will look and decide anew".to_owned(),
        });
    }
    let doubt = match evidence(&read.stderr_text()) {
        Ok(proof) => return Ok(Outcome::ok(format!("there is no quorum: {proof}"))),
        Err(doubt) => doubt,
    };
    let listener = HostScript::default()
        .set("endpoint", &given(args, "endpoint")?.unwrap_or_default())
        .set("env_file", &text_or(args, "env_file", etcdctl::DEFAULT_ENV_FILE)?)
        .then(LISTENER)
        .output(context)
        .await?;
    if listener.success() && listener.stdout_text().trim() == "none" {
        return Ok(Outcome::ok("etcd does not run here: nobody listens on its client port"));
    }
    Err(ModuleError::Refused {
        reason: format!("cannot tell whether there is a quorum: {doubt} (I-03)"),
        hint:
            "make `etcdctl` work on the host (its certificates, its endpoint), or stop etcd there"
                .to_owned(),
    })
}

/// What a failed linearizable read says about the quorum: what proves its absence, or what leaves
/// it in doubt.
fn evidence(stderr: &str) -> Result<&'static str, String> {
    // Any of these means that etcd was there and did not talk to this client.
    const DOUBTS: [&str; 4] = ["x509", "tls: ", "certificate", "auth token"];
    // With any other failure to connect it is not known what is there.
    const DOWN: [&str; 3] = ["connection refused", "i/o timeout", "context deadline exceeded"];
    const PROOFS: [(&str, &str); 5] = [
        ("connection refused", "etcd does not listen"),
        ("etcdserver: no leader", "etcd has no leader"),
        ("etcdserver: request timed out", "a linearizable read is not answered in time"),
        ("Error: context deadline exceeded", "a linearizable read is not answered in time"),
        // As etcdctl 3.4 says it under load: `rpc error: code = Unknown desc = …`.
        ("desc = context deadline exceeded", "a linearizable read is not answered in time"),
    ];
    let has = |line: &str, signs: &[&str]| signs.iter().any(|sign| line.contains(sign));
    let lines = || stderr.lines().filter(|line| !line.starts_with("ETCDCTL_"));
    let failed = ["failed to connect", "last connection error"];
    let doubt =
        lines().find(|line| has(line, &DOUBTS) || (has(line, &failed) && !has(line, &DOWN)));
    if let Some(line) = doubt {
        return Err(line.trim().to_owned());
    }
    if !lines().any(|line| has(line, &failed)) && stderr.contains("TransientFailure") {
        return Err("etcdctl could not connect and does not say why".to_owned());
    }
    let proof = PROOFS.iter().find(|(sign, _)| lines().any(|line| line.contains(sign)));
    let last = || lines().rfind(|line| !line.trim().is_empty()).unwrap_or("etcdctl gave no reason");
    proof.map(|(_, meaning)| *meaning).ok_or_else(|| last().trim().to_owned())
}

/// Writes, reads and deletes a key outside Kubernetes' own.
async fn write_probe(context: &Context, etcdctl: &Etcdctl<'_>) -> Result<(), ModuleError> {
    let script = "client put \"$key\" \"$value\" >/dev/null\n\
                  read_back=$(client get \"$key\" --print-value-only)\n\
                  client del \"$key\" >/dev/null\n\
                  [ \"$read_back\" = \"$value\" ] || { echo \"read back: $read_back\" >&2; exit 1; }\n";
    let key = format!("rrecover/probe/{}", context.run_id);
    etcdctl
        .script("set -eu\n")
        .set("key", &key)
        .set("value", &context.run_id)
        .then(script)
        .run(context, "writing and reading a key", &format!("etcdctl put {key}"))
        .await?;
    Ok(())
}
