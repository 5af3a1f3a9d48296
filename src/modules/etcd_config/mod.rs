//! `etcd_config`: etcd's environment file, changed key by key, the rest kept as it is.
//!
//! A host that joins and has no such file gets its peer's, with the name, the addresses and the
//! certificates' names made its own (DOMAIN P13.6). The old file is kept in the run's directory.

mod adapt;

#[cfg(test)]
mod tests;

use super::etcd_snapshot::file_error;
use super::etcdctl::{DEFAULT_ENV_FILE, ENV_FILE};
use super::host_script::{HostScript, absolute, given, run_directory, text_or};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::cluster::env_file::EnvFile;
use crate::transport::files::{self, Place};
use crate::transport::{Input, quote};
pub(super) use adapt::split;
use adapt::{Identity, adapt};
use async_trait::async_trait;
use serde_json::Value;

/// The module.
pub(super) struct EtcdConfig;

const PARAMETERS: &[Parameter] = &[
    Parameter::optional("set"),
    Parameter::optional("like"),
    Parameter::optional("name"),
    Parameter::optional("peer_url"),
    Parameter::optional("client_url"),
    Parameter::optional("listen_address"),
    Parameter::optional("remote_dir"),
    ENV_FILE,
];

/// Settings that make etcd begin or find another cluster: they must never stay in a file that is
/// about to be used (DOMAIN P09, P13).
const NEVER: &[&str] = &["ETCD_DISCOVERY", "ETCD_DISCOVERY_SRV", "ETCD_FORCE_NEW_CLUSTER"];

#[async_trait]
impl Module for EtcdConfig {
    fn name(&self) -> &'static str {
        "etcd_config"
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn preview(&self, args: &Args) -> Vec<String> {
        let path = text_or(args, "env_file", DEFAULT_ENV_FILE).unwrap_or_default();
        let settings = settings(args).unwrap_or_default();
        settings.iter().map(|(key, value)| format!("{path}: {key}={value}")).collect()
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let path = absolute("env_file", &text_or(args, "env_file", DEFAULT_ENV_FILE)?)?;
        let settings = settings(args)?;
        let before = read(context, &path).await?;
        let like = given(args, "like")?;
        if before.is_none() && like.is_none() && context.check {
            let text = format!("would change {path}, which an earlier step has to make");
            return Ok(Outcome::changed(text));
        }
        let mut file = match (&before, like) {
            (Some(text), _) => EnvFile::parse(text),
            (None, Some(peer)) => from_peer(context, args, &path, &peer).await?,
            (None, None) => {
                return Err(ModuleError::Failed(format!(
                    "{path} is missing, and `like` names no host to take it from"
                )));
            }
        };
        for (key, value) in &settings {
            file.set(key, value);
        }
        for key in NEVER {
            file.remove(key);
        }
        let after = file.render();
        if before.as_deref() == Some(after.as_str()) {
            return Ok(Outcome::ok(format!("{path} is as it should be")));
        }
        let outcome = Outcome {
            diff: if context.diff {
                super::diff::lines(&path, before.as_deref().unwrap_or_default(), &after)
            } else {
                String::new()
            },
            ..Outcome::changed(format!(
                "{} {path}",
                if context.check { "would change" } else { "changed" }
            ))
        };
        if !context.check {
            write(context, args, &path, &after, before.is_some()).await?;
        }
        Ok(outcome)
    }
}

/// `set` as key and value, strictly.
fn settings(args: &Args) -> Result<Vec<(String, String)>, ModuleError> {
    let wrong = |reason: String| ModuleError::Argument { name: "set".to_owned(), reason };
    let map = match args.0.get("set") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(map)) => map,
        Some(other) => return Err(wrong(format!("must be a map of settings, not {other}"))),
    };
    let mut settings = Vec::new();
    for (key, value) in map {
        let name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if key.is_empty() || !key.chars().all(name) {
            return Err(wrong(format!("has `{key}`, which is no name of a setting")));
        }
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            other => return Err(wrong(format!("has `{key}`, which must be a text, not {other}"))),
        };
        settings.push((key.clone(), value));
    }
    Ok(settings)
}

/// The file's text; `None` when there is no file.
async fn read(context: &Context, path: &str) -> Result<Option<String>, ModuleError> {
    let script = format!("if [ -e {0} ]; then echo there; cat {0}; fi", quote(path));
    let output = context.must("reading etcd's settings", script).await?;
    let text = String::from_utf8(output.stdout)
        .map_err(|_| ModuleError::Failed(format!("{path} is no text")))?;
    Ok(text.strip_prefix("there\n").map(str::to_owned))
}

/// The peer's file, made this host's own.
async fn from_peer(
    context: &Context,
    args: &Args,
    path: &str,
    peer: &str,
) -> Result<EnvFile, ModuleError> {
    let need = |name: &'static str| {
        given(args, name)?.ok_or_else(|| ModuleError::Argument {
            name: name.to_owned(),
            reason: "is needed with `like`".to_owned(),
        })
    };
    let theirs = context.on(peer).await?;
    let text = read(&theirs, path).await?.ok_or_else(|| {
        ModuleError::Failed(format!("`{peer}` has no {path} that could be taken as a pattern"))
    })?;
    let identity = Identity {
        host: context.connection.host().to_owned(),
        peer_host: peer.to_owned(),
        name: need("name")?,
        peer_url: need("peer_url")?,
        client_url: need("client_url")?,
        listen_address: given(args, "listen_address")?,
    };
    let mut file = EnvFile::parse(&text);
    adapt(&mut file, &identity)
        .map_err(|reason| ModuleError::Failed(format!("cannot take over {path}: {reason}")))?;
    Ok(file)
}

/// Keeps the old file, then replaces it.
async fn write(
    context: &Context,
    args: &Args,
    path: &str,
    text: &str,
    exists: bool,
) -> Result<(), ModuleError> {
    HostScript::default()
        .set("directory", &run_directory(context, args)?)
        .set("file", path)
        .then(
            "set -eu\numask 077\nmkdir -p \"$directory\"\n\
             chmod 0700 \"${directory%/*}\" \"$directory\"\n\
             kept=$directory/${file##*/}\n\
             # The first copy is the one from before the run.\n\
             if [ -e \"$file\" ] && [ ! -e \"$kept\" ]; then cp -pP \"$file\" \"$kept\"; fi\n",
        )
        .run(context, "keeping the old settings", "cp -p")
        .await?;
    let place = Place {
        path: path.to_owned(),
        mode: (!exists).then(|| "0640".to_owned()),
        owner: None,
        group: None,
    };
    files::upload(
        context.connection.as_ref(),
        context.run_as.clone(),
        Input::Bytes(text.to_owned().into()),
        &place,
        context.deadline,
    )
    .await
    .map_err(file_error)?;
    Ok(())
}
