//! Who signs when the server has accepted a key: the agent, or a key file that is only now
//! decrypted, so that nobody is asked for the passphrase of a key the server does not want.

use super::keys::KeyRing;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::{HashAlg, PublicKey};
use std::path::Path;
use tokio::net::UnixStream;

pub(super) type Agent = AgentClient<UnixStream>;

/// Signs with one key, whether the key or a certificate for it was offered.
pub(super) enum Signer<'a> {
    /// With the key alone, or with what was offered.
    Agent(&'a mut Agent, Option<PublicKey>),
    File(&'a KeyRing, &'a Path),
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotSigned(pub(super) String);

impl From<russh::SendError> for NotSigned {
    fn from(_: russh::SendError) -> Self {
        Self("the connection was lost".into())
    }
}

impl russh::Signer for Signer<'_> {
    type Error = NotSigned;

    async fn auth_sign(
        &mut self,
        offered: &AgentIdentity,
        hash: Option<HashAlg>,
        mut to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, NotSigned> {
        let words = |error: &dyn std::fmt::Display| NotSigned(error.to_string());
        match self {
            Self::Agent(agent, key) => {
                // An agent that holds the key alone signs for a certificate of it too.
                let identity = match key {
                    Some(key) => {
                        AgentIdentity::PublicKey { key: key.clone(), comment: String::new() }
                    }
                    None => offered.clone(),
                };
                let signed = agent.sign_request(&identity, hash, to_sign).await;
                signed.map_err(|error| words(&error))
            }
            Self::File(keys, path) => {
                let key = keys.load(path).await.map_err(NotSigned)?;
                let signature = match key.key_data() {
                    KeypairData::Rsa(pair) => (pair, hash).try_sign(&to_sign),
                    other => other.try_sign(&to_sign),
                };
                let signature = signature.map_err(|error| words(&error))?;
                let signature = Vec::try_from(signature).map_err(|error| words(&error))?;
                let length = u32::try_from(signature.len()).map_err(|error| words(&error))?;
                to_sign.extend(length.to_be_bytes());
                to_sign.extend(signature);
                Ok(to_sign)
            }
        }
    }
}
