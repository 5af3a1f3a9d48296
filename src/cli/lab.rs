//! `rrecover lab`: a throw-away cluster of real hosts on this machine.

use crate::error::{Failure, Kind};
use crate::lab::{DataDirectory, EtcdVersion, Fault, Lab, LabError, Spec, render_status};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// A throw-away cluster of real hosts on this machine, to try and rehearse on
#[derive(Debug, Args)]
pub struct LabArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: LabCommand,
}

/// Which lab is meant.
#[derive(Debug, Args)]
pub struct Which {
    /// The lab's name
    #[arg(long, default_value = "lab")]
    pub name: String,
}

/// What can be done with a lab.
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Boot hosts with systemd, OpenSSH and etcd as Kubespray lays it out, a bastion in front
    Up(UpArgs),
    /// Break a host, or put it right again
    Break {
        /// The lab
        #[command(flatten)]
        which: Which,
        /// The host
        host: String,
        /// What happens to it
        #[arg(long, value_enum)]
        how: Fault,
    },
    /// Boot one more fresh host
    Add {
        /// The lab
        #[command(flatten)]
        which: Which,
    },
    /// Show how every host is
    Status {
        /// The lab
        #[command(flatten)]
        which: Which,
    },
    /// Run a script as root on a host, through Docker and not over SSH
    Exec {
        /// The lab
        #[command(flatten)]
        which: Which,
        /// The host
        host: String,
        /// The script; several words are joined by spaces
        #[arg(last = true, required = true)]
        script: Vec<String>,
    },
    /// Take the lab away: hosts, disks, network and the files it wrote
    Down {
        /// The lab
        #[command(flatten)]
        which: Which,
    },
}

/// What the lab shall be.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// The lab
    #[command(flatten)]
    pub which: Which,
    /// Where its inventory, key and state go [default: ./.lab/NAME]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// How many etcd members
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub etcd: usize,
    /// How many fresh hosts beside them, to grow onto
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub spare: usize,
    /// Which etcd
    #[arg(long, value_enum, default_value = "3.5")]
    pub etcd_version: EtcdVersion,
    /// Make /var/lib/etcd a mount point, as a dedicated disk is
    #[arg(long)]
    pub mounted_data: bool,
    /// Make /var/lib/etcd a mount point of this size, 256m for example
    #[arg(long, value_name = "SIZE", conflicts_with = "mounted_data")]
    pub data_size: Option<String>,
    /// Let sudo ask for a password; it is written to DIR/become-password
    #[arg(long)]
    pub sudo_password: bool,
    /// The network, 10.20.30.0/24 for example; auto looks for a free one
    #[arg(long, default_value = "auto")]
    pub subnet: String,
}

impl UpArgs {
    fn spec(self) -> Spec {
        let data = match (self.data_size, self.mounted_data) {
            (Some(size), _) => DataDirectory::Sized(size),
            (None, true) => DataDirectory::Mounted,
            (None, false) => DataDirectory::Plain,
        };
        Spec {
            name: self.which.name,
            directory: self.dir,
            etcd: self.etcd,
            spare: self.spare,
            etcd_version: self.etcd_version,
            data,
            sudo_password: self.sudo_password,
            subnet: Some(self.subnet).filter(|subnet| subnet != "auto"),
        }
    }
}

/// Runs `rrecover lab …` and gives what goes to standard output.
pub async fn run(args: LabArgs) -> Result<String, Failure> {
    match args.command {
        LabCommand::Up(up) => Ok(booted(&Lab::up(up.spec()).await?).await?),
        LabCommand::Break { which, host, how } => {
            let mut lab = Lab::open(&which.name).await?;
            lab.inflict(&host, how).await?;
            Ok(render_status(&[lab.host_status(&host).await?]))
        }
        LabCommand::Add { which } => {
            let mut lab = Lab::open(&which.name).await?;
            let host = lab.add().await?;
            Ok(render_status(&[lab.host_status(&host).await?]))
        }
        LabCommand::Status { which } => {
            Ok(render_status(&Lab::open(&which.name).await?.status().await?))
        }
        LabCommand::Exec { which, host, script } => {
            exec(&Lab::open(&which.name).await?, &host, &script.join(" ")).await
        }
        LabCommand::Down { which } => {
            let existed = Lab::remove(&which.name).await?;
            let said = if existed { "is gone" } else { "did not exist" };
            Ok(format!("lab `{}` {said}\n", which.name))
        }
    }
}

async fn exec(lab: &Lab, host: &str, script: &str) -> Result<String, Failure> {
    let finished = lab.run(host, script).await?;
    if finished.success() {
        return Ok(finished.stdout);
    }
    let message = format!("the script ended on `{host}` with {}", finished.status);
    let said = [finished.stdout.trim(), finished.stderr.trim()];
    let said = said.into_iter().filter(|text| !text.is_empty());
    Err(said.fold(Failure::new(Kind::HostFailed, message), Failure::cause))
}

/// How the new lab is, and how to use it.
async fn booted(lab: &Lab) -> Result<String, LabError> {
    let status = render_status(&lab.status().await?);
    let directory = lab.directory().display();
    let password = lab.become_password_path().map_or_else(String::new, |path| {
        format!("sudo       --become-password-file {}\n", path.display())
    });
    Ok(format!(
        "{status}\n\
         inventory  -i {directory}/inventory\n\
         no bastion -i {directory}/inventory-direct\n\
         {password}\
         by hand    ssh -F {directory}/ssh_config node1\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        lab: LabArgs,
    }

    fn up(arguments: &[&str]) -> Result<Spec, clap::Error> {
        let parsed = Cli::try_parse_from([&["lab", "up"], arguments].concat())?;
        match parsed.lab.command {
            LabCommand::Up(up) => Ok(up.spec()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn up_without_options_is_three_members_of_3_5_on_plain_directories() {
        assert_eq!(up(&[]).unwrap(), Spec::new("lab"));
    }

    #[test]
    fn every_option_of_up_reaches_the_spec() {
        let options = "--name x --dir /d --etcd 5 --spare 2 --etcd-version 3.4 --data-size 256m \
                       --sudo-password --subnet 10.1.2.0/24";
        let expected = Spec {
            name: "x".to_owned(),
            directory: Some("/d".into()),
            etcd: 5,
            spare: 2,
            etcd_version: EtcdVersion::V3_4,
            data: DataDirectory::Sized("256m".to_owned()),
            sudo_password: true,
            subnet: Some("10.1.2.0/24".to_owned()),
        };
        assert_eq!(up(&options.split_whitespace().collect::<Vec<_>>()).unwrap(), expected);
        assert_eq!(up(&["--mounted-data"]).unwrap().data, DataDirectory::Mounted);
    }

    #[test]
    fn a_disk_is_either_sized_or_not() {
        assert!(up(&["--mounted-data", "--data-size", "256m"]).is_err());
    }
}
