//! Logging in: what was configured for the host comes first (its keys, the password), then the
//! agent's other keys, then the default key files.
//!
//! Every key that is refused counts against the server's `MaxAuthTries`, hence the order.

use super::dial::Client;
use super::keys::{KeyRing, public_half};
use crate::redact::Secret;
use crate::transport::TransportError;
use crate::transport::settings::Endpoint;
use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PrivateKeyWithHashAlg};
use russh::{MethodKind, MethodSet};
use std::path::Path;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// How long the server, or the agent (a touch, a confirmation), may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Rounds of questions a keyboard-interactive login may have.
const ROUNDS: usize = 8;

type Agent = AgentClient<UnixStream>;

/// Logs in as the endpoint's user, or says what was tried.
pub(super) async fn log_in(
    handle: &mut Handle<Client>,
    host: &str,
    endpoint: &Endpoint,
    keys: &KeyRing,
) -> Result<(), TransportError> {
    let user = endpoint.user.clone();
    let mut login = Login { handle, user, keys, methods: None, tried: Vec::new() };
    if login.run(endpoint).await {
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
    user: String,
    keys: &'a KeyRing,
    /// What the server still takes; not known before the first refusal.
    methods: Option<MethodSet>,
    tried: Vec<String>,
}

impl Login<'_> {
    async fn run(&mut self, endpoint: &Endpoint) -> bool {
        let credentials = &endpoint.credentials;
        let mut agent = self.agent(credentials.agent.as_deref()).await;
        let mut identities = match &mut agent {
            Some(agent) => self.identities(agent).await,
            None => Vec::new(),
        };
        for path in &credentials.keys {
            if self.key(path, agent.as_mut(), &mut identities).await {
                return true;
            }
        }
        if let Some(password) = &credentials.password
            && (self.password(password).await || self.interactive(password).await)
        {
            return true;
        }
        if credentials.configured_only {
            return false;
        }
        if let Some(agent) = &mut agent {
            for identity in std::mem::take(&mut identities) {
                if self.with_agent(agent, &identity).await {
                    return true;
                }
            }
        }
        for path in credentials.default_keys.iter().filter(|path| path.exists()) {
            if !credentials.keys.contains(path) && self.key(path, None, &mut Vec::new()).await {
                return true;
            }
        }
        false
    }

    fn allows(&self, kind: MethodKind) -> bool {
        !self.handle.is_closed()
            && self.methods.as_ref().is_none_or(|methods| methods.contains(&kind))
    }

    /// Notes what came of an attempt.
    fn judge(&mut self, what: &str, result: Option<AuthResult>) -> bool {
        match result {
            Some(AuthResult::Success) => return true,
            Some(AuthResult::Failure { remaining_methods, partial_success }) => {
                let word = if partial_success { "accepted, not enough" } else { "refused" };
                self.tried.push(format!("{what} {word}"));
                if !remaining_methods.is_empty() {
                    self.methods = Some(remaining_methods);
                }
            }
            None => self.tried.push(format!("{what} got no answer")),
        }
        false
    }

    async fn agent(&mut self, socket: Option<&Path>) -> Option<Agent> {
        let socket = socket?;
        match timeout(PATIENCE, Agent::connect_uds(socket)).await {
            Ok(Ok(agent)) => Some(agent),
            Ok(Err(error)) => {
                self.tried.push(format!("agent `{}`: {error}", socket.display()));
                None
            }
            Err(_) => {
                self.tried.push(format!("agent `{}` does not answer", socket.display()));
                None
            }
        }
    }

    async fn identities(&mut self, agent: &mut Agent) -> Vec<AgentIdentity> {
        if let Some(binding) = self.handle.agent_session_binding() {
            // Only agents with keys restricted to hosts need it; others refuse the request.
            let _ = timeout(PATIENCE, agent.bind_session(binding, false)).await;
        }
        match timeout(PATIENCE, agent.request_identities()).await {
            Ok(Ok(identities)) => identities,
            Ok(Err(error)) => {
                self.tried.push(format!("agent: {error}"));
                Vec::new()
            }
            Err(_) => {
                self.tried.push("the agent does not answer".into());
                Vec::new()
            }
        }
    }

    /// Tries a configured key: by the agent if that holds it, else from its file.
    async fn key(
        &mut self,
        path: &Path,
        agent: Option<&mut Agent>,
        identities: &mut Vec<AgentIdentity>,
    ) -> bool {
        if !self.allows(MethodKind::PublicKey) {
            return false;
        }
        let held = public_half(path).and_then(|public| {
            identities.iter().position(|identity| {
                matches!(identity, AgentIdentity::PublicKey { key, .. }
                    if key.key_data() == public.key_data())
            })
        });
        if let (Some(agent), Some(at)) = (agent, held) {
            let identity = identities.remove(at);
            return self.with_agent(agent, &identity).await;
        }
        let identity = match self.keys.load(path).await {
            Ok(identity) => identity,
            Err(reason) => {
                self.tried.push(reason);
                return false;
            }
        };
        if let Some(certificate) = identity.certificate.clone() {
            let key = identity.key.clone();
            let login = self.handle.authenticate_openssh_cert(&self.user, key, certificate);
            let result = timeout(PATIENCE, login).await.ok().and_then(Result::ok);
            if self.judge(&format!("certificate of `{}`", path.display()), result) {
                return true;
            }
            if !self.allows(MethodKind::PublicKey) {
                return false;
            }
        }
        let hash = self.rsa_hash(identity.key.algorithm().is_rsa()).await;
        let key = PrivateKeyWithHashAlg::new(identity.key.clone(), hash);
        let login = self.handle.authenticate_publickey(&self.user, key);
        let result = timeout(PATIENCE, login).await.ok().and_then(Result::ok);
        self.judge(&format!("key `{}`", path.display()), result)
    }

    async fn with_agent(&mut self, agent: &mut Agent, identity: &AgentIdentity) -> bool {
        if !self.allows(MethodKind::PublicKey) {
            return false;
        }
        let (what, result) = match identity {
            AgentIdentity::PublicKey { key, comment } => {
                let hash = self.rsa_hash(key.algorithm().is_rsa()).await;
                let login =
                    self.handle.authenticate_publickey_with(&self.user, key.clone(), hash, agent);
                (format!("agent's key `{comment}`"), timeout(PATIENCE, login).await)
            }
            AgentIdentity::Certificate { certificate, comment } => {
                let hash = self.rsa_hash(certificate.algorithm().is_rsa()).await;
                let certificate = certificate.clone();
                let login =
                    self.handle.authenticate_certificate_with(&self.user, certificate, hash, agent);
                (format!("agent's certificate `{comment}`"), timeout(PATIENCE, login).await)
            }
        };
        match result {
            Ok(Ok(result)) => self.judge(&what, Some(result)),
            Ok(Err(error)) => {
                self.tried.push(format!("{what}: {error}"));
                false
            }
            Err(_) => self.judge(&what, None),
        }
    }

    /// The strongest signature hash the server takes for RSA keys; asked only when needed, since
    /// a server that does not say costs a second.
    async fn rsa_hash(&self, is_rsa: bool) -> Option<HashAlg> {
        if !is_rsa {
            return None;
        }
        match self.handle.best_supported_rsa_hash().await {
            Ok(Some(hash)) => hash,
            Ok(None) | Err(_) => Some(HashAlg::Sha512),
        }
    }

    async fn password(&mut self, password: &Secret) -> bool {
        if !self.allows(MethodKind::Password) {
            return false;
        }
        let login = self.handle.authenticate_password(&self.user, password.expose());
        let result = timeout(PATIENCE, login).await.ok().and_then(Result::ok);
        self.judge("password", result)
    }

    /// Answers the first hidden question with the password; a second one means it was wrong, or
    /// that something else is wanted.
    async fn interactive(&mut self, password: &Secret) -> bool {
        if !self.allows(MethodKind::KeyboardInteractive) {
            return false;
        }
        let start = self.handle.authenticate_keyboard_interactive_start(&self.user, None);
        let mut answer = timeout(PATIENCE, start).await;
        let mut password = Some(password);
        for _ in 0..ROUNDS {
            let prompts = match answer {
                Ok(Ok(KeyboardInteractiveAuthResponse::Success)) => return true,
                Ok(Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. })) => prompts,
                Ok(Ok(KeyboardInteractiveAuthResponse::Failure {
                    remaining_methods,
                    partial_success,
                })) => {
                    let result = AuthResult::Failure { remaining_methods, partial_success };
                    return self.judge("keyboard-interactive", Some(result));
                }
                Ok(Err(_)) | Err(_) => return self.judge("keyboard-interactive", None),
            };
            let mut reply = |echo: bool| match if echo { None } else { password.take() } {
                Some(password) => password.expose().to_owned(),
                None => String::new(),
            };
            let replies = prompts.iter().map(|prompt| reply(prompt.echo)).collect();
            let respond = self.handle.authenticate_keyboard_interactive_respond(replies);
            answer = timeout(PATIENCE, respond).await;
        }
        self.judge("keyboard-interactive", None)
    }
}
