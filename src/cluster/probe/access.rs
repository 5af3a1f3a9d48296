//! Asking etcd members from a host: through a tunnel, or with etcdctl where there is none.

use super::credentials::Credentials;
use super::tunnel::{self, Questions};
use super::{etcdctl, host};
use crate::cluster::paths::EtcdPaths;
use crate::cluster::status::{Member, MemberView};
use crate::transport::{Connection, RunAs, TransportError};
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;

/// Why a member did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The way to the member is not there: the tunnel, the SSH connection, or the member's port.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The URL cannot be used.
    #[error("`{url}` is no client URL")]
    Url {
        /// The URL.
        url: String,
    },
    /// The port answers, but TLS or HTTP/2 did not come about.
    #[error("`{url}`: {reason}")]
    Handshake {
        /// The client URL.
        url: String,
        /// What the library said, outermost first.
        reason: String,
    },
    /// No answer in time.
    #[error("`{url}` does not answer within {deadline:?}")]
    Deadline {
        /// The client URL.
        url: String,
        /// The deadline.
        deadline: Duration,
    },
    /// The member answered that it cannot or will not.
    #[error("`{url}`: {reason}")]
    Refused {
        /// The client URL.
        url: String,
        /// The member's words, or etcdctl's.
        reason: String,
    },
}

/// etcd members as they answer on one host. Every question has a deadline of its own.
#[derive(Debug, Clone)]
pub struct EtcdAccess {
    connection: Arc<dyn Connection>,
    run_as: Option<RunAs>,
    paths: EtcdPaths,
    credentials: Option<Credentials>,
    deadline: Duration,
}

impl EtcdAccess {
    /// Looks for the host's client certificates and gives access with them. `name` is the
    /// inventory's name of the host, which Kubespray names certificates after.
    pub async fn open(
        connection: Arc<dyn Connection>,
        run_as: Option<RunAs>,
        name: &str,
        paths: &EtcdPaths,
        deadline: Duration,
    ) -> Result<Self, AccessError> {
        let target = super::ProbeHost {
            name: name.to_owned(),
            paths: paths.clone(),
            client_url: String::new(),
            peers: Vec::new(),
        };
        let look =
            host::look(&*connection, run_as.clone(), &target, deadline).await.map_err(|error| {
                match error {
                    host::LookError::Transport(error) => AccessError::Transport(error),
                    error => {
                        AccessError::Refused { url: name.to_owned(), reason: error.to_string() }
                    }
                }
            })?;
        Ok(Self::new(connection, run_as, paths.clone(), look.credentials).deadline(deadline))
    }

    pub(super) fn new(
        connection: Arc<dyn Connection>,
        run_as: Option<RunAs>,
        paths: EtcdPaths,
        credentials: Option<Credentials>,
    ) -> Self {
        Self { connection, run_as, paths, credentials, deadline: Duration::from_secs(3) }
    }

    /// Sets how long a question may take; 3 s otherwise.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// What each of these members says of itself, all asked at once; `Err` is why it does not.
    pub async fn views(&self, urls: &[String]) -> Vec<Result<MemberView, String>> {
        let answers = self.ask(urls, Questions::All).await;
        answers.into_iter().map(|answer| answer.map_err(|error| error.to_string())).collect()
    }

    /// The member's status, answered by itself even without quorum. Members and the linearizable
    /// read are not asked for.
    pub async fn status(&self, url: &str) -> Result<MemberView, AccessError> {
        self.ask_one(url, Questions::Status).await
    }

    /// The member list as this member knows it, answered by itself even without quorum.
    pub async fn member_list(&self, url: &str) -> Result<Vec<Member>, AccessError> {
        let view = self.ask_one(url, Questions::Members).await?;
        view.members.ok_or_else(|| AccessError::Refused {
            url: url.to_owned(),
            reason: "it does not say who its members are".to_owned(),
        })
    }

    /// Whether a linearizable read through this member succeeds, which proves quorum.
    pub async fn health(&self, url: &str) -> Result<bool, AccessError> {
        Ok(self.ask_one(url, Questions::All).await?.linearizable_read)
    }

    async fn ask_one(&self, url: &str, questions: Questions) -> Result<MemberView, AccessError> {
        let url = [url.to_owned()];
        let mut answers = self.ask(&url, questions).await;
        let [url] = url;
        answers.pop().unwrap_or(Err(AccessError::Url { url }))
    }

    async fn ask(
        &self,
        urls: &[String],
        questions: Questions,
    ) -> Vec<Result<MemberView, AccessError>> {
        let asked = urls.iter().map(|url| {
            let credentials = self.credentials.as_ref();
            tunnel::ask(&*self.connection, url, credentials, questions, self.deadline)
        });
        let mut answers = join_all(asked).await;
        let again: Vec<usize> = (0..urls.len())
            .filter(|at| answers[*at].as_ref().is_err_and(is_worth_a_second_way))
            .collect();
        if again.is_empty() {
            return answers;
        }
        let again_urls: Vec<_> = again.iter().map(|at| urls[*at].clone()).collect();
        let second = self.ask_with_etcdctl(&again_urls).await;
        for (at, answer) in again.into_iter().zip(second) {
            // When both ways failed, what TLS says is plainer than etcdctl's time-out.
            if answer.is_ok() || !matches!(answers[at], Err(AccessError::Handshake { .. })) {
                answers[at] = answer;
            }
        }
        answers
    }

    async fn ask_with_etcdctl(&self, urls: &[String]) -> Vec<Result<MemberView, AccessError>> {
        let tool = etcdctl::Tool {
            connection: &*self.connection,
            run_as: self.run_as.clone(),
            bin_dir: &self.paths.bin_dir,
            credentials: self.credentials.as_ref(),
            deadline: self.deadline,
        };
        tool.ask(urls).await
    }
}

/// A tunnel that is forbidden says nothing about the member, and TLS libraries differ in what they
/// accept: what counts is what etcd's own does.
fn is_worth_a_second_way(error: &AccessError) -> bool {
    matches!(
        error,
        AccessError::Transport(TransportError::ForwardingRefused { .. })
            | AccessError::Handshake { .. }
    )
}
