//! etcdctl on the host, for hosts whose sshd forbids tunnels: every question in one command.

use super::access::AccessError;
use super::credentials::Credentials;
use super::sections::Sections;
use crate::cluster::etcd_json;
use crate::cluster::status::MemberView;
use crate::transport::{Command, Connection, RunAs, quote};
use serde_json::Value;
use std::time::Duration;

const SCRIPT: &str = include_str!("etcdctl.sh");

/// Starting a process for each question takes a while on a loaded host.
const FOR_PROCESSES: Duration = Duration::from_secs(2);

/// etcdctl on one host.
pub(super) struct Tool<'a> {
    pub(super) connection: &'a dyn Connection,
    pub(super) run_as: Option<RunAs>,
    pub(super) bin_dir: &'a str,
    pub(super) credentials: Option<&'a Credentials>,
    /// For each question.
    pub(super) deadline: Duration,
}

impl Tool<'_> {
    /// Asks each member for its status, its members and a linearizable read, all at once.
    pub(super) async fn ask(&self, urls: &[String]) -> Vec<Result<MemberView, AccessError>> {
        let command = Command::new(self.script(urls))
            .run_as(self.run_as.clone())
            .deadline(self.deadline + FOR_PROCESSES);
        let output = match self.connection.run(command).await {
            Ok(output) => output.stdout_text(),
            Err(error) => return urls.iter().map(|_| Err(error.clone().into())).collect(),
        };
        match Sections::parse(&output) {
            Ok(sections) => urls
                .iter()
                .enumerate()
                .map(|(number, url)| answer(&sections, number, url))
                .collect(),
            Err(error) => urls
                .iter()
                .map(|url| {
                    let reason = error.to_string();
                    Err(AccessError::Refused { url: url.clone(), reason })
                })
                .collect(),
        }
    }

    fn script(&self, urls: &[String]) -> String {
        let paths = match self.credentials {
            Some(files) => [&*files.ca_path, &*files.certificate_path, &*files.key_path],
            None => [""; 3],
        };
        let seconds = self.deadline.as_secs().max(1).to_string();
        let mut words = vec![quote(self.bin_dir)];
        words.extend(paths.map(quote));
        words.push(seconds);
        for (number, url) in urls.iter().enumerate() {
            for kind in ["status", "members", "read"] {
                words.extend([number.to_string(), kind.to_owned(), quote(url)]);
            }
        }
        format!("set -- {}\n{SCRIPT}", words.join(" "))
    }
}

fn answer(sections: &Sections<'_>, number: usize, url: &str) -> Result<MemberView, AccessError> {
    let answers = |kind: &str| Answer::of(sections, &format!("{number} {kind}"));
    let status = answers("status");
    let view = etcd_json::endpoint_status(&status.stdout)
        .ok()
        .and_then(|views| views.into_iter().find(|(endpoint, _)| endpoint == url));
    let Some((_, mut view)) = view else {
        return Err(AccessError::Refused { url: url.to_owned(), reason: status.reason() });
    };
    let members = etcd_json::member_list(&answers("members").stdout).ok();
    // The member must be the one whose status it is: a balancer may stand in between.
    let members = members.filter(|list| list.member_id == view.member_id);
    view.members = members.map(|list| list.members);
    view.linearizable_read = answers("read").is_read();
    Ok(view)
}

/// What one question brought.
struct Answer {
    stdout: String,
    stderr: Vec<String>,
}

impl Answer {
    fn of(sections: &Sections<'_>, name: &str) -> Self {
        let lines = sections.lines(name);
        let stderr = lines.iter().filter_map(|line| line.strip_prefix('!')).map(str::to_owned);
        let stdout = lines.iter().filter(|line| !line.starts_with('!'));
        Self {
            stdout: stdout.flat_map(|line| [*line, "\n"]).collect(),
            stderr: stderr.filter(|line| !line.is_empty()).collect(),
        }
    }

    /// Whether a key-value answer with a header stands on standard output.
    fn is_read(&self) -> bool {
        let value = serde_json::from_str::<Value>(self.stdout.trim());
        value.is_ok_and(|value| value.get("header").is_some())
    }

    /// Why there is no answer, from the last line that is no JSON log line.
    fn reason(&self) -> String {
        let last = self.stderr.iter().rev().find(|line| !line.starts_with('{'));
        last.or(self.stderr.last()).cloned().unwrap_or_else(|| "no answer from etcdctl".to_owned())
    }
}
