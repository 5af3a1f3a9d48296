//! `stat`: what stands at a path.

use super::look::{Entry, Look, look};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use async_trait::async_trait;
use serde_json::{Value, json};

/// The module.
#[derive(Debug)]
pub(super) struct Stat;

#[async_trait]
impl Module for Stat {
    fn name(&self) -> &'static str {
        "stat"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("path").or(&["dest", "name"]),
                Parameter::optional("follow"),
                Parameter::optional("get_checksum").or(&["checksum"]),
                Parameter::optional("checksum_algorithm")
                    .or(&["checksum_algo"])
                    .one_of(&["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]),
                Parameter::optional("get_mime").or(&["mime", "mime_type", "mime-type"]),
                Parameter::optional("get_attributes").or(&["attr", "attributes"]),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let path = paths::required(args, "path")?;
        for name in ["get_mime", "get_attributes"] {
            if args.boolean(name, false)? {
                return Err(ModuleError::Argument {
                    name: name.to_owned(),
                    reason: "can only be false here".to_owned(),
                });
            }
        }
        let digest = if args.boolean("get_checksum", true)? {
            let algorithm = args.text("checksum_algorithm")?;
            Some(program(algorithm.as_deref().unwrap_or("sha1"))?)
        } else {
            None
        };
        let follow = args.boolean("follow", false)?;
        let seen = look(context, &path, Look { follow, digest, inside: None }).await?;
        let stat = match &seen.entry {
            None => json!({ "exists": false }),
            Some(entry) => describe(&path, entry),
        };
        Ok(Outcome::default().with("stat", stat))
    }
}

fn program(algorithm: &str) -> Result<&'static str, ModuleError> {
    Ok(match algorithm {
        "md5" => "md5sum",
        "sha1" => "sha1sum",
        "sha224" => "sha224sum",
        "sha256" => "sha256sum",
        "sha384" => "sha384sum",
        "sha512" => "sha512sum",
        other => {
            return Err(ModuleError::Argument {
                name: "checksum_algorithm".to_owned(),
                reason: format!("cannot be `{other}`"),
            });
        }
    })
}

fn describe(path: &str, entry: &Entry) -> Value {
    let mode = entry.mode();
    let bit = |bit: u32| mode & bit != 0;
    let mut stat = json!({
        "exists": true,
        "path": path,
        "mode": format!("{mode:04o}"),
        "isreg": entry.is_file(),
        "isdir": entry.is_directory(),
        "islnk": entry.is_link(),
        "size": entry.size,
        "uid": entry.uid,
        "gid": entry.gid,
        "pw_name": entry.user,
        "gr_name": entry.group,
        "mtime": entry.modified,
        "atime": entry.accessed,
        "ctime": entry.changed,
        "nlink": entry.links,
        "inode": entry.inode,
        "rusr": bit(0o400), "wusr": bit(0o200), "xusr": bit(0o100),
        "rgrp": bit(0o040), "wgrp": bit(0o020), "xgrp": bit(0o010),
        "roth": bit(0o004), "woth": bit(0o002), "xoth": bit(0o001),
        "isuid": bit(0o4000), "isgid": bit(0o2000),
    });
    if let Some(digest) = &entry.digest {
        stat["checksum"] = json!(digest);
    }
    if let Some(target) = &entry.target {
        stat["lnk_target"] = json!(target);
    }
    stat
}
