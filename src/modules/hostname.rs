//! `hostname`: the host's name, now and after the next boot.

use super::host_script::HostScript;
use super::seen::Seen;
use super::{Args, Context, FACTS, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use serde_json::json;

/// The module.
#[derive(Debug)]
pub(super) struct Hostname;

/// A name of the kernel is no longer, `HOST_NAME_MAX` of Linux.
const LONGEST: usize = 64;

#[async_trait]
impl Module for Hostname {
    fn name(&self) -> &'static str {
        "hostname"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("name"),
                Parameter::optional("use")
                    .one_of(&["generic", "debian", "systemd", "redhat", "alpine"]),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let name = wanted(args)?;
        let script = HostScript::default()
            .set("name", &name)
            .set("use", &args.text("use")?.unwrap_or_default())
            .then(include_str!("hostname.sh"));
        let look = script.clone().then("look");
        let output = look.run(context, "looking at the host's name", "hostname").await?;
        let seen = Seen::parse(&output.stdout_text());
        let (now, later) = (seen.text("now"), seen.text("later"));
        let generic = seen.text("way") == Some("generic");
        let changed = now != Some(&name) || (!generic && later != Some(&name));
        let full =
            if changed { name.clone() } else { seen.text("full").unwrap_or(&name).to_owned() };
        let mut outcome = Outcome { changed, ..Outcome::default() };
        if changed && context.diff {
            let before = if now == Some(&name) { later } else { now };
            outcome.diff =
                format!("-hostname = {}\n+hostname = {name}\n", before.unwrap_or_default());
        }
        if changed && !context.check {
            script.then("change").run(context, "naming the host", "hostname").await?;
        }
        let (short, domain) = (name.split('.').next(), full.split_once('.').map(|(_, it)| it));
        let facts = json!({
            "ansible_hostname": short, "ansible_nodename": name, "ansible_fqdn": full,
            "ansible_domain": domain.unwrap_or_default(),
        });
        Ok(outcome.with("name", name).with(FACTS, facts))
    }
}

fn wanted(args: &Args) -> Result<String, ModuleError> {
    let name = args.required_text("name")?;
    let usable = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if name.is_empty() || name.starts_with(['-', '.']) || !name.chars().all(usable) {
        return Err(ModuleError::Argument {
            name: "name".to_owned(),
            reason: format!("is no name of a host: `{name}`"),
        });
    }
    if name.len() > LONGEST {
        return Err(ModuleError::Argument {
            name: "name".to_owned(),
            reason: format!("cannot be longer than {LONGEST} characters"),
        });
    }
    Ok(name)
}
