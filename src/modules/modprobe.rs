//! `community.general.modprobe`: a module of the kernel is loaded, now and after the next boot.

use super::host_script::HostScript;
use super::seen::Seen;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::quote;
use async_trait::async_trait;
use std::collections::BTreeSet;

/// The module.
#[derive(Debug)]
pub(super) struct Modprobe;

const LOADED_AT_BOOT: &str = "/etc/modules-load.d";
const OPTIONS: &str = "/etc/modprobe.d";

#[async_trait]
impl Module for Modprobe {
    fn name(&self) -> &'static str {
        "modprobe"
    }

    fn collection(&self) -> &'static str {
        "community.general"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("name"),
                Parameter::optional("state").one_of(&["present", "absent"]),
                Parameter::optional("params"),
                Parameter::optional("persistent").one_of(&["disabled", "present", "absent"]),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wanted = Wanted::read(args)?;
        let look = HostScript::default().set("name", &wanted.name);
        let look = look.then(include_str!("modprobe.sh"));
        let output = look.run(context, "looking at a kernel module", "modprobe").await?;
        let seen = Seen::parse(&output.stdout_text());
        let (mut commands, writes) = (wanted.now(&seen, context.check), wanted.later(&seen));
        let changed = !commands.is_empty() || !writes.is_empty();
        let mut outcome = Outcome { changed, ..Outcome::default() };
        if context.diff {
            let words = commands.iter().map(|command| format!("{command}\n"));
            outcome.diff =
                words.chain(writes.iter().map(|(path, _)| format!("{path}\n"))).collect();
        }
        if !context.check {
            commands.extend(writes.iter().map(|(path, text)| {
                let directory = path.rsplit_once('/').map_or("/", |(directory, _)| directory);
                let (path, text) = (quote(path), quote(text));
                format!("mkdir -p {directory} && printf %s {text} | replace_file {path}")
            }));
        }
        if !commands.is_empty() {
            let script = HostScript::default().then(include_str!("replace_file.sh"));
            let script = script.then("PATH=$PATH:/sbin:/usr/sbin");
            let script = script.then(&commands.join(" &&\n"));
            let essence = format!("modprobe {}", wanted.name);
            script.run(context, "loading or unloading a kernel module", &essence).await?;
        }
        let state = if wanted.absent { "absent" } else { "present" };
        Ok(outcome.with("name", wanted.name).with("state", state).with("params", wanted.params))
    }
}

struct Wanted {
    name: String,
    absent: bool,
    params: String,
    /// After the next boot: `None` leaves as it is.
    persistent: Option<bool>,
}

impl Wanted {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let name = args.required_text("name")?;
        let usable = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        if name.is_empty() || name.starts_with('-') || !name.chars().all(usable) {
            return Err(ModuleError::Argument {
                name: "name".to_owned(),
                reason: format!("is not the name of a kernel module: `{name}`"),
            });
        }
        let persistent = match args.text("persistent")?.as_deref() {
            Some("present") => Some(true),
            Some("absent") => Some(false),
            _ => None,
        };
        Ok(Self {
            name,
            absent: args.text("state")?.as_deref() == Some("absent"),
            params: args.text("params")?.unwrap_or_default(),
            persistent,
        })
    }

    fn now(&self, seen: &Seen, check: bool) -> Vec<String> {
        let dry = if check { " -n" } else { "" };
        match (seen.has("loaded"), self.absent) {
            (false, false) => {
                let params: Vec<String> = self.params.split_whitespace().map(quote).collect();
                let words = [vec![format!("modprobe{dry} {}", self.name)], params].concat();
                vec![words.join(" ")]
            }
            (true, true) => vec![format!("modprobe{dry} -r {}", self.name)],
            _ => Vec::new(),
        }
    }

    /// The module's parameter in a line of its options.
    fn option<'a>(&self, line: &'a str) -> Option<&'a str> {
        let line = line.split(['#', ';']).next().unwrap_or_default();
        let mut words = line.strip_prefix("options ")?.split_whitespace();
        let (name, option, rest) = (words.next()?, words.next()?, words.next());
        (name == self.name && option.contains('=') && rest.is_none()).then_some(option)
    }

    /// Whether a line has the module loaded.
    fn loads(&self, line: &str) -> bool {
        line.split(['#', ';']).next().is_some_and(|word| word.trim() == self.name)
    }

    /// Files with the content that they should have.
    fn later(&self, seen: &Seen) -> Vec<(String, String)> {
        let Some(persistent) = self.persistent else { return Vec::new() };
        let mut writes: Vec<(String, String)> = Vec::new();
        let files = |directory: &'static str| {
            seen.names("file ").filter(move |path| path.starts_with(directory))
        };
        let lines = |path: &str| seen.raw(&format!("file {path}")).unwrap_or_default().lines();
        let loads = files(LOADED_AT_BOOT).any(|path| lines(path).any(|line| self.loads(line)));
        let options: BTreeSet<&str> = files(OPTIONS)
            .flat_map(|path| lines(path).filter_map(|line| self.option(line)))
            .collect();
        let wanted: BTreeSet<&str> = self.params.split_whitespace().collect();
        let other_options = if persistent { options != wanted } else { !options.is_empty() };
        if !persistent && loads {
            writes.extend(commented(files(LOADED_AT_BOOT), lines, |line| self.loads(line)));
        }
        if other_options {
            let is_option = |line: &str| self.option(line).is_some();
            writes.extend(commented(files(OPTIONS), lines, is_option));
        }
        if persistent && !loads {
            let path = format!("{LOADED_AT_BOOT}/{}.conf", self.name);
            writes.push((path, format!("{}\n", self.name)));
        }
        if persistent && other_options {
            let path = format!("{OPTIONS}/{}.conf", self.name);
            let words = self.params.split_whitespace();
            let text =
                words.flat_map(|word| ["options ", self.name.as_str(), " ", word, "\n"]).collect();
            writes.retain(|(known, _)| *known != path);
            writes.push((path, text));
        }
        writes
    }
}

/// The files that hold such lines, with them commented out.
fn commented<'a, L: Iterator<Item = &'a str>>(
    files: impl Iterator<Item = &'a str>,
    lines: impl Fn(&str) -> L,
    such: impl Fn(&str) -> bool,
) -> Vec<(String, String)> {
    let mut changed = Vec::new();
    for path in files.filter(|path| lines(path).any(&such)) {
        let text = lines(path)
            .map(|line| if such(line) { format!("#{line}\n") } else { format!("{line}\n") })
            .collect();
        changed.push((path.to_owned(), text));
    }
    changed
}
