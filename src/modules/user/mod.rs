//! `user`: an account is there as wanted, or is not.
//!
//! A password's hash reaches the host over standard input and `chpasswd -e` only; whether it is the
//! account's already is found out on the host, so that no hash comes back.

mod commands;
mod wanted;

use super::account_lines::{FUNCTIONS, UserLine};
use super::host_script::HostScript;
use super::seen::Seen;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::{Input, quote};
use async_trait::async_trait;
use commands::{Found, commands};
use wanted::{Key, Wanted};

/// The module.
#[derive(Debug)]
pub(super) struct User;

#[async_trait]
impl Module for User {
    fn name(&self) -> &'static str {
        "user"
    }

    fn parameters(&self) -> &'static [Parameter] {
        wanted::PARAMETERS
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wanted = Wanted::read(args)?;
        let groups: Vec<&str> =
            wanted.groups.iter().flatten().chain(&wanted.group).map(String::as_str).collect();
        let look = wanted
            .script()
            .set("groups", &groups.join(" "))
            .set("home", wanted.home.as_deref().unwrap_or_default())
            .then(include_str!("look.sh"));
        let stdin = Input::Bytes(format!("{}\n", wanted.bare_password()).into());
        let output =
            look.run_with(context, "looking at an account", "getent passwd", stdin).await?;
        let found = Found::read(&Seen::parse(&output.stdout_text()), &wanted)?;
        let commands = commands(&wanted, &found)?;
        let mut outcome = Outcome { changed: !commands.is_empty(), ..Outcome::default() };
        if context.diff {
            outcome.diff = commands.iter().flat_map(|command| [command.as_str(), "\n"]).collect();
        }
        let mut user = found.user.clone();
        if !commands.is_empty() && !context.check {
            user = wanted.change(context, &commands).await?;
        }
        outcome = wanted.finish(outcome, found.user.is_none(), user.as_ref());
        match (&wanted.key, user) {
            (Some(key), Some(user)) if !wanted.absent => {
                wanted.ssh_key(context, key, &user, outcome).await
            }
            _ => Ok(outcome),
        }
    }
}

impl Wanted {
    fn script(&self) -> HostScript {
        HostScript::default().set("name", &self.name).then(FUNCTIONS)
    }

    /// Does it, and gives the account as it is then.
    async fn change(
        &self,
        context: &Context,
        commands: &[String],
    ) -> Result<Option<UserLine>, ModuleError> {
        let lock = if self.lock == Some(true) { "!" } else { "" };
        let hash = match &self.password {
            Some(_) => format!("{lock}{}\n", self.password_as_given(lock)),
            None => "\n".to_owned(),
        };
        let script = self
            .script()
            .set("skeleton", self.skeleton.as_deref().unwrap_or_default())
            .then(include_str!("act.sh"))
            .then(&format!("{} || exit", commands.join(" &&\n")))
            .then("entry passwd \"$name\" || :");
        let essence = commands.join("; ");
        let stdin = Input::Bytes(hash.into());
        let output = script.run_with(context, "changing an account", &essence, stdin).await?;
        let user = output.stdout_text().lines().find_map(UserLine::parse);
        if user.is_some() == self.absent {
            let state = if self.absent { "still there" } else { "not there" };
            let name = &self.name;
            return Err(ModuleError::Failed(format!(
                "`{essence}` went well, but `{name}` is {state}"
            )));
        }
        Ok(user)
    }

    /// The hash; without its own locks when one is put in front.
    fn password_as_given(&self, lock: &str) -> &str {
        let given = self.password.as_deref().unwrap_or_default();
        if lock.is_empty() { given } else { self.bare_password() }
    }

    fn finish(&self, outcome: Outcome, is_new: bool, user: Option<&UserLine>) -> Outcome {
        let state = if self.absent { "absent" } else { "present" };
        let mut outcome = outcome.with("name", self.name.clone()).with("state", state);
        if self.absent {
            return if outcome.changed {
                outcome.with("force", self.force).with("remove", self.remove)
            } else {
                outcome
            };
        }
        outcome = if is_new {
            outcome.with("system", self.system).with("create_home", self.create_home)
        } else {
            outcome.with("append", self.append).with("move_home", self.move_home)
        };
        if self.password.is_some() {
            outcome = outcome.with("password", "NOT_LOGGING_PASSWORD");
        }
        if let Some(groups) = &self.groups {
            outcome = outcome.with("groups", groups.join(","));
        }
        match user {
            None => outcome,
            Some(user) => outcome
                .with("uid", user.id)
                .with("group", user.group)
                .with("comment", user.comment.clone())
                .with("home", user.home.clone())
                .with("shell", user.shell.clone()),
        }
    }

    /// Makes the account's SSH key, unless there is one, and adds it to the outcome.
    async fn ssh_key(
        &self,
        context: &Context,
        key: &Key,
        user: &UserLine,
        mut outcome: Outcome,
    ) -> Result<Outcome, ModuleError> {
        let home = self.home.as_ref().unwrap_or(&user.home);
        let file = if key.file.starts_with('/') {
            key.file.clone()
        } else {
            format!("{home}/{}", key.file)
        };
        let path = quote(&file);
        let bits = if key.bits > 0 { format!("-b {} ", key.bits) } else { String::new() };
        let comment = key.comment.as_ref().map_or_else(
            || "\"ansible-generated on $(uname -n)\"".to_owned(),
            |comment| quote(comment),
        );
        let make = format!("make_key {path} -t {} {bits}-C {comment}", quote(&key.kind));
        let force = if self.force { "" } else { "[ -e \"$key\" ] || [ -e \"$key.pub\" ] || " };
        let act = if context.check {
            format!("{force}record made")
        } else {
            format!("{force}{{ {make} && record made; }} || exit")
        };
        let script = self
            .script()
            .set("key", &file)
            .then(include_str!("act.sh"))
            .then(&act)
            .then("record print; ssh-keygen -l -f \"$key\" 2>&1\nrecord public; cat \"$key.pub\"")
            .then("exit 0");
        let output = script.run(context, "making an SSH key", "ssh-keygen").await?;
        let seen = Seen::parse(&output.stdout_text());
        outcome.changed |= seen.has("made");
        let public = seen.text("public").map_or(serde_json::Value::Null, Into::into);
        Ok(outcome
            .with("ssh_key_file", file)
            .with("ssh_fingerprint", seen.text("print").unwrap_or_default())
            .with("ssh_public_key", public))
    }
}
