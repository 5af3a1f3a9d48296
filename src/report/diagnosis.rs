//! What `diagnose` prints: a table of hosts and checks, the verdict, what to type next.

use super::style::{Style, harmless};
use super::table::table;
use crate::cluster::decision::{Diagnosis, Finding, MemberVerdict};
use crate::cluster::status::{ClusterStatus, DataContent, HostStatus, Reach, Unit};

/// The diagnosis as text, with a newline at its end.
pub fn diagnosis(diagnosis: &Diagnosis, status: &ClusterStatus, style: Style) -> String {
    let mut rows = vec![header()];
    let mut shown = Vec::new();
    for (host, seen) in &status.hosts {
        let of_host = |finding: &&Finding| finding.host.as_deref() == Some(host);
        let finding = diagnosis.findings.iter().find(of_host);
        shown.extend(finding);
        rows.push(row(host, Some(seen), finding));
    }
    let others = diagnosis.findings.iter().filter(|finding| !shown.contains(finding));
    rows.extend(others.map(|finding| {
        let place = finding.host.clone().unwrap_or_else(|| finding.peer_urls.join(","));
        row(&place, None, Some(finding))
    }));
    let mut text = table(&rows);
    text.push('\n');
    for finding in &diagnosis.findings {
        for reason in &finding.reasons {
            let who = finding.host.as_deref().unwrap_or(&finding.name);
            text.push_str(&format!("{who}: {}\n", harmless(reason)));
        }
    }
    let quorum = &diagnosis.quorum;
    text.push_str(&format!(
        "\nquorum: {} ({} of {} voters healthy, {} needed)\n",
        if quorum.present { style.good("yes") } else { style.bad("no") },
        quorum.healthy,
        quorum.voters,
        quorum.needed
    ));
    text.push_str(&format!("verdict: {}\n", style.bold(&harmless(&diagnosis.sentence))));
    if !diagnosis.next.is_empty() {
        text.push_str(&format!("next: {}\n", harmless(&diagnosis.next)));
    }
    text
}

fn header() -> Vec<String> {
    ["HOST", "SSH", "SERVICE", "DATA", "MEMBER", "STATE", "CLOCK"].map(str::to_owned).to_vec()
}

fn row(host: &str, seen: Option<&HostStatus>, finding: Option<&Finding>) -> Vec<String> {
    let unknown = || "-".to_owned();
    let etcd = seen.and_then(|seen| seen.etcd.as_ref());
    vec![
        harmless(host),
        seen.map_or_else(unknown, |seen| reach(&seen.reach).to_owned()),
        etcd.map_or_else(unknown, |etcd| {
            let boot = if etcd.enabled { "" } else { ", disabled" };
            format!("{}{boot}", unit(etcd.unit))
        }),
        etcd.map_or_else(unknown, |etcd| data(&etcd.data.content)),
        finding.map_or_else(unknown, |finding| match finding.name.as_str() {
            "" => unknown(),
            name => harmless(name),
        }),
        finding.map_or_else(unknown, |finding| {
            let declared = if finding.declared_broken { ", declared broken" } else { "" };
            format!("{}{declared}", member(finding.verdict))
        }),
        seen.and_then(|seen| seen.clock_offset_ms).map_or_else(unknown, clock),
    ]
}

fn reach(reach: &Reach) -> &'static str {
    match reach {
        Reach::Reached => "ok",
        Reach::Unreachable { .. } => "no answer",
        Reach::Denied { .. } => "denied",
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Active => "active",
        Unit::Activating => "activating",
        Unit::Inactive => "inactive",
        Unit::Failed => "failed",
        Unit::Absent => "absent",
    }
}

fn data(content: &DataContent) -> String {
    match content {
        DataContent::Missing => "missing".to_owned(),
        DataContent::Empty => "empty".to_owned(),
        DataContent::Present { db_bytes, .. } => format!("{:.1} MiB", mebibytes(*db_bytes)),
        DataContent::Damaged { .. } => "damaged".to_owned(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

fn clock(offset_ms: i64) -> String {
    let sign = if offset_ms < 0 { '-' } else { '+' };
    let offset = offset_ms.unsigned_abs();
    format!("{sign}{}.{:03} s", offset / 1000, offset % 1000)
}

/// A member's state in words.
pub(super) fn member(verdict: MemberVerdict) -> &'static str {
    match verdict {
        MemberVerdict::Healthy => "healthy",
        MemberVerdict::Learner => "learner",
        MemberVerdict::NoQuorumSurvivor => "survivor without quorum",
        MemberVerdict::EtcdDown => "etcd is down",
        MemberVerdict::StorageLost => "storage lost",
        MemberVerdict::Corrupt => "corrupt",
        MemberVerdict::NoSpace => "no space",
        MemberVerdict::CertExpired => "certificate expired",
        MemberVerdict::CertMismatch => "certificate refused",
        MemberVerdict::ClockSkew => "clock is off",
        MemberVerdict::Unstarted => "never started",
        MemberVerdict::ForeignCluster => "of another cluster",
        MemberVerdict::HostDown => "host is down",
        MemberVerdict::ServingWithoutSsh => "serves, but no SSH",
        MemberVerdict::Denied => "does not let us look",
        MemberVerdict::NotAMember => "not a member yet",
        MemberVerdict::Unknown => "unknown",
    }
}
