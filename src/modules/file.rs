//! `file`: directories, links, attributes, and absence.

use super::attributes::Attributes;
use super::look::{Entry, Look, Seen, look};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::quote;
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct File;

#[async_trait]
impl Module for File {
    fn name(&self) -> &'static str {
        "file"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("path").or(&["dest", "name"]),
                Parameter::optional("state").one_of(&[
                    "file",
                    "directory",
                    "absent",
                    "link",
                    "touch",
                ]),
                Parameter::optional("mode"),
                Parameter::optional("owner"),
                Parameter::optional("group"),
                Parameter::optional("recurse"),
                Parameter::optional("src"),
                Parameter::optional("force"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let path = paths::required(args, "path")?;
        let attributes = Attributes::read(args)?;
        let recurse = args.boolean("recurse", false)?;
        let state = args.text("state")?;
        let state = state.as_deref().unwrap_or(if recurse { "directory" } else { "file" });
        if recurse && state != "directory" {
            return Err(wrong("recurse", "goes with `state: directory` only"));
        }
        if state == "absent" {
            paths::check_removable(&path)?;
        }
        if recurse {
            paths::check_removable(&path)?;
        }
        let seen = look(context, &path, Look::default()).await?;
        let step = match state {
            "absent" => absent(&seen),
            "directory" if recurse => return recursively(context, &seen, &attributes).await,
            "directory" => directory(context, &seen, &attributes).await?,
            "link" => link(args, &seen, &attributes)?,
            "touch" => touch(&seen, &attributes),
            _ => existing(context, &seen, &attributes).await?,
        };
        step.carry_out(context, &path, state).await
    }
}

fn wrong(name: &str, reason: &str) -> ModuleError {
    ModuleError::Argument { name: name.to_owned(), reason: reason.to_owned() }
}

/// What has to be changed and how.
#[derive(Debug, Default)]
struct Step {
    why: Vec<String>,
    script: String,
}

impl Step {
    async fn carry_out(
        self,
        context: &Context,
        path: &str,
        state: &str,
    ) -> Result<Outcome, ModuleError> {
        if self.why.is_empty() {
            return Ok(Outcome::default().with("path", path).with("state", state));
        }
        if !context.check {
            context.must("changing a path", self.script).await?;
        }
        let mut outcome = Outcome::changed(format!("`{path}`: {}", self.why.join(", ")))
            .with("path", path)
            .with("state", state);
        if context.diff {
            outcome.diff = format!("{path}: {}\n", self.why.join(", "));
        }
        Ok(outcome)
    }
}

fn absent(seen: &Seen) -> Step {
    match &seen.entry {
        None => Step::default(),
        Some(entry) => Step {
            why: vec![format!("{} is removed", entry.kind())],
            script: format!("rm -rf {}", quote(&seen.path)),
        },
    }
}

/// What a symbolic link leads to is what attributes are about.
async fn resolve(context: &Context, seen: &Seen) -> Result<Option<Entry>, ModuleError> {
    match &seen.entry {
        Some(entry) if entry.is_link() => {
            let how = Look { follow: true, ..Look::default() };
            Ok(look(context, &seen.path, how).await?.entry)
        }
        other => Ok(other.clone()),
    }
}

async fn existing(
    context: &Context,
    seen: &Seen,
    attributes: &Attributes,
) -> Result<Step, ModuleError> {
    let Some(entry) = resolve(context, seen).await? else {
        return Err(ModuleError::Failed(format!(
            "`{}` is absent; `state: touch` or `state: directory` would create it",
            seen.path
        )));
    };
    Ok(adjust(&seen.path, &entry, attributes))
}

/// Sets what differs, on what the path leads to.
fn adjust(path: &str, entry: &Entry, attributes: &Attributes) -> Step {
    let script = attributes.commands("\"$p\"");
    Step {
        why: attributes.differences(entry),
        script: format!("p=$(readlink -f {}) || exit\n{script}", quote(path)),
    }
}

async fn directory(
    context: &Context,
    seen: &Seen,
    attributes: &Attributes,
) -> Result<Step, ModuleError> {
    match resolve(context, seen).await? {
        Some(entry) if entry.is_directory() => Ok(adjust(&seen.path, &entry, attributes)),
        Some(entry) => Err(ModuleError::Failed(format!(
            "`{}` is a {} and is not replaced by a directory",
            seen.path,
            entry.kind()
        ))),
        None => Ok(Step {
            why: vec!["directory is created".to_owned()],
            script: make_directories(&seen.path, attributes),
        }),
    }
}

/// Creates each missing directory of the path with the attributes, as Ansible does.
fn make_directories(path: &str, attributes: &Attributes) -> String {
    let mut script = String::new();
    let ends = path.match_indices('/').skip(1).map(|(at, _)| at).chain([path.len()]);
    for end in ends {
        let part = quote(&path[..end]);
        let settings = attributes.commands(&part);
        script.push_str(&format!("if [ ! -d {part} ]; then\nmkdir {part} || exit\n{settings}fi\n"));
    }
    script
}

fn link(args: &Args, seen: &Seen, attributes: &Attributes) -> Result<Step, ModuleError> {
    let src = args.text("src")?.filter(|src| !src.trim().is_empty());
    let src = src.ok_or_else(|| wrong("src", "is missing or rendered empty"))?;
    let force = args.boolean("force", false)?;
    let path = quote(&seen.path);
    let mut create = format!("ln -sfn {} {path} || exit\n", quote(&src));
    create.push_str(&attributes.commands(&path));
    match &seen.entry {
        Some(entry) if entry.is_link() && entry.target.as_deref() == Some(&src) => {
            let attributes = Attributes { mode: None, ..attributes.clone() };
            Ok(Step { why: attributes.differences(entry), script: attributes.commands(&path) })
        }
        Some(entry) if entry.is_link() => {
            let before = entry.target.as_deref().unwrap_or("?");
            Ok(Step { why: vec![format!("link {before} -> {src}")], script: create })
        }
        Some(entry) if entry.is_file() && force => Ok(Step {
            why: vec![format!("file becomes a link to {src}")],
            script: format!("rm -f {path} || exit\n{create}"),
        }),
        Some(entry) => Err(ModuleError::Failed(format!(
            "`{}` is a {} and is not replaced by a link",
            seen.path,
            entry.kind()
        ))),
        None => Ok(Step { why: vec![format!("link to {src} is created")], script: create }),
    }
}

fn touch(seen: &Seen, attributes: &Attributes) -> Step {
    let path = quote(&seen.path);
    let why = if seen.entry.is_some() { "is touched" } else { "file is created" };
    Step {
        why: vec![why.to_owned()],
        script: format!("touch {path} || exit\n{}", attributes.commands(&path)),
    }
}

/// The directory and everything in it; links are changed themselves, never followed.
async fn recursively(
    context: &Context,
    seen: &Seen,
    attributes: &Attributes,
) -> Result<Outcome, ModuleError> {
    let (path, state) = (seen.path.as_str(), "directory");
    if seen.entry.is_none() {
        let step = directory(context, seen, attributes).await?;
        return step.carry_out(context, path, state).await;
    }
    let mut tests = Vec::new();
    if let Some(mode) = attributes.mode {
        tests.push(format!("! -type l ! -perm {mode:04o}"));
    }
    for (test, wanted) in [("user", &attributes.owner), ("group", &attributes.group)] {
        if let Some(wanted) = wanted {
            tests.push(format!("! -{test} {}", quote(wanted)));
        }
    }
    if tests.is_empty() {
        return directory(context, seen, attributes).await?.carry_out(context, path, state).await;
    }
    let test = tests.join(" -o ");
    let find = format!("find {} \\( {test} \\) -print", quote(path));
    let found = context.must("looking at a directory", format!("{find} | wc -l")).await?;
    let count = found.stdout_text().trim().to_owned();
    let step = if count == "0" {
        Step::default()
    } else {
        let script = recursive_script(path, attributes);
        Step { why: vec![format!("attributes of {count} entries")], script }
    };
    step.carry_out(context, path, state).await
}

fn recursive_script(path: &str, attributes: &Attributes) -> String {
    let path = quote(path);
    let mut script = String::new();
    if let Some(owner) = &attributes.owner {
        script.push_str(&format!("chown -hR {} {path} || exit\n", quote(owner)));
    }
    if let Some(group) = &attributes.group {
        script.push_str(&format!("chgrp -hR {} {path} || exit\n", quote(group)));
    }
    if let Some(mode) = attributes.mode {
        let chmod = format!("-exec chmod {mode:04o} {{}} +");
        script.push_str(&format!("find {path} ! -type l {chmod} || exit\n"));
    }
    script
}
