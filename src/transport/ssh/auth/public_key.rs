//! Keys and certificates: the agent's, and those of files.

use super::super::algorithms::{allows, rsa_hashes};
use super::super::keys::{asks, certificates, public_half};
use super::super::signer::{Agent, Signer};
use super::{Login, Outcome, PATIENCE, Proof};
use russh::MethodKind;
use russh::keys::agent::AgentIdentity;
use russh::keys::{Algorithm, HashAlg, PublicKey, PublicKeyOrCertificate};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::timeout;

/// How long somebody may take to type a passphrase; sshd waits as long by default.
const HUMAN: Duration = Duration::from_secs(120);

/// Where a signature comes from.
#[derive(Debug, Clone)]
enum Source {
    File(PathBuf),
    /// The agent, with this key.
    Agent(PublicKey),
    /// The agent, with a certificate of its own.
    AgentCertificate,
}

impl Login<'_> {
    /// Connects to the agent and asks what it holds; certificates come first.
    pub(super) async fn ask_agent(&mut self) {
        let Some(socket) = &self.endpoint.credentials.agent else { return };
        let name = socket.display();
        let mut agent = match timeout(PATIENCE, Agent::connect_uds(socket)).await {
            Ok(Ok(agent)) => agent,
            Ok(Err(error)) => return self.tried.push(format!("agent `{name}`: {error}")),
            Err(_) => return self.tried.push(format!("agent `{name}` does not answer")),
        };
        if let Some(binding) = self.handle.agent_session_binding() {
            // Only agents with keys restricted to hosts need it; others refuse the request.
            let _ = timeout(PATIENCE, agent.bind_session(binding, false)).await;
        }
        match timeout(PATIENCE, agent.request_identities()).await {
            Ok(Ok(identities)) => self.identities = identities,
            Ok(Err(error)) => self.tried.push(format!("agent `{name}`: {error}")),
            Err(_) => self.tried.push(format!("agent `{name}` does not answer")),
        }
        self.agent = Some(agent);
    }

    /// Tries a configured key with its certificates: signed by the agent if that holds it, else
    /// from its file.
    pub(super) async fn key(&mut self, path: &Path) -> Outcome {
        let public = match public_half(path) {
            Some(public) => public,
            // Only the passphrase tells, or there is no key at all.
            None => match self.keys.load(path).await {
                Ok(key) => key.public_key().clone(),
                Err(reason) => {
                    self.note(reason);
                    return Outcome::Refused;
                }
            },
        };
        let certificates = certificates(path, &public, &self.endpoint.credentials.certificates);
        let holds = |identity: &AgentIdentity| matches!(identity, AgentIdentity::PublicKey { key, .. } if key.key_data() == public.key_data());
        let held = self.identities.iter().any(holds);
        let source =
            if held { Source::Agent(public.clone()) } else { Source::File(path.to_owned()) };
        for certificate in certificates {
            let what = format!("certificate `{}` of `{}`", certificate.key_id(), path.display());
            let outcome = self.offer(&what, certificate.into(), &source).await;
            if outcome != Outcome::Refused {
                return outcome;
            }
        }
        self.offer(&format!("key `{}`", path.display()), public.into(), &source).await
    }

    pub(super) async fn with_agent(&mut self, identity: AgentIdentity) -> Outcome {
        match identity {
            AgentIdentity::PublicKey { key, comment } => {
                let source = Source::Agent(key.clone());
                self.offer(&format!("agent's key `{comment}`"), key.into(), &source).await
            }
            AgentIdentity::Certificate { certificate, comment } => {
                let what = format!("agent's certificate `{comment}`");
                self.offer(&what, certificate.into(), &Source::AgentCertificate).await
            }
        }
    }

    /// Offers a key or a certificate, and signs when the server wants it.
    async fn offer(
        &mut self,
        what: &str,
        offered: PublicKeyOrCertificate,
        source: &Source,
    ) -> Outcome {
        let proof = match &offered {
            PublicKeyOrCertificate::PublicKey { key, .. } => Proof::Key(key.key_data().clone()),
            PublicKeyOrCertificate::Certificate(certificate) => {
                Proof::Certificate(certificate.signature().as_bytes().to_vec())
            }
        };
        if !self.allows(MethodKind::PublicKey, &proof) {
            return Outcome::Refused;
        }
        let algorithm = offered.public_key().algorithm();
        let Some(hash) = self.hash(&algorithm).await else {
            self.note(format!(
                "{what}: `{algorithm}` is ruled out by `PubkeyAcceptedAlgorithms` or the server"
            ));
            return Outcome::Refused;
        };
        let mut patience = PATIENCE;
        let mut signer = match (source, &mut self.agent) {
            (Source::File(path), _) => {
                if asks(path) {
                    patience = HUMAN;
                }
                Signer::File(self.keys, path)
            }
            (Source::Agent(key), Some(agent)) => Signer::Agent(agent, Some(key.clone())),
            (Source::AgentCertificate, Some(agent)) => Signer::Agent(agent, None),
            (_, None) => return Outcome::Refused,
        };
        let user = &self.endpoint.user;
        let result = match offered {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                let login = self.handle.authenticate_publickey_with(user, key, hash, &mut signer);
                timeout(patience, login).await
            }
            PublicKeyOrCertificate::Certificate(certificate) => {
                let login =
                    self.handle.authenticate_certificate_with(user, certificate, hash, &mut signer);
                timeout(patience, login).await
            }
        };
        match result {
            Ok(Ok(result)) => self.judge(what, proof, Some(result)),
            Ok(Err(error)) => {
                // It says which file.
                self.note(if matches!(source, Source::File(_)) {
                    error.0
                } else {
                    format!("{what}: {error}")
                });
                Outcome::Refused
            }
            Err(_) => self.judge(what, proof, None),
        }
    }

    /// Notes what was wrong, once.
    fn note(&mut self, what: String) {
        if !self.tried.contains(&what) {
            self.tried.push(what);
        }
    }

    /// What an RSA key signs with, `None` for other kinds; nothing when the key's algorithm is
    /// ruled out. The server is asked only about RSA: one that does not say costs a second.
    async fn hash(&self, algorithm: &Algorithm) -> Option<Option<HashAlg>> {
        let list = self.endpoint.algorithms.public_keys.as_ref();
        if !matches!(algorithm, Algorithm::Rsa { .. }) {
            return allows(list, algorithm.as_str()).then_some(None);
        }
        let ours = rsa_hashes(list);
        match self.handle.best_supported_rsa_hash().await {
            Ok(Some(theirs)) if ours.contains(&theirs) => Some(theirs),
            // The best of theirs is ruled out here, or they only take what is weak.
            Ok(Some(Some(_))) => ours.into_iter().find(Option::is_some),
            Ok(Some(None)) => None,
            Ok(None) | Err(_) => ours.first().copied(),
        }
    }
}
