//! Telling lines of the etcd log (DOMAIN 3.8).

use crate::cluster::status::LogSign;

/// What stands in a line, in lower case, and what it means.
const SIGNS: &[(&str, LogSign)] = &[
    ("cluster id mismatch", LogSign::ClusterIdMismatch),
    ("permanently removed from the cluster", LogSign::PermanentlyRemoved),
    ("data-dir used by this member must be removed", LogSign::PermanentlyRemoved),
    ("was the raft log corrupted, truncated, or lost", LogSign::RaftLogLost),
    ("error validating peerurls", LogSign::MembershipMismatch),
    ("member count is unequal", LogSign::MembershipMismatch),
    ("unmatched member while checking peerurls", LogSign::MembershipMismatch),
    ("certificate has expired or is not yet valid", LogSign::CertificateExpired),
    ("tls: expired certificate", LogSign::CertificateExpired),
    ("tls: bad certificate", LogSign::CertificateRefused),
    ("certificate signed by unknown authority", LogSign::CertificateRefused),
    ("x509: certificate is valid for", LogSign::CertificateRefused),
    ("doesn't contain any ip sans", LogSign::CertificateRefused),
    ("initial corruption checking failed", LogSign::Corrupt),
    ("found data inconsistency with peers", LogSign::Corrupt),
    ("alarm:corrupt", LogSign::Corrupt),
    ("mvcc: database space exceeded", LogSign::NoSpace),
    ("no space left on device", LogSign::NoSpace),
    ("alarm:nospace", LogSign::NoSpace),
    ("wal: crc mismatch", LogSign::DiskBroken),
    ("freepages: failed to get all reachable pages", LogSign::DiskBroken),
    ("invalid database", LogSign::DiskBroken),
    ("file already closed", LogSign::DiskBroken),
    ("input/output error", LogSign::DiskBroken),
];

/// What etcd logs when it has come up: whatever kept it from that before is over.
const CAME_UP: &str = "ready to serve client requests";

/// The signs in a log, oldest line first, each once, in the order in which they first stand in it.
/// Lines from before etcd last came up are history.
pub(super) fn signs(lines: &[&str]) -> Vec<LogSign> {
    let since = lines.iter().rposition(|line| line.contains(CAME_UP)).map_or(0, |at| at + 1);
    let mut signs = Vec::new();
    for line in &lines[since..] {
        let line = line.to_lowercase();
        for (text, sign) in SIGNS {
            if line.contains(text) && !signs.contains(sign) {
                signs.push(*sign);
            }
        }
    }
    signs
}
