//! etcd on a host, laid out exactly as Kubespray's `host` deployment does.

use super::LabError;
use super::host::{container, script};
use super::process::Process;
use super::state::Host;
use std::path::Path;
use std::time::Duration;

const UNIT: &str = include_str!("scripts/etcd.service");
const INSTALL: &str = include_str!("scripts/install-member.sh");
/// A first election takes up to two election timeouts of 5 s each.
const START: Duration = Duration::from_secs(90);

/// Puts programs, certificates, configuration and unit on a host.
pub(super) async fn install(
    lab: &str,
    host: &Host,
    members: &[Host],
    programs: &Path,
    pki: &Path,
) -> Result<(), LabError> {
    script(lab, &host.name, "mkdir -p /etc/ssl/etcd/ssl").output().await?;
    for (from, to) in [(programs, "/usr/local/bin"), (pki, "/etc/ssl/etcd/ssl")] {
        let to = format!("{}:{to}", container(lab, &host.name));
        Process::docker().arg("cp").arg(from.join(".")).arg(to).output().await?;
    }
    let input = format!(
        "set -eu\ncat >/etc/etcd.env <<'END'\n{}END\n\
         cat >/etc/systemd/system/etcd.service <<'END'\n{UNIT}END\n{INSTALL}",
        environment(host, members)
    );
    let install = ["exec", "--interactive", &container(lab, &host.name), "sh", "-s"];
    Process::docker().args(install).input(input).output().await.map(drop)
}

/// Starts etcd. With `Type=notify` this ends when the member serves, so members start together.
pub(super) async fn start(lab: &str, host: &Host) -> Result<(), LabError> {
    let start = "systemctl start etcd && exit
                 journalctl --unit etcd --lines 5 --output cat --no-pager >&2; exit 1";
    script(lab, &host.name, start).deadline(START).output().await.map(drop)
}

/// `/etc/etcd.env` of a first member, with Kubespray's values.
fn environment(host: &Host, members: &[Host]) -> String {
    let address = &host.address;
    let cluster = members
        .iter()
        .map(|member| format!("{}=https://{}:2380", member.member_name(), member.address))
        .collect::<Vec<_>>()
        .join(",");
    let name = host.member_name();
    let certificates = "/etc/ssl/etcd/ssl";
    let host = &host.name;
    format!(
        "# Environment file of etcd\n\
         ETCD_DATA_DIR=/var/lib/etcd\n\
         ETCD_ADVERTISE_CLIENT_URLS=https://{address}:2379\n\
         ETCD_INITIAL_ADVERTISE_PEER_URLS=https://{address}:2380\n\
         ETCD_INITIAL_CLUSTER_STATE=new\n\
         ETCD_METRICS=basic\n\
         ETCD_LISTEN_CLIENT_URLS=https://{address}:2379,https://127.0.0.1:2379\n\
         ETCD_ELECTION_TIMEOUT=5000\n\
         ETCD_HEARTBEAT_INTERVAL=250\n\
         ETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd\n\
         ETCD_LISTEN_PEER_URLS=https://{address}:2380\n\
         ETCD_NAME={name}\n\
         ETCD_PROXY=off\n\
         ETCD_INITIAL_CLUSTER={cluster}\n\
         ETCD_AUTO_COMPACTION_RETENTION=8\n\
         ETCD_SNAPSHOT_COUNT=100000\n\
         ETCD_QUOTA_BACKEND_BYTES=2147483648\n\
         ETCD_MAX_REQUEST_BYTES=1572864\n\
         ETCD_LOG_LEVEL=info\n\
         ETCD_MAX_SNAPSHOTS=5\n\
         ETCD_MAX_WALS=5\n\
         # TLS settings\n\
         ETCD_TRUSTED_CA_FILE={certificates}/ca.pem\n\
         ETCD_CERT_FILE={certificates}/member-{host}.pem\n\
         ETCD_KEY_FILE={certificates}/member-{host}-key.pem\n\
         ETCD_CLIENT_CERT_AUTH=true\n\
         ETCD_PEER_TRUSTED_CA_FILE={certificates}/ca.pem\n\
         ETCD_PEER_CERT_FILE={certificates}/member-{host}.pem\n\
         ETCD_PEER_KEY_FILE={certificates}/member-{host}-key.pem\n\
         ETCD_PEER_CLIENT_CERT_AUTH=True\n\
         # CLI settings\n\
         ETCDCTL_ENDPOINTS=https://127.0.0.1:2379\n\
         ETCDCTL_CACERT={certificates}/ca.pem\n\
         ETCDCTL_KEY={certificates}/admin-{host}-key.pem\n\
         ETCDCTL_CERT={certificates}/admin-{host}.pem\n"
    )
}

/// What a script begins with to call `etcdctl` on a member: Kubespray's CLI settings, and
/// deadlines.
pub(super) const ETCDCTL: &str = "set -a; . /etc/etcd.env; set +a; export ETCDCTL_API=3
etcdctl() { command etcdctl --dial-timeout=3s --command-timeout=5s \"$@\"; }
";
