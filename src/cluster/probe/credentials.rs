//! The certificates that a host's etcd accepts from clients.

use crate::redact::Secret;

/// A CA, a client certificate and its key: where they are on the host, and what is in them. They
/// stay in memory (I-26).
#[derive(Debug, Clone)]
pub(super) struct Credentials {
    pub(super) ca_path: String,
    pub(super) certificate_path: String,
    pub(super) key_path: String,
    pub(super) ca: String,
    pub(super) certificate: String,
    pub(super) key: Secret,
}
