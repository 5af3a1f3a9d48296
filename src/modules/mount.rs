//! `ansible.posix.mount`: a file system stands in the table, is mounted, or is not.

use super::args::whole_number;
use super::host_script::HostScript;
use super::seen::Seen;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::{Input, quote};
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct Mount;

const STATES: &[&str] = &[
    "absent",
    "absent_from_fstab",
    "absent_mount",
    "ephemeral",
    "mounted",
    "present",
    "remounted",
    "unmounted",
];

#[async_trait]
impl Module for Mount {
    fn name(&self) -> &'static str {
        "mount"
    }

    fn collection(&self) -> &'static str {
        "ansible.posix"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("path").or(&["name"]),
                Parameter::required("state").one_of(STATES),
                Parameter::optional("src"),
                Parameter::optional("fstype"),
                Parameter::optional("opts"),
                Parameter::optional("dump"),
                Parameter::optional("passno"),
                Parameter::optional("fstab"),
                Parameter::optional("boot"),
                Parameter::optional("backup"),
                Parameter::refused("opts_no_log", "write `no_log: true` at the task"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wanted = Wanted::read(args)?;
        let script = HostScript::default().set("place", &wanted.place).set("fstab", &wanted.fstab);
        let look = script.clone().then(include_str!("mount.sh"));
        let output = look.run(context, "looking at a mount", "cat /proc/self/mounts").await?;
        let seen = Seen::parse(&output.stdout_text());
        let table = seen.raw("fstab").unwrap_or_default();
        let after = wanted.table(table);
        let commands = wanted.commands(&seen, after.is_some())?;
        let changed = after.is_some() || !commands.is_empty();
        let mut outcome = Outcome { changed, ..Outcome::default() };
        if let Some(after) = after.as_deref().filter(|_| context.diff) {
            outcome.diff = super::diff::lines(&wanted.fstab, table, after);
        }
        let mut backup = String::new();
        if changed && !context.check {
            let mut text = String::from(include_str!("replace_file.sh"));
            text.push_str("PATH=$PATH:/sbin:/usr/sbin\n");
            if let Some(after) = &after {
                if wanted.backup {
                    text.push_str(BACKUP);
                }
                // A table that cannot be mounted from may stop the next boot: it is put back.
                text.push_str("old=$(mktemp) && cat \"$fstab\" >\"$old\" 2>/dev/null\n");
                text.push_str("mkdir -p \"$(dirname \"$fstab\")\"\n");
                text.push_str(&format!(
                    "printf %s {} | replace_file \"$fstab\" || exit\n",
                    quote(after)
                ));
            }
            let undo = if after.is_some() && !wanted.removes() {
                "{ code=$?; replace_file \"$fstab\" <\"$old\"; rm -f \"$old\"; exit $code; }"
            } else {
                "exit"
            };
            text.extend(commands.iter().map(|command| format!("{command} || {undo}\n")));
            text.push_str("if [ -n \"${old-}\" ]; then rm -f \"$old\"; fi\nexit 0\n");
            let essence = commands.join("; ");
            let script = script.then(&text);
            let output = script.run_with(context, "mounting", &essence, Input::Empty).await?;
            output.stdout_text().trim().clone_into(&mut backup);
        }
        outcome = outcome.with("backup_file", backup);
        Ok(wanted.finish(outcome))
    }
}

/// Keeps the table as it was, with the time in its name as Ansible does.
const BACKUP: &str = "if [ -e \"$fstab\" ]; then kept=$fstab.$$.$(date +%Y-%m-%d@%H:%M:%S~) && \
                      cp -p \"$fstab\" \"$kept\" && printf '%s\\n' \"$kept\" || exit; fi\n";

struct Wanted {
    place: String,
    state: String,
    source: Option<String>,
    kind: Option<String>,
    options: String,
    dump: String,
    pass: String,
    fstab: String,
    own_fstab: bool,
    boot: bool,
    backup: bool,
}

impl Wanted {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let state = args.required_text("state")?;
        let source = args.text("src")?;
        let kind = args.text("fstype")?;
        if matches!(state.as_str(), "mounted" | "present" | "ephemeral") {
            for (name, value) in [("src", &source), ("fstype", &kind)] {
                if value.as_deref().is_none_or(str::is_empty) {
                    let reason = format!("is needed for `state: {state}`");
                    return Err(ModuleError::Argument { name: name.to_owned(), reason });
                }
            }
        }
        let options = args.text("opts")?.unwrap_or_else(|| "defaults".to_owned());
        let boot = args.boolean("boot", true)?;
        let options = if boot { options } else { format!("{options},noauto") };
        for (name, value) in
            [("src", source.as_ref()), ("fstype", kind.as_ref()), ("opts", Some(&options))]
        {
            if value.is_some_and(|value| value.contains('\n') || value.starts_with('-')) {
                let reason = "is not one field of a table".to_owned();
                return Err(ModuleError::Argument { name: name.to_owned(), reason });
            }
        }
        let number =
            |name| Ok::<_, ModuleError>(whole_number(args, name)?.unwrap_or(0).to_string());
        let fstab = args.text("fstab")?;
        // A swap has no place.
        let place = args.required_text("path")?;
        let swap = place == "none" && matches!(state.as_str(), "present" | "absent_from_fstab");
        Ok(Self {
            place: if swap { place } else { paths::check("path", &place)? },
            state,
            source,
            kind,
            options,
            dump: number("dump")?,
            pass: number("passno")?,
            own_fstab: fstab.is_some(),
            fstab: paths::check("fstab", &fstab.unwrap_or_else(|| "/etc/fstab".to_owned()))?,
            boot,
            backup: args.boolean("backup", false)?,
        })
    }

    fn removes(&self) -> bool {
        self.state.starts_with("absent")
    }

    /// Whether a line of the table is that of this mount, with its fields filled up.
    fn fields(&self, line: &str) -> Option<Vec<String>> {
        let body = line.split('#').next().unwrap_or_default();
        let mut fields: Vec<String> = body.split_whitespace().map(str::to_owned).collect();
        if !(4..=6).contains(&fields.len()) {
            return None;
        }
        fields.resize(6, "0".to_owned());
        let other_swap = fields[1] == "none"
            && fields[2] == "swap"
            && self.source.as_ref().is_some_and(|source| *source != fields[0]);
        (fields[1] == escaped(&self.place) && !other_swap).then_some(fields)
    }

    /// The table as it should be; `None` when it is.
    fn table(&self, before: &str) -> Option<String> {
        let own = [
            self.source.as_deref().unwrap_or_default(),
            &self.place,
            self.kind.as_deref().unwrap_or_default(),
            &self.options,
            &self.dump,
            &self.pass,
        ];
        let own: Vec<String> = own.into_iter().map(escaped).collect();
        let mut lines: Vec<String> = Vec::new();
        let mut there = false;
        for line in before.lines() {
            match self.fields(line) {
                Some(_) if self.removes() => {}
                Some(fields) if matches!(self.state.as_str(), "mounted" | "present") => {
                    there = true;
                    lines.push(if fields == own { line.to_owned() } else { own.join(" ") });
                }
                _ => lines.push(line.to_owned()),
            }
        }
        if !there && matches!(self.state.as_str(), "mounted" | "present") {
            lines.push(own.join(" "));
        }
        let after: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        (after.trim_end() != before.trim_end()).then_some(after)
    }

    fn commands(&self, seen: &Seen, in_table: bool) -> Result<Vec<String>, ModuleError> {
        let mounted = seen.text("mounted").is_some();
        let place = quote(&self.place);
        let table =
            if self.own_fstab { format!("-T {} ", quote(&self.fstab)) } else { String::new() };
        let unmount = format!("umount {place}");
        let mut commands = Vec::new();
        match self.state.as_str() {
            "absent" | "absent_mount" if in_table => {
                if mounted {
                    commands.push(unmount);
                }
                if self.state == "absent" && seen.has("place is there") {
                    commands.push(format!("rmdir {place}"));
                }
            }
            "unmounted" if mounted => commands.push(unmount),
            "mounted" if !mounted => {
                commands.push(self.fresh(&format!("mount {table}{place}"), seen));
            }
            "mounted" if in_table => {
                let again = format!("{unmount} && mount {table}{place}");
                commands.push(format!(
                    "{{ mount -o remount {table}{place} 2>/dev/null || {{ {again}; }}; }}"
                ));
            }
            "ephemeral" => commands.push(self.ephemeral(seen, mounted)?),
            "remounted" if self.options == "defaults" => {
                let again = format!("{unmount} && mount {table}{place}");
                commands.push(format!(
                    "{{ mount -o remount {table}{place} 2>/dev/null || {{ {again}; }}; }}"
                ));
            }
            "remounted" => {
                let options = quote(&format!("remount,{}", self.options));
                commands.push(format!("mount -o {options} {table}{place}"));
            }
            _ => {}
        }
        Ok(commands)
    }

    /// A mount where there may be no place for it yet, which goes again when the mount fails.
    fn fresh(&self, mount: &str, seen: &Seen) -> String {
        let place = quote(&self.place);
        if seen.has("place is there") {
            return mount.to_owned();
        }
        format!("{{ mkdir -p {place} && {{ {mount} || {{ rmdir {place}; false; }}; }}; }}")
    }

    fn ephemeral(&self, seen: &Seen, mounted: bool) -> Result<String, ModuleError> {
        let source = self.source.as_deref().unwrap_or_default();
        let kind = quote(self.kind.as_deref().unwrap_or_default());
        let remount = if mounted { "-o remount " } else { "" };
        let options = match self.options.as_str() {
            "defaults" => String::new(),
            options => format!("-o {} ", quote(options)),
        };
        let same =
            ["mounted", "roots"].iter().any(|record| seen.lines(record).any(|it| it == source));
        if mounted && !same {
            return Err(ModuleError::Failed(format!(
                "`{}` is mounted from another source than `{source}`; unmount it first with `state: \
                 unmounted`",
                self.place
            )));
        }
        let command =
            format!("mount {remount}-t {kind} {options}{} {}", quote(source), quote(&self.place));
        Ok(self.fresh(&command, seen))
    }

    fn finish(&self, outcome: Outcome) -> Outcome {
        let mut outcome = outcome
            .with("name", self.place.clone())
            .with("opts", self.options.clone())
            .with("dump", self.dump.clone())
            .with("passno", self.pass.clone())
            .with("fstab", self.fstab.clone())
            .with("boot", if self.boot { "yes" } else { "no" });
        for (name, value) in [("src", &self.source), ("fstype", &self.kind)] {
            if let Some(value) = value {
                outcome = outcome.with(name, value.clone());
            }
        }
        outcome
    }
}

/// A field of the table, in which blanks and the like stand as octal numbers.
fn escaped(field: &str) -> String {
    field.replace('\\', "\\134").replace(' ', "\\040").replace('&', "\\046")
}
