//! What a task of `user` wants.

use super::super::account_lines::{account_name, flag};
use super::super::args::whole_number;
use super::super::{Args, ModuleError, Parameter};

pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter::required("name").or(&["user"]),
    Parameter::optional("state").one_of(&["present", "absent"]),
    Parameter::optional("uid"),
    Parameter::optional("uid_max"),
    Parameter::optional("uid_min"),
    Parameter::optional("non_unique"),
    Parameter::optional("group"),
    Parameter::optional("groups"),
    Parameter::optional("append"),
    Parameter::optional("comment"),
    Parameter::optional("home"),
    Parameter::optional("create_home").or(&["createhome"]),
    Parameter::optional("move_home"),
    Parameter::optional("skeleton"),
    Parameter::optional("umask"),
    Parameter::optional("shell"),
    Parameter::optional("password"),
    Parameter::optional("update_password").one_of(&["always", "on_create"]),
    Parameter::optional("password_lock"),
    Parameter::optional("password_expire_account_disable"),
    Parameter::optional("password_expire_max"),
    Parameter::optional("password_expire_min"),
    Parameter::optional("password_expire_warn"),
    Parameter::optional("expires"),
    Parameter::optional("system"),
    Parameter::optional("seuser"),
    Parameter::optional("force"),
    Parameter::optional("remove"),
    Parameter::optional("generate_ssh_key"),
    Parameter::optional("ssh_key_bits"),
    Parameter::optional("ssh_key_comment"),
    Parameter::optional("ssh_key_file"),
    Parameter::optional("ssh_key_type"),
    Parameter::refused("ssh_key_passphrase", "it would show on the host; make such a key by hand"),
    Parameter::refused("local", "the programs of libuser are not used; leave it out"),
    Parameter::refused("authorization", "it means nothing on Linux; leave it out"),
    Parameter::refused("hidden", "it means nothing on Linux; leave it out"),
    Parameter::refused("login_class", "it means nothing on Linux; leave it out"),
    Parameter::refused("profile", "it means nothing on Linux; leave it out"),
    Parameter::refused("role", "it means nothing on Linux; leave it out"),
];

const SECONDS_OF_A_DAY: f64 = 86_400.0;

/// What a task wants; `None` leaves as it is.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the module")]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) absent: bool,
    pub(super) uid: Option<u64>,
    pub(super) uid_max: Option<u64>,
    pub(super) uid_min: Option<u64>,
    pub(super) shared: bool,
    pub(super) group: Option<String>,
    pub(super) groups: Option<Vec<String>>,
    pub(super) append: bool,
    pub(super) comment: Option<String>,
    pub(super) home: Option<String>,
    pub(super) create_home: bool,
    pub(super) move_home: bool,
    pub(super) skeleton: Option<String>,
    pub(super) umask: Option<String>,
    pub(super) shell: Option<String>,
    /// A hash, which goes to the host over standard input only.
    pub(super) password: Option<String>,
    pub(super) password_always: bool,
    pub(super) lock: Option<bool>,
    /// Days after a password's end until the account ends.
    pub(super) inactive: Option<i64>,
    pub(super) days: [Option<i64>; 3],
    /// The day on which the account ends, since 1970; negative for never.
    pub(super) expires: Option<i64>,
    pub(super) system: bool,
    pub(super) seuser: Option<String>,
    pub(super) force: bool,
    pub(super) remove: bool,
    pub(super) key: Option<Key>,
}

/// An SSH key that is made for the account.
pub(super) struct Key {
    pub(super) bits: u64,
    pub(super) kind: String,
    pub(super) comment: Option<String>,
    pub(super) file: String,
}

impl Wanted {
    pub(super) fn read(args: &Args) -> Result<Self, ModuleError> {
        let path = |name| field(args, name, |c| c != ':');
        let number = |name| whole_number(args, name);
        let wanted = Self {
            name: account_name(args)?,
            absent: args.text("state")?.as_deref() == Some("absent"),
            uid: number("uid")?,
            uid_max: number("uid_max")?,
            uid_min: number("uid_min")?,
            shared: args.boolean("non_unique", false)?,
            group: field(args, "group", is_of_a_name)?,
            groups: groups(args)?,
            append: args.boolean("append", false)?,
            comment: path("comment")?,
            home: path("home")?,
            create_home: args.boolean("create_home", true)?,
            move_home: args.boolean("move_home", false)?,
            skeleton: path("skeleton")?,
            umask: field(args, "umask", |c| c.is_digit(8))?,
            shell: path("shell")?,
            password: path("password")?,
            password_always: args.text("update_password")?.as_deref() != Some("on_create"),
            lock: flag(args, "password_lock")?,
            inactive: signed(args, "password_expire_account_disable")?,
            days: [
                signed(args, "password_expire_min")?,
                signed(args, "password_expire_max")?,
                signed(args, "password_expire_warn")?,
            ],
            expires: expires(args)?,
            system: args.boolean("system", false)?,
            seuser: field(args, "seuser", is_of_a_name)?,
            force: args.boolean("force", false)?,
            remove: args.boolean("remove", false)?,
            key: key(args)?,
        };
        Ok(wanted)
    }

    /// The hash without locks, as it is compared.
    pub(super) fn bare_password(&self) -> &str {
        self.password.as_deref().unwrap_or_default().trim_start_matches('!')
    }
}

fn wrong(name: &str, reason: &str) -> ModuleError {
    ModuleError::Argument { name: name.to_owned(), reason: reason.to_owned() }
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || "_.-$".contains(c)
}

/// Text for one field of a table: one line, of characters that may stand there.
fn field(
    args: &Args,
    name: &'static str,
    usable: impl Fn(char) -> bool,
) -> Result<Option<String>, ModuleError> {
    let text = args.text(name)?;
    match &text {
        Some(value) if value.chars().any(|c| c.is_control() || !usable(c)) => {
            Err(wrong(name, "holds a character that cannot stand in an account"))
        }
        _ => Ok(text),
    }
}

fn groups(args: &Args) -> Result<Option<Vec<String>>, ModuleError> {
    if args.0.get("groups").is_none_or(serde_json::Value::is_null) {
        return Ok(None);
    }
    let items = args.list("groups")?;
    let names = items.iter().flat_map(|item| item.split(',')).map(|name| name.trim().to_owned());
    let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    if names.iter().any(|name| !name.chars().all(is_of_a_name)) {
        return Err(wrong("groups", "holds what is not the name of a group"));
    }
    Ok(Some(names))
}

fn signed(args: &Args, name: &'static str) -> Result<Option<i64>, ModuleError> {
    let Some(text) = args.text(name)? else { return Ok(None) };
    text.trim().parse().map(Some).map_err(|_| wrong(name, "must be a whole number"))
}

/// Seconds since 1970 as a day.
fn expires(args: &Args) -> Result<Option<i64>, ModuleError> {
    let Some(text) = args.text("expires")? else { return Ok(None) };
    let seconds: f64 =
        text.trim().parse().map_err(|_| wrong("expires", "must be a number of seconds"))?;
    #[expect(clippy::cast_possible_truncation, reason = "a day is far from the limits of i64")]
    Ok(Some((seconds / SECONDS_OF_A_DAY).floor() as i64))
}

fn key(args: &Args) -> Result<Option<Key>, ModuleError> {
    if !args.boolean("generate_ssh_key", false)? {
        return Ok(None);
    }
    let kind = args.text("ssh_key_type")?.unwrap_or_else(|| "rsa".to_owned());
    let file = args.text("ssh_key_file")?.unwrap_or_else(|| format!(".ssh/id_{kind}"));
    let bits = whole_number(args, "ssh_key_bits")?.unwrap_or(0);
    Ok(Some(Key { bits, kind, comment: args.text("ssh_key_comment")?, file }))
}
