//! From the account that is there to the one that is wanted, as commands of the host.

use super::super::ModuleError;
use super::super::account_lines::{GroupLine, UserLine};
use super::super::seen::Seen;
use super::wanted::Wanted;
use crate::transport::quote;

/// The account as it is.
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that was found or not")]
pub(super) struct Found {
    pub(super) user: Option<UserLine>,
    groups: Vec<GroupLine>,
    /// Fields of the shadow line behind the hash.
    shadow: Option<Vec<String>>,
    locked: bool,
    same_password: bool,
    has_home: bool,
    has_own_group: bool,
    /// Whether the programs of `shadow` are there.
    has_programs: bool,
}

impl Found {
    pub(super) fn read(seen: &Seen, wanted: &Wanted) -> Result<Self, ModuleError> {
        let mut groups: Vec<GroupLine> =
            seen.lines("groups").filter_map(GroupLine::parse).collect();
        for name in wanted.groups.iter().flatten().chain(&wanted.group) {
            let line = seen.lines(&format!("wanted {name}")).find_map(GroupLine::parse);
            match line {
                Some(group) if !groups.contains(&group) => groups.push(group),
                Some(_) => {}
                None if wanted.absent => {}
                None => return Err(ModuleError::Failed(format!("Group {name} does not exist"))),
            }
        }
        let shadow = seen.raw("shadow").and_then(|text| text.lines().next());
        Ok(Self {
            user: seen.lines("account").find_map(UserLine::parse),
            groups,
            shadow: shadow.map(|line| line.split(':').map(str::to_owned).collect()),
            locked: seen.has("locked"),
            same_password: seen.has("same password"),
            has_home: seen.has("home is there"),
            has_own_group: seen.text("own group").is_some(),
            has_programs: seen.has("program useradd"),
        })
    }

    fn group(&self, name: &str) -> Option<&GroupLine> {
        let by_id = self.groups.iter().find(|group| name.parse() == Ok(group.id));
        by_id.or_else(|| self.groups.iter().find(|group| group.name == name))
    }

    /// A field of the shadow line: 1 to 3 the days of a password, 4 and 5 those until the end.
    fn day(&self, index: usize) -> i64 {
        let field = self.shadow.as_ref().and_then(|fields| fields.get(index));
        field.and_then(|text| text.parse().ok()).unwrap_or(-1)
    }
}

/// Commands in order, the account's name quoted.
pub(super) fn commands(wanted: &Wanted, found: &Found) -> Result<Vec<String>, ModuleError> {
    let name = quote(&wanted.name);
    let commands = match &found.user {
        None if wanted.absent => Vec::new(),
        Some(_) if wanted.absent => vec![remove(wanted, &name)],
        None => {
            let mut commands = create(wanted, found, &name);
            commands.extend(days(wanted, None, &name));
            commands
        }
        Some(user) => {
            let mut commands = modify(wanted, found, user, &name);
            commands.extend(days(wanted, Some(found), &name));
            if wanted.create_home && !found.has_home {
                let home = wanted.home.as_ref().unwrap_or(&user.home);
                commands.push(format!("make_home {}", quote(home)));
            }
            commands
        }
    };
    if !found.has_programs && !commands.is_empty() {
        return Err(ModuleError::Refused {
            reason: "there is no `useradd` on the host, nor what comes with it".to_owned(),
            hint: "install `shadow` (or `passwd`) on the host first".to_owned(),
        });
    }
    Ok(commands)
}

fn remove(wanted: &Wanted, name: &str) -> String {
    let mut words = Words::default();
    words.flag(wanted.force, "-f");
    words.flag(wanted.remove, "-r");
    words.command("userdel", name)
}

/// The words of a command, one option after the other.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn flag(&mut self, wanted: bool, option: &str) {
        if wanted {
            self.0.push(option.to_owned());
        }
    }

    fn value(&mut self, option: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.0.push(format!("{option} {}", quote(value.as_ref())));
        }
    }

    fn command(self, program: &str, name: &str) -> String {
        let words = [vec![program.to_owned()], self.0, vec![name.to_owned()]].concat();
        words.join(" ")
    }
}

fn number(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn create(wanted: &Wanted, found: &Found, name: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let parent = wanted.home.as_deref().and_then(|home| home.rsplit_once('/'));
    if let Some((parent, _)) = parent.filter(|(parent, _)| wanted.create_home && !parent.is_empty())
    {
        commands.push(format!("mkdir -p {}", quote(parent)));
    }
    commands.push(useradd(wanted, found, name));
    if wanted.password.is_some() {
        commands.push("set_password".to_owned());
    }
    commands
}

fn useradd(wanted: &Wanted, found: &Found, name: &str) -> String {
    let mut words = Words::default();
    words.value("-u", number(wanted.uid));
    words.flag(wanted.uid.is_some() && wanted.shared, "-o");
    words.value("-Z", wanted.seuser.as_ref());
    words.value("-g", wanted.group.as_ref());
    words.flag(wanted.group.is_none() && found.has_own_group, "-N");
    let groups = wanted.groups.as_ref().filter(|groups| !groups.is_empty());
    words.value("-G", groups.map(|groups| groups.join(",")));
    words.value("-c", wanted.comment.as_ref());
    words.value("-d", wanted.home.as_ref());
    words.value("-s", wanted.shell.as_ref());
    words.value("-e", wanted.expires.map(date));
    words.value("-f", number(wanted.inactive));
    words.flag(wanted.create_home, "-m");
    words.flag(!wanted.create_home, "-M");
    if wanted.create_home {
        words.value("-k", wanted.skeleton.as_ref());
        words.value("-K", wanted.umask.as_ref().map(|umask| format!("UMASK={umask}")));
    }
    words.flag(wanted.system, "-r");
    words.value("-K", wanted.uid_min.map(|id| format!("UID_MIN={id}")));
    words.value("-K", wanted.uid_max.map(|id| format!("UID_MAX={id}")));
    words.command("useradd", name)
}

fn modify(wanted: &Wanted, found: &Found, user: &UserLine, name: &str) -> Vec<String> {
    let mut words = Words::default();
    let differs =
        |wanted: &Option<String>, found: &str| wanted.clone().filter(|wanted| wanted != found);
    let uid = wanted.uid.filter(|uid| *uid != user.id);
    words.value("-u", number(uid));
    words.flag(uid.is_some() && wanted.shared, "-o");
    let group = wanted.group.as_ref().and_then(|name| found.group(name));
    words.value("-g", number(group.map(|group| group.id).filter(|id| *id != user.group)));
    other_groups(wanted, found, &mut words);
    words.value("-c", differs(&wanted.comment, &user.comment));
    let home = differs(&wanted.home, &user.home);
    words.flag(home.is_some() && wanted.move_home, "-m");
    words.value("-d", home);
    words.value("-s", differs(&wanted.shell, &user.shell));
    // In the table a day that never comes is an empty field.
    let never = wanted.expires.is_some_and(|day| day < 0) && found.day(5) < 0;
    words.value("-e", wanted.expires.filter(|day| *day != found.day(5) && !never).map(date));
    words.value("-f", number(wanted.inactive.filter(|days| *days != found.day(4))));
    let password = wanted.password.is_some() && wanted.password_always && !found.same_password;
    words.flag(!password && wanted.lock == Some(true) && !found.locked, "-L");
    words.flag(!password && wanted.lock == Some(false) && found.locked, "-U");
    let mut commands = Vec::new();
    if !words.0.is_empty() {
        commands.push(words.command("usermod", name));
    }
    if password {
        commands.push("set_password".to_owned());
    }
    commands
}

/// The groups beside the account's own one.
fn other_groups(wanted: &Wanted, found: &Found, words: &mut Words) {
    let Some(names) = &wanted.groups else { return };
    let member = |group: &&GroupLine| group.members.contains(&wanted.name);
    let current: Vec<&str> =
        found.groups.iter().filter(member).map(|group| group.name.as_str()).collect();
    let names: Vec<&str> = names
        .iter()
        .filter_map(|name| found.group(name))
        .map(|group| group.name.as_str())
        .collect();
    let missing = names.iter().any(|name| !current.contains(name));
    let superfluous = current.iter().any(|name| !names.contains(name));
    if missing || (superfluous && !wanted.append) {
        words.flag(wanted.append, "-a");
        words.value("-G", Some(names.join(",")));
    }
}

/// How long a password lasts.
fn days(wanted: &Wanted, found: Option<&Found>, name: &str) -> Option<String> {
    let mut words = Words::default();
    for (place, option) in ["-m", "-M", "-W"].into_iter().enumerate() {
        let known = found.map(|found| found.day(place + 1));
        words.value(option, number(wanted.days[place].filter(|days| Some(*days) != known)));
    }
    (!words.0.is_empty()).then(|| words.command("chage", name))
}

/// A day since 1970 as a date; empty for one that never comes.
fn date(day: i64) -> String {
    let date = jiff::civil::date(1970, 1, 1);
    let days = jiff::Span::new().try_days(day);
    let date = days.ok().filter(|_| day >= 0).and_then(|days| date.checked_add(days).ok());
    date.map(|date| date.to_string()).unwrap_or_default()
}
