//! `service`, `systemd`, `systemd_service`: a systemd unit runs or does not, now and at boot.
//!
//! What was done is verified by looking again: `systemctl` exiting with 0 proves little. With no
//! quorum, etcd's `Type=notify` unit never gets ready: a blocking start fails after
//! `TimeoutStartSec` although the process is fine, so `no_block` starts without waiting.

use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::quote;
use async_trait::async_trait;
use serde_json::{Map, Value, json};

/// The module, under one of its names.
#[derive(Debug)]
pub(super) struct Service(pub(super) &'static str);

const STATES: &[&str] = &["started", "stopped", "restarted", "reloaded"];

/// What `service` takes: where systemd runs, Ansible hands all of it on. `missing_ok` is ours.
const OF_SERVICE: &[Parameter] = &[
    Parameter::optional("name").or(&["service", "unit"]),
    Parameter::optional("state").one_of(STATES),
    Parameter::optional("enabled"),
    Parameter::optional("use").one_of(&["auto", "systemd"]),
    Parameter::optional("masked"),
    Parameter::optional("daemon_reload").or(&["daemon-reload"]),
    Parameter::optional("daemon_reexec").or(&["daemon-reexec"]),
    Parameter::optional("force"),
    Parameter::optional("scope").one_of(&["system", "user", "global"]),
    Parameter::optional("no_block"),
    Parameter::optional("missing_ok"),
    Parameter::refused("arguments", "systemd has no use for it; leave it out").or(&["args"]),
    Parameter::refused("pattern", "systemd has no use for it; leave it out"),
    Parameter::refused("runlevel", "systemd has no use for it; leave it out"),
    Parameter::refused("sleep", "systemd has no use for it; leave it out"),
];

/// What `systemd_service` takes; `missing_ok` is ours.
const OF_SYSTEMD: &[Parameter] = &[
    Parameter::optional("name").or(&["service", "unit"]),
    Parameter::optional("state").one_of(STATES),
    Parameter::optional("enabled"),
    Parameter::optional("masked"),
    Parameter::optional("daemon_reload").or(&["daemon-reload"]),
    Parameter::optional("daemon_reexec").or(&["daemon-reexec"]),
    Parameter::optional("force"),
    Parameter::optional("scope").one_of(&["system", "user", "global"]),
    Parameter::optional("no_block"),
    Parameter::optional("missing_ok"),
];

#[async_trait]
impl Module for Service {
    fn name(&self) -> &'static str {
        self.0
    }

    fn parameters(&self) -> &'static [Parameter] {
        if self.0 == "service" { OF_SERVICE } else { OF_SYSTEMD }
    }

    fn preview(&self, args: &Args) -> Vec<String> {
        Wanted::read(args).map(|wanted| wanted.preview()).unwrap_or_default()
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wanted = Wanted::read(args)?;
        let manager = if context.check { String::new() } else { wanted.of_manager() };
        if wanted.name.is_empty() {
            context.must("asking systemd", format!("{}{manager}:", wanted.need())).await?;
            return Ok(Outcome::default().with("name", json!(null)).with("status", json!({})));
        }
        let script = format!("{}{manager}{}", wanted.need(), wanted.look());
        let output = context.must("looking at a unit", script).await?;
        let before = Unit::parse(&output.stdout_text());
        if before.missing() {
            return wanted.without_unit(context.check);
        }
        let commands = wanted.commands(&before);
        let mut outcome = Outcome { changed: !commands.is_empty(), ..Outcome::default() };
        outcome.msg = commands.join("; ");
        if context.diff {
            outcome.diff = format!("{}\n", commands.join("\n"));
        }
        if commands.is_empty() || context.check {
            return Ok(wanted.finish(outcome, &before));
        }
        let settle = wanted.settle();
        let script = format!("{}{} || exit\n{settle}", wanted.runtime(), commands.join(" &&\n"));
        let output = context.sh(script).await?;
        if !output.success() {
            let (what, command) = (format!("unit `{}`", wanted.name), commands.join("; "));
            let stderr = output.stderr_text();
            return Err(ModuleError::Command { what, command, rc: output.rc, stderr });
        }
        let after = Unit::parse(&output.stdout_text());
        wanted.verify(&after)?;
        Ok(wanted.finish(outcome, &after))
    }
}

/// What the task wants.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the module")]
#[derive(Debug)]
struct Wanted {
    name: String,
    state: Option<String>,
    enabled: Option<bool>,
    masked: Option<bool>,
    daemon_reload: bool,
    daemon_reexec: bool,
    no_block: bool,
    force: bool,
    /// `--user` or `--global`, for units that are not the system's.
    scope: Option<String>,
    missing_ok: bool,
}

impl Wanted {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let asked = ["state", "enabled", "masked", "daemon_reload", "daemon_reexec"];
        let given = |name: &str| args.0.get(name).is_some_and(|value| !value.is_null());
        if !asked.iter().any(|name| given(name)) {
            return Err(ModuleError::Argument {
                name: "state".to_owned(),
                reason: format!("or another one of {} has to be given", asked.join(", ")),
            });
        }
        // Without a unit there is only the manager to speak to.
        let of_unit = asked[..3].iter().any(|name| given(name)) || given("name");
        let name = if of_unit { args.required_text("name")? } else { String::new() };
        let usable = |c: char| c.is_ascii_alphanumeric() || "@_.:-\\".contains(c);
        let wrong = name.is_empty() || name.starts_with('-') || !name.chars().all(usable);
        if of_unit && wrong {
            return Err(ModuleError::Refused {
                reason: format!("argument `name` is not one unit: `{name}`"),
                hint: "give the name of one service, without wildcards".to_owned(),
            });
        }
        let flag = |name| -> Result<Option<bool>, ModuleError> {
            args.text(name)?.map(|_| args.boolean(name, false)).transpose()
        };
        let state = args.text("state")?;
        if state.as_deref().is_some_and(|state| !STATES.contains(&state)) {
            return Err(ModuleError::Argument {
                name: "state".to_owned(),
                reason: format!("must be one of {}", STATES.join(", ")),
            });
        }
        Ok(Self {
            name,
            state,
            enabled: flag("enabled")?,
            masked: flag("masked")?,
            daemon_reload: args.boolean("daemon_reload", false)?,
            daemon_reexec: args.boolean("daemon_reexec", false)?,
            no_block: args.boolean("no_block", false)?,
            force: args.boolean("force", false)?,
            scope: args.text("scope")?.filter(|scope| scope != "system"),
            missing_ok: args.boolean("missing_ok", false)?,
        })
    }

    /// `systemctl` for the right manager.
    fn systemctl(&self) -> String {
        self.scope.as_ref().map_or_else(|| "systemctl".to_owned(), |it| format!("systemctl --{it}"))
    }

    /// Where a user's manager listens, when the login did not say.
    fn runtime(&self) -> &'static str {
        match self.scope {
            Some(_) => "export XDG_RUNTIME_DIR=\"${XDG_RUNTIME_DIR:-/run/user/$(id -u)}\"\n",
            None => "",
        }
    }

    /// Nothing here works without systemd.
    fn need(&self) -> String {
        format!(
            "command -v systemctl >/dev/null || {{ echo 'the host is not run by systemd: there is no \
             `systemctl`' >&2; exit 1; }}\n{}",
            self.runtime()
        )
    }

    /// What is asked of the manager itself.
    fn of_manager(&self) -> String {
        let systemctl = self.systemctl();
        let mut text = String::new();
        if self.daemon_reload {
            text.push_str(&format!("{systemctl} daemon-reload || exit\n"));
        }
        if self.daemon_reexec {
            text.push_str(&format!("{systemctl} daemon-reexec || exit\n"));
        }
        text
    }

    /// The script that tells what the unit is in.
    fn look(&self) -> String {
        let (unit, systemctl) = (quote(&self.name), self.systemctl());
        // All users' managers together run nothing.
        let show = match self.scope.as_deref() {
            Some("global") => {
                let state = format!("\"$({systemctl} is-enabled {unit} 2>/dev/null)\"");
                format!("[ -n {state} ] || echo LoadState=not-found")
            }
            _ => format!("{systemctl} show {unit} || exit"),
        };
        format!("{show}\nprintf 'Enabled='; {systemctl} is-enabled {unit} 2>/dev/null || :\n")
    }

    /// Looks after a change. A start that did not wait needs a moment until it shows.
    fn settle(&self) -> String {
        if !self.no_block || self.state.as_deref() == Some("stopped") {
            return self.look();
        }
        let (unit, systemctl) = (quote(&self.name), self.systemctl());
        format!(
            "i=0\nwhile [ $i -lt 5 ]; do\n\
             case $({systemctl} show -p ActiveState {unit}) in *=inactive) sleep 1;; *) break;; esac\n\
             i=$((i+1))\ndone\n{}",
            self.look()
        )
    }

    /// The commands that bring the unit from where it is to where it should be.
    fn commands(&self, unit: &Unit) -> Vec<String> {
        let (name, systemctl) = (quote(&self.name), self.systemctl());
        let force = if self.force { " --force" } else { "" };
        let mut commands = Vec::new();
        if self.masked.is_some_and(|masked| masked != unit.masked()) {
            let verb = if self.masked == Some(true) { "mask" } else { "unmask" };
            commands.push(format!("{systemctl}{force} {verb} {name}"));
        }
        match self.enabled {
            Some(true) if !unit.enabled() => {
                commands.push(format!("{systemctl}{force} enable {name}"));
            }
            Some(false) if unit.enabled() && !unit.fixed() => {
                commands.push(format!("{systemctl}{force} disable {name}"));
            }
            _ => {}
        }
        if let Some(verb) = self.verb(unit) {
            let no_block = if self.no_block { " --no-block" } else { "" };
            commands.push(format!("{systemctl}{no_block}{force} {verb} {name}"));
        }
        commands
    }

    fn verb(&self, unit: &Unit) -> Option<&'static str> {
        match self.state.as_deref()? {
            "started" => (!unit.running()).then_some("start"),
            "stopped" => (unit.running() || unit.active == "deactivating").then_some("stop"),
            "restarted" => Some("restart"),
            "reloaded" if unit.running() => Some("reload"),
            _ => Some("start"),
        }
    }

    /// What is done about a unit that does not exist.
    fn without_unit(&self, check: bool) -> Result<Outcome, ModuleError> {
        let nothing_to_do = self.state.as_deref().is_none_or(|state| state == "stopped")
            && self.enabled != Some(true)
            && self.masked != Some(true);
        if self.missing_ok && nothing_to_do {
            let msg = format!("there is no unit `{}`, nothing to stop", self.name);
            return Ok(Outcome::ok(msg).with("name", self.name.clone()));
        }
        // Under check mode, what would have brought the unit has not really been done.
        if check {
            let msg = format!(
                "there is no unit `{}` yet; would {}",
                self.name,
                self.preview().join("; ")
            );
            return Ok(Outcome::changed(msg).with("name", self.name.clone()));
        }
        let hint = if nothing_to_do { "; `missing_ok: true` accepts that" } else { "" };
        Err(ModuleError::Failed(format!("there is no unit `{}`{hint}", self.name)))
    }

    /// Whether what was wanted is there.
    fn verify(&self, unit: &Unit) -> Result<(), ModuleError> {
        let runs = unit.running() || (unit.kind == "oneshot" && unit.active == "inactive");
        let state_holds = match self.state.as_deref() {
            None => true,
            Some("stopped") => !unit.running() && (unit.active != "deactivating" || self.no_block),
            Some(_) => runs || (self.no_block && unit.job),
        };
        if !state_holds {
            return Err(ModuleError::Failed(format!(
                "unit `{}` is to be {} but is {} ({}); look with `journalctl -u {}`",
                self.name,
                self.state.as_deref().unwrap_or_default(),
                unit.active,
                unit.sub,
                self.name
            )));
        }
        let enabled_holds = match self.enabled {
            Some(true) => unit.enabled(),
            Some(false) => !unit.enabled() || unit.fixed(),
            None => true,
        };
        if !enabled_holds {
            let word = if self.enabled == Some(true) { "enabled" } else { "disabled" };
            return Err(ModuleError::Failed(format!(
                "unit `{}` is to be {word} but is {}",
                self.name, unit.enabled
            )));
        }
        Ok(())
    }

    fn finish(&self, outcome: Outcome, unit: &Unit) -> Outcome {
        let mut outcome =
            outcome.with("name", self.name.clone()).with("status", unit.properties.clone());
        if let Some(state) = &self.state {
            let word = if state == "stopped" { "stopped" } else { "started" };
            outcome = outcome.with("state", word);
        }
        if let Some(enabled) = self.enabled {
            outcome = outcome.with("enabled", enabled);
        }
        outcome
    }

    fn preview(&self) -> Vec<String> {
        let name = quote(&self.name);
        let mut commands = Vec::new();
        if self.daemon_reload {
            commands.push("systemctl daemon-reload".to_owned());
        }
        if let Some(enabled) = self.enabled {
            let verb = if enabled { "enable" } else { "disable" };
            commands.push(format!("systemctl {verb} {name}"));
        }
        let verb = match self.state.as_deref() {
            Some("started") => "start",
            Some("stopped") => "stop",
            Some("restarted") => "restart",
            Some("reloaded") => "reload",
            _ => return commands,
        };
        let no_block = if self.no_block { " --no-block" } else { "" };
        commands.push(format!("systemctl{no_block} {verb} {name}"));
        commands
    }
}

/// What systemd says of a unit.
#[derive(Debug, Default, PartialEq)]
struct Unit {
    /// Every property, as `systemctl show` prints it.
    properties: Map<String, Value>,
    load: String,
    active: String,
    sub: String,
    kind: String,
    job: bool,
    enabled: String,
}

impl Unit {
    fn parse(text: &str) -> Self {
        let mut unit = Self::default();
        for (key, value) in pairs(text) {
            if key == "Enabled" {
                value.clone_into(&mut unit.enabled);
                continue;
            }
            unit.properties.insert(key.to_owned(), json!(value));
            match key {
                "LoadState" => value.clone_into(&mut unit.load),
                "ActiveState" => value.clone_into(&mut unit.active),
                "SubState" => value.clone_into(&mut unit.sub),
                "Type" => value.clone_into(&mut unit.kind),
                "Job" => unit.job = !matches!(value.as_str(), "" | "0"),
                _ => {}
            }
        }
        unit
    }

    fn missing(&self) -> bool {
        self.load == "not-found"
    }

    fn running(&self) -> bool {
        matches!(self.active.as_str(), "active" | "activating" | "reloading")
    }

    fn masked(&self) -> bool {
        self.load == "masked" || self.enabled.starts_with("masked")
    }

    /// Whether it starts at boot, by what `systemctl is-enabled` exits with 0 for.
    fn enabled(&self) -> bool {
        matches!(self.enabled.as_str(), "enabled" | "static" | "alias" | "indirect" | "generated")
    }

    /// Whether enabling and disabling mean nothing for it.
    fn fixed(&self) -> bool {
        matches!(self.enabled.as_str(), "static" | "generated" | "alias" | "indirect")
    }
}

/// Names and values of `systemctl show`. What a unit executes may go over several lines, in braces.
fn pairs(text: &str) -> Vec<(&str, String)> {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if open {
            if let Some((_, value)) = pairs.last_mut() {
                value.push_str(&format!("\n{line}"));
            }
            open = !line.trim_end().ends_with('}');
        } else if let Some((name, value)) = line.split_once('=') {
            open = name.starts_with("Exec") && value.trim().starts_with('{');
            open = open && !value.trim().ends_with('}');
            pairs.push((name, value.trim().to_owned()));
        }
    }
    pairs
}
