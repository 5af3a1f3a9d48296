//! `pki`: etcd's certificates of one host, as Kubespray names them.
//!
//! `action: issue` makes the keys on the host, where they stay; only the signing request travels
//! (I-26). It is signed on the host that has the CA's key; a CA is never created (I-19).
//! `action: forget` removes exactly the six files of a host that is gone for good (I-18).

mod names;

#[cfg(test)]
mod tests;

use super::args::whole_number;
use super::etcdctl::{CERT_DIR, DEFAULT_CERT_DIR, cert_dir};
use super::host_script::{HostScript, given, run_directory, text_or};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::{Input, quote};
use async_trait::async_trait;
use names::{alternative_names, covers};

/// The module.
pub(super) struct Pki;

/// A certificate that expires within a month is issued anew.
const EXPIRES_SOON: u64 = 30 * 24 * 3600;

/// The kinds of certificates that a host has, and what Kubespray calls their subjects.
const KINDS: [&str; 3] = ["member", "admin", "node"];

const PARAMETERS: &[Parameter] = &[
    Parameter::required("action").one_of(&["forget", "issue"]),
    Parameter::optional("ca_host"),
    Parameter::optional("addresses"),
    Parameter::optional("alt_names"),
    Parameter::optional("days"),
    Parameter::optional("key_size"),
    Parameter::optional("owner"),
    Parameter::optional("hosts"),
    Parameter::optional("remote_dir"),
    CERT_DIR,
];

#[async_trait]
impl Module for Pki {
    fn name(&self) -> &'static str {
        "pki"
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn preview(&self, args: &Args) -> Vec<String> {
        let cert_dir = text_or(args, "cert_dir", DEFAULT_CERT_DIR).unwrap_or_default();
        if args.text("action").ok().flatten().as_deref() == Some("forget") {
            let hosts = args.list("hosts").unwrap_or_default();
            return hosts
                .iter()
                .map(|host| format!("rm {cert_dir}/{{member,admin,node}}-{host}{{,-key}}.pem"))
                .collect();
        }
        vec![
            "openssl genrsa; openssl req -new".to_owned(),
            format!("openssl x509 -req -CA {cert_dir}/ca.pem -CAkey {cert_dir}/ca-key.pem"),
        ]
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        match args.required_text("action")?.as_str() {
            "forget" => forget(context, args).await,
            "issue" => Issue::new(context, args)?.run().await,
            action => Err(ModuleError::Argument {
                name: "action".to_owned(),
                reason: format!("cannot be `{action}`"),
            }),
        }
    }
}

struct Issue<'a> {
    context: &'a Context,
    args: &'a Args,
    cert_dir: String,
    directory: String,
    /// What the certificates have to name: this host's own addresses.
    addresses: Vec<String>,
}

impl<'a> Issue<'a> {
    fn new(context: &'a Context, args: &'a Args) -> Result<Self, ModuleError> {
        Ok(Self {
            context,
            args,
            cert_dir: cert_dir(context, args)?,
            directory: run_directory(context, args)?,
            addresses: names::hosts_of(&args.list("addresses")?)?,
        })
    }

    async fn run(&self) -> Result<Outcome, ModuleError> {
        let ca_host = given(self.args, "ca_host")?.ok_or_else(|| ModuleError::Refused {
            reason: "no reachable host has the key of etcd's CA (I-19)".to_owned(),
            hint: "bring `ca-key.pem` back to one etcd host; a new CA is never made".to_owned(),
        })?;
        let signer = self.context.on(&ca_host).await?;
        let ca = self.ca_certificate(&signer).await?;
        let wanting = self.wanting(&ca).await?;
        if wanting.is_empty() {
            return Ok(Outcome::ok("the certificates are good"));
        }
        if self.context.check {
            return Ok(Outcome::changed(format!("would issue {}", wanting.join(", "))));
        }
        for kind in &wanting {
            self.issue(kind, &signer, &ca).await?;
        }
        // Issuing is not the goal, good certificates are.
        let still = self.wanting(&ca).await?;
        if !still.is_empty() {
            return Err(ModuleError::Failed(format!(
                "the certificates {} are not good although they were issued: is the clock right?",
                still.join(", ")
            )));
        }
        Ok(Outcome::changed(format!("issued {}", wanting.join(", "))))
    }

    async fn ca_certificate(&self, signer: &Context) -> Result<String, ModuleError> {
        let script = format!("cat {}", quote(&format!("{}/ca.pem", self.cert_dir)));
        let output = signer.must("reading etcd's CA certificate", script).await?;
        Ok(output.stdout_text())
    }

    /// The kinds of certificates that are missing or not good, in order.
    async fn wanting(&self, ca: &str) -> Result<Vec<&'static str>, ModuleError> {
        let output = HostScript::default()
            .set("cert_dir", &self.cert_dir)
            .set("host", self.context.connection.host())
            .set("check_seconds", &EXPIRES_SOON.to_string())
            .then(include_str!("look.sh"))
            .run_with(self.context, "looking at the certificates", "openssl x509", bytes(ca))
            .await?;
        let text = output.stdout_text();
        let value = |key: &str| {
            text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or("")
        };
        let good = |kind: &str| {
            value(kind) == "good" && covers(value(&format!("{kind}.names")), &self.addresses)
        };
        // The CA is put in place together with each certificate.
        let all = value("ca") != "good";
        Ok(KINDS.into_iter().filter(|kind| all || !good(kind)).collect())
    }

    async fn issue(&self, kind: &str, signer: &Context, ca: &str) -> Result<(), ModuleError> {
        let host = self.context.connection.host();
        let short = host.split('.').next().unwrap_or(host);
        let request = HostScript::default()
            .set("directory", &self.directory)
            .set("kind", kind)
            .set("host", host)
            .set("common_name", &format!("etcd-{kind}-{short}"))
            .set("bits", &whole_number(self.args, "key_size")?.unwrap_or(2048).to_string())
            .then(include_str!("request.sh"))
            .run(self.context, "making a key", "openssl genrsa")
            .await?
            .stdout_text();
        let certificate = HostScript::default()
            .set("cert_dir", &self.cert_dir)
            .set("names", &alternative_names(host, &self.addresses, &self.alt_names()?))
            .set("days", &whole_number(self.args, "days")?.unwrap_or(36500).to_string())
            .then(include_str!("sign.sh"))
            .run_with(signer, "signing a certificate", "openssl x509 -req", bytes(&request))
            .await?
            .stdout_text();
        HostScript::default()
            .set("directory", &self.directory)
            .set("cert_dir", &self.cert_dir)
            .set("kind", kind)
            .set("host", host)
            .set("ca", ca)
            .set("owner", &text_or(self.args, "owner", "etcd")?)
            .then(include_str!("place.sh"))
            .run_with(self.context, "putting a certificate in place", "mv", bytes(&certificate))
            .await?;
        Ok(())
    }

    fn alt_names(&self) -> Result<Vec<String>, ModuleError> {
        let names = self.args.list("alt_names")?;
        if !names.is_empty() {
            return Ok(names);
        }
        // Kubespray's `etcd_cert_alt_names`.
        let defaults = [
            "etcd.kube-system.svc.cluster.local",
            "etcd.kube-system.svc",
            "etcd.kube-system",
            "etcd",
        ];
        Ok(defaults.map(String::from).to_vec())
    }
}

fn bytes(text: &str) -> Input {
    Input::Bytes(text.to_owned().into())
}

async fn forget(context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
    let hosts = args.list("hosts")?;
    if let Some(strange) = hosts.iter().find(|host| !names::is_host(host)) {
        return Err(ModuleError::Argument {
            name: "hosts".to_owned(),
            reason: format!("has `{strange}`, which is no host's name"),
        });
    }
    let cert_dir = cert_dir(context, args)?;
    let output = HostScript::default()
        .set("directory", &run_directory(context, args)?)
        .set("cert_dir", &cert_dir)
        .set("hosts", &hosts.join(" "))
        .set("check", if context.check { "yes" } else { "no" })
        .then(include_str!("forget.sh"))
        .run(context, "removing certificates", "rm")
        .await?;
    let text = output.stdout_text();
    let with = |verb: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.strip_prefix(verb)).map(str::to_owned).collect()
    };
    let (removed, kept) = (with("removed "), with("kept "));
    let outcome = if removed.is_empty() {
        Outcome::ok("there is nothing to remove")
    } else {
        let verb = if context.check { "would remove" } else { "removed" };
        Outcome::changed(format!("{verb} {}", removed.join(", ")))
    };
    Ok(outcome.with("removed", removed).with("kept", kept))
}
