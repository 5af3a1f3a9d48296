//! What a task of `apt` wants, and the options of `apt-get` that say so.

use super::super::args::whole_number;
use super::super::{Args, ModuleError, Parameter, paths};
use crate::transport::quote;

pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::optional("package").or(&["name", "pkg"]),
    Parameter::optional("state").one_of(&["present", "latest", "absent", "build-dep", "fixed"]),
    Parameter::optional("update_cache").or(&["update-cache"]),
    Parameter::optional("cache_valid_time"),
    Parameter::optional("update_cache_retries"),
    Parameter::optional("update_cache_retry_max_delay"),
    Parameter::optional("deb"),
    Parameter::optional("upgrade").one_of(&["dist", "full", "safe", "yes", "no", "true", "false"]),
    Parameter::optional("only_upgrade"),
    Parameter::optional("purge"),
    Parameter::optional("autoremove"),
    Parameter::optional("autoclean"),
    Parameter::optional("clean"),
    Parameter::optional("fail_on_autoremove"),
    Parameter::optional("default_release").or(&["default-release"]),
    Parameter::optional("install_recommends").or(&["install-recommends"]),
    Parameter::optional("dpkg_options"),
    Parameter::optional("lock_timeout"),
    Parameter::optional("force"),
    Parameter::optional("force_apt_get"),
    Parameter::optional("allow_unauthenticated").or(&["allow-unauthenticated"]),
    Parameter::optional("allow_downgrade").or(&[
        "allow-downgrade",
        "allow_downgrades",
        "allow-downgrades",
    ]),
    Parameter::optional("allow_change_held_packages"),
    Parameter::refused("policy_rc_d", "mask the unit first, with `systemd: masked: true`"),
    Parameter::refused("auto_install_module_deps", "nothing has to be installed; leave it out"),
];

/// How a version has to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    /// As this pattern says.
    Like,
    AtLeast,
}

/// A package and the version it has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) version: Option<(Compare, String)>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is an option of the module")]
pub(super) struct Wanted {
    pub(super) specs: Vec<Spec>,
    /// `*` among the names, which stands for every package that is installed.
    pub(super) everything: bool,
    pub(super) state: String,
    pub(super) update: bool,
    pub(super) valid: u64,
    pub(super) retries: u64,
    pub(super) longest_delay: u64,
    pub(super) deb: Option<String>,
    pub(super) upgrade: Option<&'static str>,
    pub(super) only_upgrade: bool,
    pub(super) purge: bool,
    pub(super) autoremove: bool,
    pub(super) autoclean: bool,
    pub(super) clean: bool,
    pub(super) allow_downgrade: bool,
    /// Options of every `apt-get` that changes something.
    pub(super) options: String,
}

impl Wanted {
    pub(super) fn read(args: &Args) -> Result<Self, ModuleError> {
        let state = args.text("state")?.unwrap_or_else(|| "present".to_owned());
        let names = args.list("package")?;
        let names: Vec<&str> =
            names.iter().flat_map(|name| name.split(',')).map(str::trim).collect();
        let specs = names.iter().filter(|name| !matches!(**name, "*" | ""));
        let valid = whole_number(args, "cache_valid_time")?.unwrap_or(0);
        let wanted = Self {
            specs: specs.map(|name| spec(name)).collect::<Result<_, _>>()?,
            everything: names.contains(&"*"),
            update: args.boolean("update_cache", false)? || valid > 0,
            valid,
            retries: whole_number(args, "update_cache_retries")?.unwrap_or(5).max(1),
            longest_delay: whole_number(args, "update_cache_retry_max_delay")?.unwrap_or(12),
            deb: deb(args)?,
            upgrade: upgrade(args)?,
            only_upgrade: args.boolean("only_upgrade", false)?,
            purge: args.boolean("purge", false)?,
            autoremove: args.boolean("autoremove", false)?,
            autoclean: args.boolean("autoclean", false)?,
            clean: args.boolean("clean", false)?,
            allow_downgrade: args.boolean("allow_downgrade", false)?,
            options: options(args)?,
            state,
        };
        wanted.check()?;
        Ok(wanted)
    }

    fn check(&self) -> Result<(), ModuleError> {
        let packages = !self.specs.is_empty() || self.everything;
        let kinds = [packages, self.deb.is_some(), self.upgrade.is_some()];
        if kinds.iter().filter(|given| **given).count() > 1 {
            return Err(wrong("package", "`deb` and `upgrade` exclude each other"));
        }
        let other = self.update || self.autoremove || self.autoclean || self.clean;
        if !kinds.contains(&true) && !other && self.state != "fixed" {
            return Err(wrong("package", "or something else to do has to be given"));
        }
        if self.deb.is_some() && self.state != "present" {
            return Err(wrong("deb", "only goes with `state: present`"));
        }
        let pinned = self.specs.iter().any(|spec| spec.version.is_some());
        if self.state == "absent" && pinned {
            return Err(wrong("package", "cannot name a version with `state: absent`"));
        }
        if self.everything && (self.state != "latest" || !self.specs.is_empty()) {
            return Err(wrong("package", "can be `*` only alone and with `state: latest`"));
        }
        Ok(())
    }
}

fn wrong(name: &str, reason: &str) -> ModuleError {
    ModuleError::Argument { name: name.to_owned(), reason: reason.to_owned() }
}

/// `name`, `name=version` (a pattern) or `name>=version`.
fn spec(text: &str) -> Result<Spec, ModuleError> {
    let (name, version) = match (text.split_once(">="), text.split_once('=')) {
        (Some((name, version)), _) => (name, Some((Compare::AtLeast, version))),
        (None, Some((name, version))) => (name, Some((Compare::Like, version))),
        (None, None) => (text, None),
    };
    let of_name = |c: char| c.is_ascii_alphanumeric() || "+-.:_".contains(c);
    let of_version = |c: char| c.is_ascii_alphanumeric() || "+-.:~*?".contains(c);
    let name_fits = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let version_fits =
        version.is_none_or(|(_, version)| !version.is_empty() && version.chars().all(of_version));
    if !name_fits || !name.chars().all(of_name) || !version_fits {
        let reason = format!("is not the name of one package, with or without a version: `{text}`");
        return Err(wrong("package", &reason));
    }
    let version = version.map(|(compare, version)| (compare, version.to_owned()));
    Ok(Spec { name: name.to_owned(), version })
}

fn deb(args: &Args) -> Result<Option<String>, ModuleError> {
    match args.text("deb")? {
        None => Ok(None),
        Some(url) if url.contains("://") => {
            Err(wrong("deb", "has to be a file on the host; fetch it with `get_url` first"))
        }
        Some(path) => paths::check("deb", &path).map(Some),
    }
}

fn upgrade(args: &Args) -> Result<Option<&'static str>, ModuleError> {
    Ok(match args.text("upgrade")?.as_deref() {
        Some("dist" | "full") => Some("dist-upgrade"),
        Some("safe" | "yes" | "True" | "true") => Some("upgrade --with-new-pkgs"),
        _ => None,
    })
}

fn options(args: &Args) -> Result<String, ModuleError> {
    let mut options = String::from("-y -q");
    let mut add = |option: &str| options.push_str(&format!(" {option}"));
    let dpkg =
        args.text("dpkg_options")?.unwrap_or_else(|| "force-confdef,force-confold".to_owned());
    for option in dpkg.split(',').map(str::trim).filter(|option| !option.is_empty()) {
        add(&format!("-o {}", quote(&format!("Dpkg::Options::=--{option}"))));
    }
    let lock = whole_number(args, "lock_timeout")?.unwrap_or(60);
    add(&format!("-o DPkg::Lock::Timeout={lock}"));
    if args.text("install_recommends")?.is_some() {
        let yes = if args.boolean("install_recommends", true)? { "yes" } else { "no" };
        add(&format!("-o APT::Install-Recommends={yes}"));
    }
    if let Some(release) = args.text("default_release")? {
        add(&format!("-t {}", quote(&release)));
    }
    for (name, option) in [
        ("force", "--force-yes"),
        ("fail_on_autoremove", "--no-remove"),
        ("allow_unauthenticated", "--allow-unauthenticated"),
        ("allow_downgrade", "--allow-downgrades"),
        ("allow_change_held_packages", "--allow-change-held-packages"),
    ] {
        if args.boolean(name, false)? {
            add(option);
        }
    }
    // Nothing else is ever used here.
    args.boolean("force_apt_get", true)?;
    Ok(options)
}
