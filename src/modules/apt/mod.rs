//! `apt`: packages of Debian and its descendants, without Python's bindings.
//!
//! What would change is what `apt-get --simulate` says; so check mode tells the truth, and nothing is
//! called changed that was not.

mod wanted;

use super::host_script::HostScript;
use super::seen::Seen;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::quote;
use async_trait::async_trait;
use wanted::{Compare, Spec, Wanted};

/// The module.
#[derive(Debug)]
pub(super) struct Apt;

const ENVIRONMENT: &str = "export PATH=\"$PATH:/sbin:/usr/sbin\" LC_ALL=C \
                           DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical\n";

#[async_trait]
impl Module for Apt {
    fn name(&self) -> &'static str {
        "apt"
    }

    fn parameters(&self) -> &'static [Parameter] {
        wanted::PARAMETERS
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wanted = Wanted::read(args)?;
        let seen = wanted.look(context).await?;
        let updated = seen.has("updated");
        let mut outcome = Outcome::default();
        let manual = wanted.by_hand(&seen);
        if !manual.is_empty() && !context.check {
            context
                .must("marking packages", format!("{ENVIRONMENT}apt-mark manual {manual}"))
                .await?;
        }
        for words in wanted.commands(context, &seen).await? {
            let simulated = wanted.apt_get(context, &format!("--simulate {words}")).await?;
            if !changes(&simulated.stdout) {
                continue;
            }
            let done =
                if context.check { simulated } else { wanted.apt_get(context, &words).await? };
            outcome.changed = true;
            outcome.stdout.push_str(&done.stdout);
            outcome.stderr.push_str(&done.stderr);
            if context.diff {
                outcome.diff.push_str(&summary(&done.stdout));
            }
        }
        if wanted.clean {
            outcome.changed |= clean(context).await?;
        }
        let nothing_else =
            wanted.specs.is_empty() && wanted.deb.is_none() && wanted.upgrade.is_none();
        outcome.changed |= nothing_else && updated;
        let time = seen.text("time").and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        Ok(outcome.with("cache_updated", updated).with("cache_update_time", time))
    }
}

impl Wanted {
    async fn look(&self, context: &Context) -> Result<Seen, ModuleError> {
        let names: Vec<&str> = self.specs.iter().map(|spec| spec.name.as_str()).collect();
        let flag = |on: bool| if on { "yes" } else { "" };
        let script = HostScript::default()
            .set("update", flag(self.update))
            .set("valid", &self.valid.to_string())
            .set("check", flag(context.check))
            .set("retries", &self.retries.to_string())
            .set("longest_delay", &self.longest_delay.to_string())
            .set("names", &names.join(" "))
            .set("deb", self.deb.as_deref().unwrap_or_default())
            .then(include_str!("look.sh"));
        let output = script.run(context, "looking at packages", "apt-get update").await?;
        Ok(Seen::parse(&output.stdout_text()))
    }

    /// Packages that were installed for others, and are wanted for themselves now.
    fn by_hand(&self, seen: &Seen) -> String {
        if !matches!(self.state.as_str(), "present" | "latest") {
            return String::new();
        }
        let names = seen.lines("automatic").map(quote);
        names.collect::<Vec<_>>().join(" ")
    }

    /// What `apt-get` is asked to do.
    async fn commands(&self, context: &Context, seen: &Seen) -> Result<Vec<String>, ModuleError> {
        let auto = if self.autoremove { "--auto-remove " } else { "" };
        let purge = if self.purge { "--purge " } else { "" };
        let mut commands = Vec::new();
        if let Some(upgrade) = self.upgrade.or(self.everything.then_some("upgrade --with-new-pkgs"))
        {
            commands.push(format!("{auto}{upgrade}"));
        }
        if let Some(deb) = &self.deb {
            commands.extend(self.deb_command(context, deb, seen).await?);
        }
        let list = self.list(context, seen).await?;
        let install = format!("{auto}{}", if self.only_upgrade { "--only-upgrade " } else { "" });
        match self.state.as_str() {
            "fixed" => commands.push(format!("{install}--fix-broken install {}", list.join(" "))),
            _ if list.is_empty() => {}
            "absent" => commands.push(format!("{purge}{auto}remove {}", list.join(" "))),
            "build-dep" => commands.push(format!("build-dep {}", list.join(" "))),
            _ => commands.push(format!("{install}install {}", list.join(" "))),
        }
        if self.specs.is_empty() && self.upgrade.is_none() {
            if self.autoclean {
                commands.push("autoclean".to_owned());
            }
            if self.autoremove {
                commands.push(format!("{purge}autoremove"));
            }
        }
        Ok(commands)
    }

    /// The packages that something may have to be done about.
    async fn list(&self, context: &Context, seen: &Seen) -> Result<Vec<String>, ModuleError> {
        let mut list = Vec::new();
        for spec in &self.specs {
            let state = seen.text(&format!("package {}", spec.name)).unwrap_or_default();
            let (status, version) = state.split_once('|').unwrap_or_default();
            let installed = status.starts_with("ii") || status.starts_with("hi");
            let wanted = match self.state.as_str() {
                "build-dep" => true,
                "absent" => installed || (self.purge && status.starts_with("rc")),
                _ if !installed => !self.only_upgrade,
                "latest" => true,
                _ => !fits(context, spec, version).await?,
            };
            if wanted {
                list.push(match &spec.version {
                    Some((Compare::Like, version)) => quote(&format!("{}={version}", spec.name)),
                    _ => quote(&spec.name),
                });
            }
        }
        Ok(list)
    }

    /// Installs a package's file, unless that version is there.
    async fn deb_command(
        &self,
        context: &Context,
        deb: &str,
        seen: &Seen,
    ) -> Result<Option<String>, ModuleError> {
        let field = |name: &str| seen.lines("deb").find_map(|line| line.strip_prefix(name));
        let (Some(name), Some(version)) = (field("Package: "), field("Version: ")) else {
            return Err(ModuleError::Failed(format!("`{deb}` is not a package of Debian")));
        };
        let state = seen.text(&format!("package {name}")).unwrap_or_default();
        let installed = state.split_once('|').filter(|(status, _)| status.starts_with("ii"));
        if let Some((_, installed)) = installed {
            if installed == version {
                return Ok(None);
            }
            if !self.allow_downgrade && at_least(context, installed, version).await? {
                return Err(ModuleError::Failed(format!(
                    "a later version of `{name}` is installed, {installed}; `allow_downgrade: true` \
                     replaces it by {version}"
                )));
            }
        }
        Ok(Some(format!("install {}", quote(deb))))
    }

    async fn apt_get(&self, context: &Context, words: &str) -> Result<Outcome, ModuleError> {
        let command = format!("apt-get {} {words}", self.options);
        let output = context.sh(format!("{ENVIRONMENT}{command} </dev/null")).await?;
        let (stdout, stderr) = (output.stdout_text(), output.stderr_text());
        if !output.success() {
            let what = "changing packages".to_owned();
            return Err(ModuleError::Command { what, command, rc: output.rc, stderr });
        }
        Ok(Outcome { stdout, stderr, ..Outcome::default() })
    }
}

/// Whether an installed version is as a task wants it.
async fn fits(context: &Context, spec: &Spec, installed: &str) -> Result<bool, ModuleError> {
    match &spec.version {
        None => Ok(true),
        Some((Compare::AtLeast, version)) => at_least(context, installed, version).await,
        Some((Compare::Like, version)) => {
            let pattern = regex::escape(version).replace("\\*", ".*").replace("\\?", ".");
            Ok(regex::Regex::new(&format!("^{pattern}$")).is_ok_and(|it| it.is_match(installed)))
        }
    }
}

/// Whether one version is not older than another one, by the rules of dpkg.
async fn at_least(context: &Context, one: &str, other: &str) -> Result<bool, ModuleError> {
    let script = format!("dpkg --compare-versions {} ge {}", quote(one), quote(other));
    Ok(context.sh(script).await?.success())
}

/// Whether a simulation says that something changes.
fn changes(simulated: &str) -> bool {
    let such = ["Inst ", "Remv ", "Purg ", "Conf ", "Del "];
    simulated.lines().any(|line| such.iter().any(|word| line.starts_with(word)))
}

/// The lines that say which packages come and go.
fn summary(said: &str) -> String {
    let such = |line: &&str| line.starts_with("The following") || line.starts_with("  ");
    said.lines().filter(such).flat_map(|line| [line, "\n"]).collect()
}

/// Removes downloaded packages, and says whether there were any.
async fn clean(context: &Context) -> Result<bool, ModuleError> {
    let act = if context.check { ":" } else { "apt-get clean" };
    let script = format!(
        "{ENVIRONMENT}for file in /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb; do\n\
         if [ -e \"$file\" ]; then echo some; break; fi; done\n{act}"
    );
    let output = context.must("removing downloaded packages", script).await?;
    Ok(!output.stdout.is_empty())
}
