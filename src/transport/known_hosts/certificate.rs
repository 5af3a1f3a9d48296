//! Host certificates: what an `@cert-authority` line vouches for.

use super::{Distrust, HostKey, KnownHost, Mark};
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, HashAlg, PublicKey};

impl KnownHost {
    /// Whether the certificate proves that the host is the host at `now` (seconds since 1970).
    ///
    /// One that no known authority signed counts for as much as the key in it.
    pub(in crate::transport) fn check_certificate(
        &self,
        certificate: &Certificate,
        now: u64,
    ) -> Result<(), Distrust> {
        let key = host_key(certificate.public_key())?;
        let authority = host_key(certificate.signature_key())?;
        self.not_revoked(&key)?;
        self.not_revoked(&authority)?;
        let signed_by = self.marked(Mark::Authority).find(|entry| entry.key == authority);
        let Some(signed_by) = signed_by else { return self.check(&key) };
        let invalid = |what: String| Distrust {
            reason: format!(
                "its certificate `{}`, signed by the authority at {}, {what}",
                certificate.key_id(),
                signed_by.place()
            ),
            hint: format!("have a new certificate made out to `{}`", self.principal),
        };
        if !certificate.cert_type().is_host() {
            return Err(invalid("is one of a user".into()));
        }
        let principals = certificate.valid_principals();
        if !principals.is_empty() && !principals.contains(&self.principal) {
            let names = principals.join(", ");
            return Err(invalid(format!("is not made out to `{}` but to {names}", self.principal)));
        }
        if now < certificate.valid_after() {
            return Err(invalid("is not valid yet; is the clock right?".into()));
        }
        if now >= certificate.valid_before() {
            return Err(invalid("has expired".into()));
        }
        if let Some((option, _)) = certificate.critical_options().iter().next() {
            return Err(invalid(format!("has the critical option `{option}`, which is not known")));
        }
        let fingerprint = certificate.signature_key().fingerprint(HashAlg::Sha256);
        certificate
            .validate_at(now, [&fingerprint])
            .map_err(|_| invalid("does not bear its signature".into()))
    }
}

fn host_key(data: &KeyData) -> Result<HostKey, Distrust> {
    let key = PublicKey::from(data.clone());
    let blob = key.to_bytes().map_err(|error| Distrust {
        reason: format!("its certificate cannot be read: {error}"),
        hint: "look at the server's `HostCertificate`".into(),
    })?;
    let kind = match data.algorithm() {
        russh::keys::Algorithm::Rsa { .. } => "ssh-rsa".to_owned(),
        other => other.as_str().to_owned(),
    };
    Ok(HostKey { kind, blob })
}
