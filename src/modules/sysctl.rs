//! `ansible.posix.sysctl`: a setting of the kernel, in its file and now.

use super::host_script::HostScript;
use super::paths;
use super::seen::Seen;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::{Input, quote};
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct Sysctl;

#[async_trait]
impl Module for Sysctl {
    fn name(&self) -> &'static str {
        "sysctl"
    }

    fn collection(&self) -> &'static str {
        "ansible.posix"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("name").or(&["key"]),
                Parameter::optional("value").or(&["val"]),
                Parameter::optional("state").one_of(&["present", "absent"]),
                Parameter::optional("reload"),
                Parameter::optional("sysctl_set"),
                Parameter::optional("ignoreerrors"),
                Parameter::optional("sysctl_file"),
                Parameter::refused("mode", "set it with `file: path=… mode=…`"),
                Parameter::refused("owner", "set it with `file: path=… owner=…`"),
                Parameter::refused("group", "set it with `file: path=… group=…`"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wanted = Wanted::read(args)?;
        let output = wanted.look().run(context, "looking at a setting", "sysctl -n").await?;
        let seen = Seen::parse(&output.stdout_text());
        let before = seen.raw("file").unwrap_or_default();
        let now = seen.text("now").unwrap_or_default();
        let after = wanted.content(before);
        let right = now.split_whitespace().eq(wanted.value.split_whitespace());
        let in_file = after.is_some();
        let now_wrong = !wanted.absent && !right;
        let set = wanted.set && now_wrong;
        let changed = in_file || set || (wanted.reload && now_wrong);
        let mut outcome = Outcome { changed, ..Outcome::default() };
        if let Some(after) = after.as_deref().filter(|_| context.diff) {
            outcome.diff = super::diff::lines(&wanted.file, before, after);
        }
        if changed && !context.check {
            let script = wanted.act(in_file, set);
            let essence = format!("sysctl {}={}", wanted.name, wanted.value);
            let stdin = Input::Bytes(after.unwrap_or_default().into());
            script.run_with(context, "changing a setting", &essence, stdin).await?;
        }
        Ok(outcome)
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is an option of the module")]
struct Wanted {
    name: String,
    value: String,
    absent: bool,
    reload: bool,
    set: bool,
    ignore: bool,
    file: String,
}

impl Wanted {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let wrong = |name: &str, reason: &str| ModuleError::Argument {
            name: name.to_owned(),
            reason: reason.to_owned(),
        };
        let name = args.required_text("name")?.trim().to_owned();
        if name.is_empty() || name.starts_with('-') || name.contains(['=', '\n']) {
            return Err(wrong("name", "is not the name of a setting"));
        }
        let absent = args.text("state")?.as_deref() == Some("absent");
        let value = args.text("value")?;
        if !absent && value.as_deref().is_none_or(|value| value.trim().is_empty()) {
            return Err(wrong("value", "is needed for `state: present`"));
        }
        let value = value.unwrap_or_default();
        // Booleans are numbers here, however they are spelled.
        let value = match value.to_ascii_lowercase().as_str() {
            "yes" | "on" | "1" | "true" | "y" | "t" => "1".to_owned(),
            "no" | "off" | "0" | "false" | "n" | "f" => "0".to_owned(),
            _ if value.contains('\n') => return Err(wrong("value", "is not one line")),
            _ => value.trim().to_owned(),
        };
        let file = args.text("sysctl_file")?.unwrap_or_else(|| "/etc/sysctl.conf".to_owned());
        Ok(Self {
            name,
            value,
            absent,
            reload: args.boolean("reload", true)?,
            set: args.boolean("sysctl_set", false)?,
            ignore: args.boolean("ignoreerrors", false)?,
            file: paths::check("sysctl_file", &file)?,
        })
    }

    fn look(&self) -> HostScript {
        let script = HostScript::default().set("file", &self.file).set("name", &self.name);
        script.then(
            "PATH=$PATH:/sbin:/usr/sbin; command -v sysctl >/dev/null || \
             { echo 'there is no `sysctl` on the host' >&2; exit 1; }\n\
             printf '\\036now\\n'; sysctl -e -n \"$name\" 2>/dev/null\n\
             printf '\\036file\\n'; if [ -e \"$file\" ]; then cat \"$file\" || exit; fi\nexit 0",
        )
    }

    /// The file as it should be; `None` when it is. Other settings in it are spelled anew, and lose
    /// their repetitions.
    fn content(&self, before: &str) -> Option<String> {
        let setting = |line: &str| {
            let line = line.trim();
            let (name, value) = line.split_once('=')?;
            (!line.starts_with(['#', ';']))
                .then(|| (name.trim().to_owned(), value.trim().to_owned()))
        };
        // The last one counts.
        let found = before.lines().rev().filter_map(setting).find(|(name, _)| *name == self.name);
        let holds = match &found {
            Some((_, value)) => !self.absent && *value == self.value,
            None => self.absent,
        };
        if holds {
            return None;
        }
        let mut seen: Vec<String> = Vec::new();
        let mut lines: Vec<String> = Vec::new();
        for line in before.lines() {
            let Some((name, value)) = setting(line) else {
                lines.push(line.trim().to_owned());
                continue;
            };
            if seen.contains(&name) {
                continue;
            }
            if name != self.name {
                lines.push(format!("{name}={value}"));
            } else if !self.absent {
                lines.push(format!("{name}={}", self.value));
            }
            seen.push(name);
        }
        if !self.absent && !seen.contains(&self.name) {
            lines.push(format!("{}={}", self.name, self.value));
        }
        Some(lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect())
    }

    fn act(&self, in_file: bool, set: bool) -> HostScript {
        let ignore = if self.ignore { "-e " } else { "" };
        let mut text = String::from(include_str!("replace_file.sh"));
        // It may exit with 0 although it could not set a value.
        text.push_str(
            "PATH=$PATH:/sbin:/usr/sbin\napply() { said=$(LC_ALL=C sysctl \"$@\" 2>&1) && ! \
             printf '%s\\n' \"$said\" | grep -Eq '^sysctl: setting key \"[^\"]+\"(, ignoring)?: \
             (Invalid argument|Read-only file system)$' || { printf '%s\\n' \"$said\" >&2; exit 1; }; }\n",
        );
        if set {
            let pair = quote(&format!("{}={}", self.name, self.value));
            text.push_str(&format!("apply {ignore}-w {pair}\n"));
        }
        if in_file {
            text.push_str("replace_file \"$file\" || exit\n");
        }
        if self.reload {
            text.push_str(&format!("apply {ignore}-p \"$file\"\n"));
        }
        HostScript::default().set("file", &self.file).then(&text)
    }
}
