//! etcd's own client on a host: what the etcd modules ask and change with it.

mod view;

#[cfg(test)]
pub(super) mod testing;

pub(super) use view::{View, has_peer, label};

use super::host_script::{HostScript, absolute, given, path_or, text_or};
use super::{Args, Context, ModuleError, Parameter};
use crate::cluster::etcd_json::{self, JsonError, MemberList};
use crate::transport::{Output, quote};
use std::time::Duration;
use tokio::time::Instant;

/// The client's environment, in front of each command.
const CLIENT: &str = include_str!("client.sh");

/// etcd refuses a membership change until its peers were connected for this long, and a second.
pub(super) const UNHEALTHY_PAUSE: Duration = Duration::from_secs(6);

/// Between two looks while something is waited for.
pub(super) const POLL: Duration = Duration::from_secs(3);

/// The client URL that is asked; the host's own by default.
pub(super) const ENDPOINT: Parameter = Parameter::optional("endpoint");
/// The directory of the certificates.
pub(super) const CERT_DIR: Parameter = Parameter::optional("cert_dir");
/// etcd's environment file, which says the host's own client URL.
pub(super) const ENV_FILE: Parameter = Parameter::optional("env_file");
/// Where the programs are looked for first.
pub(super) const BIN_DIR: Parameter = Parameter::optional("bin_dir");

/// Where Kubespray puts certificates.
pub(super) const DEFAULT_CERT_DIR: &str = "/etc/ssl/etcd/ssl";
/// Where Kubespray puts etcd's settings.
pub(super) const DEFAULT_ENV_FILE: &str = "/etc/etcd.env";
/// Where Kubespray puts programs.
const DEFAULT_BIN_DIR: &str = "/usr/local/bin";

/// The directory of the host's certificates.
pub(super) fn cert_dir(context: &Context, args: &Args) -> Result<String, ModuleError> {
    path_or(context, args, "cert_dir", "etcd_cert_dir", DEFAULT_CERT_DIR)
}

/// The directory of the host's programs.
pub(super) fn bin_dir(context: &Context, args: &Args) -> Result<String, ModuleError> {
    path_or(context, args, "bin_dir", "bin_dir", DEFAULT_BIN_DIR)
}

/// The client of one host, pointed at one endpoint.
pub(super) struct Etcdctl<'a> {
    context: &'a Context,
    client: HostScript,
}

impl<'a> Etcdctl<'a> {
    /// The client as the task's arguments want it.
    pub(super) fn new(context: &'a Context, args: &Args) -> Result<Self, ModuleError> {
        let cert_dir = cert_dir(context, args)?;
        let env_file = absolute("env_file", &text_or(args, "env_file", DEFAULT_ENV_FILE)?)?;
        let bin_dir = bin_dir(context, args)?;
        let client = HostScript::default()
            .set("endpoint", &given(args, "endpoint")?.unwrap_or_default())
            .set("cert_dir", &cert_dir)
            .set("env_file", &env_file)
            .set("bin_dir", &bin_dir)
            .set("host", context.connection.host())
            .then(CLIENT);
        Ok(Self { context, client })
    }

    /// A script that may use the client.
    pub(super) fn script(&self, body: &str) -> HostScript {
        self.client.clone().then(body)
    }

    /// One `etcdctl` command, whatever its exit code.
    pub(super) async fn call(&self, words: &[&str]) -> Result<Output, ModuleError> {
        let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
        self.script(&format!("client {}\n", words.join(" "))).output(self.context).await
    }

    /// The member list; `Err` holds etcd's refusal.
    pub(super) async fn members(&self) -> Result<Result<MemberList, Answer>, ModuleError> {
        let output = self.call(&["member", "list", "-w", "json"]).await?;
        if !output.success() {
            return Ok(Err(Answer::of(&output)));
        }
        Ok(Ok(etcd_json::member_list(&output.stdout_text()).map_err(|error| unreadable(&error))?))
    }

    /// The member list, which has to be there.
    pub(super) async fn must_members(&self) -> Result<MemberList, ModuleError> {
        self.members().await?.map_err(|answer| answer.error("cannot list the members"))
    }

    /// Looks at every member: who is in the list, who answers, who is healthy.
    pub(super) async fn view(&self) -> Result<Result<View, Answer>, ModuleError> {
        let list = match self.members().await? {
            Ok(list) => list,
            Err(answer) => return Ok(Err(answer)),
        };
        let urls: Vec<String> =
            list.members.iter().filter_map(|member| member.client_urls.first().cloned()).collect();
        let output = self.script(&look_script(&urls)).output(self.context).await?;
        View::read(list, &output.stdout_text()).map(Ok).map_err(|error| unreadable(&error))
    }

    /// Looks again and again until `good` accepted [`GOOD_POLLS`] views in a row that lie at
    /// least six seconds apart in total (I-04), or the deadline passes.
    pub(super) async fn settle(
        &self,
        deadline: Duration,
        polls: u64,
        good: impl Fn(&View) -> Result<(), String> + Send,
    ) -> Result<View, ModuleError> {
        let end = Instant::now() + deadline;
        let mut accepted = 0;
        loop {
            let reason = match self.view().await? {
                Ok(view) => match good(&view) {
                    Ok(()) => {
                        accepted += 1;
                        if accepted >= polls {
                            return Ok(view);
                        }
                        None
                    }
                    Err(reason) => Some(reason),
                },
                Err(answer) => Some(answer.to_string()),
            };
            if let Some(reason) = reason {
                accepted = 0;
                if Instant::now() + POLL > end {
                    return Err(ModuleError::Failed(format!(
                        "not settled after {deadline:?}: {reason}"
                    )));
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// The polls that I-04 wants: with [`POLL`] between them they span six seconds.
pub(super) const GOOD_POLLS: u64 = 3;

/// Asks every URL for its health and its status at once; a dead one costs its timeout only once.
fn look_script(urls: &[String]) -> String {
    let words: Vec<String> = urls.iter().map(|url| quote(url)).collect();
    format!(
        "for url in {}; do\n\
         (\n\
         export ETCDCTL_ENDPOINTS=\"$url\"\n\
         health=$(client endpoint health -w json 2>/dev/null) || :\n\
         state=$(client endpoint status -w json 2>/dev/null) || :\n\
         printf '%s\\t%s\\n' \"$health\" \"$state\"\n\
         ) &\n\
         done\n\
         wait\n",
        words.join(" ")
    )
}

fn unreadable(error: &JsonError) -> ModuleError {
    ModuleError::Failed(error.to_string())
}

/// What etcd says when it does not do what it was asked for, DOMAIN 3.7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// A change came too early after a member connected.
    UnhealthyCluster,
    /// Another member is added but not started.
    NotEnoughStarted,
    /// A member with this peer URL or id is there.
    Exists,
    /// Another learner is there.
    TooManyLearners,
    /// The learner has not caught up.
    NotInSync,
    /// There is no such member.
    NotFound,
    /// No leader, or no answer in time.
    NoQuorum,
    /// Anything else, in etcd's words.
    Other(String),
}

impl Answer {
    /// What the output of a failed command means.
    pub(super) fn of(output: &Output) -> Self {
        Self::classify(&output.stderr_text())
    }

    fn classify(stderr: &str) -> Self {
        const SIGNS: &[(&str, Answer)] = &[
            ("etcdserver: unhealthy cluster", Answer::UnhealthyCluster),
            ("not enough started members", Answer::NotEnoughStarted),
            ("Peer URLs already exists", Answer::Exists),
            ("member ID already exist", Answer::Exists),
            ("too many learner members", Answer::TooManyLearners),
            ("can only promote a learner member which is in sync", Answer::NotInSync),
            ("etcdserver: member not found", Answer::NotFound),
            ("etcdserver: no leader", Answer::NoQuorum),
            ("etcdserver: request timed out", Answer::NoQuorum),
            ("context deadline exceeded", Answer::NoQuorum),
        ];
        let known = SIGNS.iter().find(|(sign, _)| stderr.contains(sign));
        known.map_or_else(|| Self::Other(last_line(stderr)), |(_, answer)| answer.clone())
    }

    /// The answer as the reason why `what` did not work.
    pub(super) fn error(&self, what: &str) -> ModuleError {
        ModuleError::Failed(format!("{what}: {self}"))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UnhealthyCluster => "etcd calls the cluster unhealthy",
            Self::NotEnoughStarted => "another member was added and has not started yet",
            Self::Exists => "a member with this peer URL is there already",
            Self::TooManyLearners => "another learner is in the cluster",
            Self::NotInSync => "the learner has not caught up with the leader",
            Self::NotFound => "there is no member with this id",
            Self::NoQuorum => "no answer in time: the cluster has no quorum, or cannot be reached",
            Self::Other(text) => text,
        })
    }
}

/// The last line, which is where etcdctl puts the reason; JSON log lines stand before it.
fn last_line(text: &str) -> String {
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or("it gave no reason").trim_start_matches("Error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_recognised_behind_log_lines() {
        let stderr =
            "{\"level\":\"warn\",\"msg\":\"retrying\"}\nError: etcdserver: unhealthy cluster\n";
        assert_eq!(Answer::classify(stderr), Answer::UnhealthyCluster);
        let stderr = "Error: etcdserver: re-configuration failed due to not enough started members";
        assert_eq!(Answer::classify(stderr), Answer::NotEnoughStarted);
        assert_eq!(Answer::classify("Error: boom\n\n"), Answer::Other("boom".into()));
    }
}
