//! `group`: a group of accounts is there, with its number, or is not.

use super::account_lines::{FUNCTIONS, GroupLine, account_name};
use super::args::whole_number;
use super::host_script::HostScript;
use super::seen::Seen;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::quote;
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct Group;

#[async_trait]
impl Module for Group {
    fn name(&self) -> &'static str {
        "group"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("name"),
                Parameter::optional("state").one_of(&["present", "absent"]),
                Parameter::optional("gid"),
                Parameter::optional("gid_max"),
                Parameter::optional("gid_min"),
                Parameter::optional("non_unique"),
                Parameter::optional("system"),
                Parameter::optional("force"),
                Parameter::refused("local", "the programs of libuser are not used; leave it out"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wanted = Wanted::read(args)?;
        let output = wanted.look().run(context, "looking at a group", "getent group").await?;
        let seen = Seen::parse(&output.stdout_text());
        let before = seen.lines("group").find_map(GroupLine::parse);
        let Some(command) = wanted.command(&seen, before.as_ref())? else {
            return Ok(wanted.finish(Outcome::default(), before.as_ref()));
        };
        let mut outcome = Outcome::changed(command.clone());
        if context.diff {
            outcome.diff = format!("{command}\n");
        }
        if context.check {
            return Ok(wanted.finish(outcome, before.as_ref()));
        }
        let script =
            wanted.script().then(&format!("{command} || exit\nentry group \"$name\" || :"));
        let output = script.run(context, "changing a group", &command).await?;
        let after = output.stdout_text().lines().find_map(GroupLine::parse);
        if after.is_some() == wanted.absent {
            let state = if wanted.absent { "still there" } else { "not there" };
            let name = &wanted.name;
            return Err(ModuleError::Failed(format!(
                "`{command}` went well, but `{name}` is {state}"
            )));
        }
        Ok(wanted.finish(outcome, after.as_ref()))
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is an option of the module")]
struct Wanted {
    name: String,
    absent: bool,
    id: Option<u64>,
    id_max: Option<u64>,
    id_min: Option<u64>,
    shared: bool,
    system: bool,
    force: bool,
}

impl Wanted {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let wanted = Self {
            name: account_name(args)?,
            absent: args.text("state")?.as_deref() == Some("absent"),
            id: whole_number(args, "gid")?,
            id_max: whole_number(args, "gid_max")?,
            id_min: whole_number(args, "gid_min")?,
            shared: args.boolean("non_unique", false)?,
            system: args.boolean("system", false)?,
            force: args.boolean("force", false)?,
        };
        if wanted.shared && wanted.id.is_none() {
            return Err(ModuleError::Argument {
                name: "non_unique".to_owned(),
                reason: "needs `gid`".to_owned(),
            });
        }
        Ok(wanted)
    }

    fn script(&self) -> HostScript {
        HostScript::default().set("name", &self.name).then(FUNCTIONS)
    }

    fn look(&self) -> HostScript {
        self.script().then("programs groupadd\nrecord group\nentry group \"$name\" || :")
    }

    /// What has to be done.
    fn command(
        &self,
        seen: &Seen,
        before: Option<&GroupLine>,
    ) -> Result<Option<String>, ModuleError> {
        let name = quote(&self.name);
        let change = match before {
            Some(_) if self.absent => Change::Remove,
            None if self.absent => return Ok(None),
            None => Change::Add,
            Some(group) if self.id.is_some_and(|id| id != group.id) => Change::Number,
            Some(_) => return Ok(None),
        };
        let id = self.id.map(|id| format!("-g {id} ")).unwrap_or_default();
        let shared = if self.shared { "-o " } else { "" };
        if !seen.has("program groupadd") {
            return Err(ModuleError::Refused {
                reason: "there is no `groupadd` on the host, nor what comes with it".to_owned(),
                hint: "install `shadow` (or `passwd`) on the host first".to_owned(),
            });
        }
        let force = if self.force { "-f " } else { "" };
        let system = if self.system { "-r " } else { "" };
        let limit = |key: &str, limit: Option<u64>| {
            limit.map(|limit| format!("-K {key}={limit} ")).unwrap_or_default()
        };
        let limits = limit("GID_MIN", self.id_min) + &limit("GID_MAX", self.id_max);
        Ok(Some(match change {
            Change::Remove => format!("groupdel {force}{name}"),
            Change::Add => format!("groupadd {id}{shared}{system}{limits}{name}"),
            Change::Number => format!("groupmod {id}{shared}{name}"),
        }))
    }

    fn finish(&self, outcome: Outcome, group: Option<&GroupLine>) -> Outcome {
        let state = if self.absent { "absent" } else { "present" };
        let outcome = outcome.with("name", self.name.clone()).with("state", state);
        match group.filter(|_| !self.absent) {
            Some(group) => outcome.with("gid", group.id).with("system", self.system),
            None => outcome,
        }
    }
}

enum Change {
    Add,
    Number,
    Remove,
}
