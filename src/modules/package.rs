//! `package`: software, by whatever installs it on the host.

use super::apt::Apt;
use super::host_script::HostScript;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::quote;
use async_trait::async_trait;
use serde_json::{Map, json};

/// The module.
#[derive(Debug)]
pub(super) struct Package;

const INSTALLERS: &[&str] = &["auto", "apt", "dnf", "dnf5", "yum", "zypper", "apk"];

#[async_trait]
impl Module for Package {
    fn name(&self) -> &'static str {
        "package"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("name").or(&["pkg"]),
                Parameter::optional("state").one_of(&[
                    "present",
                    "installed",
                    "latest",
                    "absent",
                    "removed",
                ]),
                Parameter::optional("use").one_of(INSTALLERS),
                Parameter::optional("update_cache"),
                Parameter::optional("cache_valid_time"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wanted = Wanted::read(args)?;
        let installer = match args.text("use")?.filter(|name| name != "auto") {
            Some(name) => name,
            None => installer(context).await?,
        };
        if installer == "apt" {
            let mut apt = Map::new();
            apt.insert("package".to_owned(), json!(wanted.names));
            apt.insert("state".to_owned(), json!(wanted.state));
            for name in ["update_cache", "cache_valid_time"] {
                apt.extend(args.0.get(name).map(|value| (name.to_owned(), value.clone())));
            }
            return Apt.run(context, &Args(apt)).await;
        }
        if args.0.contains_key("cache_valid_time") {
            return Err(ModuleError::Argument {
                name: "cache_valid_time".to_owned(),
                reason: format!("is nothing that `{installer}` has, only `apt`"),
            });
        }
        let script = wanted.script(&installer, context.check);
        let output = script.run(context, "changing packages", &installer).await?;
        let stdout = output.stdout_text();
        let changed = stdout.lines().any(|line| line == CHANGED);
        let stdout = stdout.replace(&format!("{CHANGED}\n"), "");
        Ok(Outcome { changed, stdout, stderr: output.stderr_text(), ..Outcome::default() })
    }
}

/// What the script prints when something changed.
const CHANGED: &str = "rrecover-package-changed";

struct Wanted {
    names: Vec<String>,
    state: &'static str,
    update: bool,
}

impl Wanted {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let items = args.list("name")?;
        let names = items.iter().flat_map(|item| item.split(',')).map(|it| it.trim().to_owned());
        let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        if names.is_empty() || names.iter().any(|name| name.starts_with('-') || name.contains('\n'))
        {
            return Err(ModuleError::Argument {
                name: "name".to_owned(),
                reason: "has to be a list of packages".to_owned(),
            });
        }
        let state = match args.text("state")?.as_deref() {
            Some("absent" | "removed") => "absent",
            Some("latest") => "latest",
            _ => "present",
        };
        Ok(Self { names, state, update: args.boolean("update_cache", false)? })
    }

    /// Looks which packages something has to be done about, and does it.
    fn script(&self, installer: &str, check: bool) -> HostScript {
        let names: Vec<String> = self.names.iter().map(|name| quote(name)).collect();
        HostScript::default()
            .set("installer", installer)
            .set("state", self.state)
            .set("check", if check { "yes" } else { "" })
            .set("update", if self.update { "yes" } else { "" })
            .set("changed", CHANGED)
            .then(&format!("set -- {}", names.join(" ")))
            .then(include_str!("package.sh"))
    }
}

/// What installs packages on the host.
async fn installer(context: &Context) -> Result<String, ModuleError> {
    let script = "PATH=$PATH:/sbin:/usr/sbin\nfor name in apt-get dnf5 dnf yum zypper apk; do\n\
                  if command -v $name >/dev/null; then echo $name; exit; fi; done";
    let output = context.must("looking for what installs packages", script).await?;
    match output.stdout_text().trim() {
        "" => Err(ModuleError::Refused {
            reason: "the host has none of apt, dnf, yum, zypper and apk".to_owned(),
            hint: "install the software with `command` and the host's own tools".to_owned(),
        }),
        "apt-get" => Ok("apt".to_owned()),
        name => Ok(name.to_owned()),
    }
}
