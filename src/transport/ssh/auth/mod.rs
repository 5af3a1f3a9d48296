//! Logging in: what was configured for the host comes first (its keys, the password), then the
//! agent's other keys, then the default key files.
//!
//! Every key that is refused counts against the server's `MaxAuthTries`, hence the order.

mod password;
mod public_key;

use super::dial::Client;
use super::keys::KeyRing;
use super::signer::Agent;
use crate::transport::TransportError;
use crate::transport::settings::{Endpoint, Method};
use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::ssh_key::public::KeyData;
use russh::{MethodKind, MethodSet};
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::timeout;

/// How long the server, or the agent (a touch, a confirmation), may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Proofs that a server may want one after the other.
const FACTORS: usize = 4;
/// Logs in as the endpoint's user, or says what was tried.
pub(super) async fn log_in(
    handle: &mut Handle<Client>,
    host: &str,
    endpoint: &Endpoint,
    keys: &KeyRing,
) -> Result<(), TransportError> {
    let mut login = Login {
        handle,
        endpoint,
        keys,
        agent: None,
        identities: Vec::new(),
        methods: None,
        spent: Vec::new(),
        tried: Vec::new(),
    };
    if login.run().await {
        return Ok(());
    }
    let mut reason = if login.tried.is_empty() {
        "there is no key, agent or password to try".to_owned()
    } else {
        login.tried.join("; ")
    };
    if let Some(methods) = &login.methods {
        let names: Vec<&str> = methods.iter().map(Into::into).collect();
        reason += &format!("; the server offers {}", names.join(", "));
    } else if login.handle.is_closed() {
        reason += "; the server closed the connection";
    }
    Err(TransportError::Auth { host: host.to_owned(), user: endpoint.user.clone(), reason })
}

struct Login<'a> {
    handle: &'a mut Handle<Client>,
    endpoint: &'a Endpoint,
    keys: &'a KeyRing,
    agent: Option<Agent>,
    /// What the agent holds.
    identities: Vec<AgentIdentity>,
    /// What the server still takes; not known before the first refusal.
    methods: Option<MethodSet>,
    /// Proofs that the server has seen: no second try changes its mind.
    spent: Vec<Proof>,
    tried: Vec<String>,
}

/// One thing that can be shown to a server.
#[derive(Debug, Clone, PartialEq)]
enum Proof {
    Key(KeyData),
    Certificate(Vec<u8>),
    Password,
    Interactive,
}

/// One step of a login.
#[derive(Debug, Clone)]
enum Attempt {
    Key(PathBuf),
    AgentKeys,
    Password,
    Interactive,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    In,
    /// Accepted, and the server wants another proof as well.
    Partial,
    Refused,
}

impl Login<'_> {
    async fn run(&mut self) -> bool {
        self.ask_agent().await;
        for _ in 0..FACTORS {
            let mut outcome = Outcome::Refused;
            for attempt in self.attempts() {
                outcome = self.attempt(&attempt).await;
                if outcome != Outcome::Refused {
                    break;
                }
            }
            match outcome {
                Outcome::In => return true,
                Outcome::Partial => {}
                Outcome::Refused => break,
            }
        }
        self.methods.is_none() && self.nothing().await
    }

    /// The steps in their order.
    fn attempts(&self) -> Vec<Attempt> {
        let credentials = &self.endpoint.credentials;
        let key = |path: &PathBuf| Attempt::Key(path.clone());
        let configured = credentials.keys.iter().map(key);
        let defaults = credentials.default_keys.iter().filter(|path| path.exists()).map(key);
        let others = [Attempt::AgentKeys].into_iter().filter(|_| !credentials.configured_only);
        let Some(methods) = &credentials.methods else {
            let password = [Attempt::Password, Attempt::Interactive];
            return configured.chain(password).chain(others).chain(defaults).collect();
        };
        let mut attempts = Vec::new();
        for method in methods {
            match method {
                Method::PublicKey => {
                    let keys = configured.clone().chain(others.clone()).chain(defaults.clone());
                    attempts.extend(keys);
                }
                Method::Password => attempts.push(Attempt::Password),
                Method::KeyboardInteractive => attempts.push(Attempt::Interactive),
            }
        }
        attempts
    }

    async fn attempt(&mut self, attempt: &Attempt) -> Outcome {
        match attempt {
            Attempt::Key(path) => self.key(path).await,
            Attempt::AgentKeys => {
                for identity in self.identities.clone() {
                    let outcome = self.with_agent(identity).await;
                    if outcome != Outcome::Refused {
                        return outcome;
                    }
                }
                Outcome::Refused
            }
            Attempt::Password => self.password().await,
            Attempt::Interactive => self.interactive().await,
        }
    }

    fn allows(&self, kind: MethodKind, proof: &Proof) -> bool {
        !self.handle.is_closed()
            && self.methods.as_ref().is_none_or(|methods| methods.contains(&kind))
            && !self.spent.contains(proof)
    }

    /// Notes what came of an attempt.
    fn judge(&mut self, what: &str, proof: Proof, result: Option<AuthResult>) -> Outcome {
        match result {
            Some(AuthResult::Success) => return Outcome::In,
            Some(AuthResult::Failure { remaining_methods, partial_success }) => {
                let word = if partial_success { "accepted, not enough" } else { "refused" };
                self.tried.push(format!("{what} {word}"));
                let kind = match proof {
                    Proof::Password => MethodKind::Password,
                    Proof::Interactive => MethodKind::KeyboardInteractive,
                    Proof::Key(_) | Proof::Certificate(_) => MethodKind::PublicKey,
                };
                // One that the server did not look at may be wanted later.
                if partial_success || remaining_methods.contains(&kind) {
                    self.spent.push(proof);
                }
                if !remaining_methods.is_empty() {
                    self.methods = Some(remaining_methods);
                }
                if partial_success {
                    return Outcome::Partial;
                }
            }
            None => self.tried.push(format!("{what} got no answer")),
        }
        Outcome::Refused
    }

    /// Some servers know who calls without being shown anything.
    async fn nothing(&mut self) -> bool {
        if self.handle.is_closed() {
            return false;
        }
        let login = self.handle.authenticate_none(&self.endpoint.user);
        match timeout(PATIENCE, login).await {
            Ok(Ok(AuthResult::Success)) => true,
            Ok(Ok(AuthResult::Failure { remaining_methods, .. })) => {
                self.methods = Some(remaining_methods).filter(|methods| !methods.is_empty());
                false
            }
            Ok(Err(_)) | Err(_) => false,
        }
    }
}
