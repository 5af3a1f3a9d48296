//! What can happen to a host.

use super::network::object;
use super::process::Process;
use super::{DataDirectory, Lab, LabError, host};
use std::time::Duration;

/// A shutdown stops services first.
const SHUTDOWN: Duration = Duration::from_secs(60);

/// One thing that happens to a host, or that puts it right again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// A power cut
    Kill,
    /// An orderly shutdown
    Stop,
    /// Power on; on a host that is on, start etcd
    Start,
    /// etcd stopped, the host stays
    StopEtcd,
    /// The data directory emptied under a member that then starts again
    WipeData,
    /// Programs, certificates, configuration and data of etcd gone; host keys stay
    Wipe,
    /// The data file damaged under a member that then starts again
    Corrupt,
    /// Reinstalled: the same name and address, new host keys, nothing of etcd
    Replace,
    /// The network cut
    Partition,
    /// The network back, and a filled disk freed
    Heal,
    /// The data disk full; the lab needs `--data-size`
    FillDisk,
}

const WIPE_DATA: &str = "set -e; systemctl stop etcd
find /var/lib/etcd -mindepth 1 -delete
systemctl start --no-block etcd";

const WIPE: &str = "set -e; systemctl disable --now --quiet etcd
rm -f /etc/systemd/system/etcd.service /etc/etcd.env
systemctl daemon-reload
rm -f /usr/local/bin/etcd /usr/local/bin/etcdctl /usr/local/bin/etcdutl
rm -rf /etc/ssl/etcd
find /var/lib/etcd -mindepth 1 -delete
rmdir /var/lib/etcd 2>/dev/null || mountpoint -q /var/lib/etcd
userdel etcd";

/// Both of bbolt's meta pages, and pages behind them: nothing can open the file.
const CORRUPT: &str = "set -e; systemctl stop etcd
dd if=/dev/urandom of=/var/lib/etcd/member/snap/db bs=4096 count=4 conv=notrunc 2>/dev/null
systemctl start --no-block etcd";

const FILLING: &str = "/var/lib/etcd/.lab-filling";

impl Lab {
    /// Does to a host what `fault` says.
    pub async fn inflict(&mut self, host: &str, fault: Fault) -> Result<(), LabError> {
        match fault {
            Fault::Kill => self.kill(host).await,
            Fault::Stop => self.stop(host).await,
            Fault::Start => self.start(host).await,
            Fault::StopEtcd => self.stop_etcd(host).await,
            Fault::WipeData => self.exec(host, WIPE_DATA).await.map(drop),
            Fault::Wipe => self.exec(host, WIPE).await.map(drop),
            Fault::Corrupt => self.exec(host, CORRUPT).await.map(drop),
            Fault::Replace => self.replace(host).await,
            Fault::Partition => self.partition(host).await,
            Fault::Heal => self.heal(host).await,
            Fault::FillDisk => self.fill_disk(host).await,
        }
    }

    /// Cuts a host's power.
    pub async fn kill(&self, host: &str) -> Result<(), LabError> {
        self.docker(host, &["kill"]).await
    }

    /// Shuts a host down.
    pub async fn stop(&self, host: &str) -> Result<(), LabError> {
        self.docker(host, &["stop", "-t", &(SHUTDOWN.as_secs() / 2).to_string()]).await
    }

    /// Powers a host on and waits until it lets users in; on a host that is on, starts etcd. etcd
    /// is not waited for: without quorum it never comes.
    pub async fn start(&self, host: &str) -> Result<(), LabError> {
        if self.host_status(host).await?.is_running() {
            return self.exec(host, "systemctl start --no-block etcd").await.map(drop);
        }
        self.docker(host, &["start"]).await?;
        host::wait_for_login(self.name(), host).await
    }

    /// Stops etcd on a host.
    pub async fn stop_etcd(&self, host: &str) -> Result<(), LabError> {
        self.exec(host, "systemctl stop etcd").await.map(drop)
    }

    /// Cuts a host off the network. Its processes go on.
    pub async fn partition(&self, host: &str) -> Result<(), LabError> {
        self.docker(host, &["network", "disconnect", &object(self.name())]).await
    }

    /// Puts a host back on the network where it was cut off, and frees a disk that was filled.
    pub async fn heal(&self, host: &str) -> Result<(), LabError> {
        if host::inspect(self.name(), host).await?.is_some_and(|(_, connected)| !connected) {
            let address = &self.host(host)?.address;
            let connect = ["network", "connect", "--ip", address, "--alias", host];
            self.docker(host, &[&connect[..], &[&object(self.name())]].concat()).await?;
        }
        if self.host_status(host).await?.is_running() {
            self.exec(host, &format!("rm -f {FILLING}")).await?;
        }
        Ok(())
    }

    /// Fills a host's data disk to the last byte.
    pub async fn fill_disk(&self, host: &str) -> Result<(), LabError> {
        if !matches!(self.state.spec.data, DataDirectory::Sized(_)) {
            let reason = "the data directory shares this machine's disk, which must not be filled; \
                          boot a lab with `--data-size 256m`";
            return Err(LabError::invalid(reason));
        }
        // dd ends with an error, as it must; what counts is that nothing more fits.
        let fill = format!(
            "dd if=/dev/zero of={FILLING} bs=4096 2>/dev/null
             test \"$(df --output=avail /var/lib/etcd | tail -n 1)\" -eq 0"
        );
        self.exec(host, &fill).await.map(drop)
    }

    async fn docker(&self, host: &str, command: &[&str]) -> Result<(), LabError> {
        self.host(host)?;
        let container = host::container(self.name(), host);
        let process = Process::docker().args(command).arg(container);
        process.deadline(SHUTDOWN).output().await.map(drop)
    }
}
