//! `ini_file`: one option of one section of an INI file has a value, or is not there.

use super::args::{joined, wrong};
use super::attributes::ATTRIBUTES;
use super::edit::{Document, failed};
use super::write::with_entry;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, diff, paths};
use async_trait::async_trait;

/// The module, `community.general.ini_file`.
#[derive(Debug)]
pub(super) struct IniFile;

const OWN: &[Parameter] = &[
    Parameter::required("path").or(&["dest"]),
    Parameter::optional("section"),
    Parameter::optional("section_has"),
    Parameter::optional("option"),
    Parameter::optional("value"),
    Parameter::optional("values"),
    Parameter::optional("state").one_of(&["present", "absent"]),
    Parameter::optional("exclusive"),
    Parameter::optional("no_extra_spaces"),
    Parameter::optional("ignore_spaces"),
    Parameter::optional("allow_no_value"),
    Parameter::optional("create"),
    Parameter::optional("follow"),
    Parameter::optional("backup"),
];

#[async_trait]
impl Module for IniFile {
    fn name(&self) -> &'static str {
        "ini_file"
    }

    fn collection(&self) -> &'static str {
        "community.general"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &joined::<{ OWN.len() + ATTRIBUTES.len() }>(OWN, ATTRIBUTES) }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let edit = Edit::read(args)?;
        let path = paths::on_host(context, args, "path").await?;
        let follow = args.boolean("follow", false)?;
        let document = match Document::open(context, &path, follow).await? {
            Ok(document) => document,
            Err(failed) => return Ok(failed),
        };
        if !document.exists() && !args.boolean("create", true)? {
            return Ok(failed(257, format!("Destination {path} does not exist!")));
        }
        let (text, msg) = edit.apply(document.text.trim_start_matches('\u{feff}'));
        let changed = msg != "OK" || text != document.text;
        let saved = match document.save(context, args, &text, changed).await? {
            Ok(saved) => saved,
            Err(failed) => return Ok(failed),
        };
        // Ansible leaves attributes out of account in check mode here.
        let adjusted = saved.attributes && !context.check;
        let outcome = Outcome { changed: changed || adjusted, ..Outcome::default() }.saying(msg);
        let mut outcome = with_entry(outcome, saved.entry.as_ref()).with("path", path.clone());
        if !saved.backup.is_empty() {
            outcome = outcome.with("backup_file", saved.backup);
        }
        if context.diff {
            outcome.diff = diff::lines(&path, &document.text, &text);
            let header = format!("{path} (content)");
            outcome = outcome.with("diff", diff::value(&header, &document.text, &text));
        }
        Ok(outcome)
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is an option of the module")]
struct Edit {
    section: Option<String>,
    /// Options and values that tell a section from others of its name.
    has: Vec<(String, Option<String>)>,
    option: Option<String>,
    values: Vec<String>,
    present: bool,
    exclusive: bool,
    equals: &'static str,
    ignore_spaces: bool,
    allow_no_value: bool,
}

impl Edit {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let given = |name| -> Result<Option<String>, ModuleError> {
            Ok(args.text(name)?.filter(|text| !text.is_empty()))
        };
        let (value, several) = (args.text("value")?, args.words("values")?);
        if value.is_some() && args.0.contains_key("values") {
            return Err(wrong("value", "and `values` exclude each other"));
        }
        let mut values = Vec::new();
        for value in value.into_iter().chain(several) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let present = args.text("state")?.as_deref() != Some("absent");
        let allow_no_value = args.boolean("allow_no_value", false)?;
        if present && !allow_no_value && values.is_empty() {
            let hint = "must be given with `state: present`, unless `allow_no_value` is true";
            return Err(wrong("value", hint));
        }
        let equals = if args.boolean("no_extra_spaces", false)? { "=" } else { " = " };
        Ok(Self {
            section: given("section")?,
            has: section_has(args)?,
            option: given("option")?,
            values,
            present,
            exclusive: args.boolean("exclusive", true)?,
            equals,
            ignore_spaces: args.boolean("ignore_spaces", false)?,
            allow_no_value,
        })
    }

    /// The text after the edit, and what was done in Ansible's words.
    fn apply(&self, text: &str) -> (String, String) {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        if lines.is_empty() {
            lines.push("\n".to_owned());
        }
        if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
            last.push('\n');
        }
        let mut said = Said("OK");
        match self.find(&lines) {
            Some((from, to)) => {
                let mut section: Vec<String> = lines[from..to].to_vec();
                if self.present {
                    self.set(&mut section, &mut said);
                } else {
                    self.remove(&mut section, &mut said);
                }
                lines.splice(from..to, section);
            }
            None if self.present => {
                said = self.new_section(&mut lines);
            }
            None => {}
        }
        (lines.concat(), said.0.to_owned())
    }

    /// From where to where the section goes, its heading included. Lines before the first heading
    /// are a section without a name.
    fn find(&self, lines: &[String]) -> Option<(usize, usize)> {
        let ends = |from: usize| {
            let next = lines[from..].iter().position(|line| line.starts_with('['));
            next.map_or(lines.len(), |next| from + next)
        };
        let Some(name) = &self.section else {
            let to = ends(0);
            return self.fits(&lines[..to]).then_some((0, to));
        };
        let heading = format!("[{name}]");
        let mut from = None;
        for (at, line) in lines.iter().enumerate() {
            if line.starts_with(&heading) && from.is_none_or(|from| !self.fits(&lines[from..at])) {
                from = Some(at);
            } else if line.starts_with('[') && from.is_some_and(|from| self.fits(&lines[from..at]))
            {
                break;
            }
        }
        let from = from?;
        let to = ends(from + 1);
        self.fits(&lines[from..to]).then_some((from, to))
    }

    fn fits(&self, section: &[String]) -> bool {
        self.has.iter().all(|(option, value)| {
            section.iter().any(|line| {
                parse(option, line).is_some_and(|found| Some(found.value) == value.as_deref())
            })
        })
    }

    fn line(&self, value: &str) -> String {
        format!("{}{}{value}\n", self.option.as_deref().unwrap_or_default(), self.equals)
    }

    /// Brings the option's lines to the wanted values.
    fn set(&self, section: &mut Vec<String>, said: &mut Said) {
        let option = self.option.clone().unwrap_or_default();
        let mut values = self.values.clone();
        let mut done = vec![false; section.len()];
        let mut bare_is_there = false;
        let bare = format!("{option}\n");
        if self.option.is_some() {
            for at in 0..section.len() {
                let Some(found) = parse(&option, &section[at]) else { continue };
                if let Some(index) = values.iter().position(|value| value == found.value) {
                    let value = values.remove(index);
                    let empty = value.is_empty() && self.allow_no_value;
                    bare_is_there |= empty;
                    let line = if empty { bare.clone() } else { self.line(&value) };
                    self.update(section, at, line, said);
                    done[at] = true;
                } else if values.is_empty() && self.values.is_empty() && self.allow_no_value {
                    self.update(section, at, bare.clone(), said);
                    done[at] = true;
                    bare_is_there = true;
                    break;
                }
            }
        }
        if self.exclusive && !self.allow_no_value && self.option.is_some() {
            for at in 0..section.len() {
                if !values.is_empty() && !done[at] && parse(&option, &section[at]).is_some() {
                    let line = self.line(&values.remove(0));
                    self.update(section, at, line, said);
                    done[at] = true;
                }
            }
            // The heading, or the first line of the unnamed section, is never an option to remove.
            let mut keep = done.iter();
            let named = self.section.is_some();
            let before = section.len();
            let mut first = named;
            section.retain(|line| {
                let done = keep.next().copied().unwrap_or(true);
                std::mem::take(&mut first) || done || parse(&option, line).is_none()
            });
            if section.len() != before {
                said.0 = "option changed";
            }
        }
        self.insert(section, &values, bare_is_there, said);
    }

    /// Adds what is missing behind the last line that is neither blank nor a comment.
    fn insert(&self, section: &mut Vec<String>, values: &[String], bare: bool, said: &mut Said) {
        let Some(option) = &self.option else { return };
        let telling = |line: &String| {
            let line = line.trim_start_matches([' ', '\t']).trim_end_matches('\n');
            !line.is_empty() && !line.starts_with([';', '#'])
        };
        let at = match section.iter().rposition(telling) {
            Some(at) => at + 1,
            // Nothing stands before the first heading yet.
            None if self.section.is_none() => 0,
            None => return,
        };
        if !values.is_empty() {
            let lines: Vec<String> = values.iter().map(|value| self.line(value)).collect();
            section.splice(at..at, lines);
            said.0 = "option added";
        } else if self.values.is_empty() && self.allow_no_value && !bare {
            section.insert(at, format!("{option}\n"));
            said.0 = "option added";
        }
    }

    fn update(&self, section: &mut [String], at: usize, line: String, said: &mut Said) {
        let option = self.option.as_deref().unwrap_or_default();
        let changed = match parse(option, &section[at]) {
            Some(old) if self.ignore_spaces && !old.comment => {
                parse(option, &line).is_none_or(|new| new.value != old.value)
            }
            _ => section[at] != line,
        };
        if changed {
            section[at] = line;
            said.0 = "option changed";
        }
    }

    fn remove(&self, section: &mut Vec<String>, said: &mut Said) {
        let before = section.len();
        let Some(option) = &self.option else {
            section.clear();
            if before > 0 {
                said.0 = "section removed";
            }
            return;
        };
        section.retain(|line| {
            let found = parse(option, line).filter(|found| !found.comment);
            let meant = |value: &str| self.exclusive || self.values.iter().any(|one| one == value);
            !found.is_some_and(|found| meant(found.value))
        });
        if section.len() != before {
            said.0 = "option changed";
        }
    }

    fn new_section(&self, lines: &mut Vec<String>) -> Said {
        if let Some(name) = &self.section {
            lines.push(format!("[{name}]\n"));
        }
        for (option, value) in &self.has {
            lines.push(format!(
                "{option}{}{}\n",
                self.equals,
                value.as_deref().unwrap_or_default()
            ));
        }
        match &self.option {
            Some(_) if !self.values.is_empty() => {
                lines.extend(self.values.iter().map(|value| self.line(value)));
            }
            Some(option) if self.allow_no_value => lines.push(format!("{option}\n")),
            _ => return Said("only section added"),
        }
        Said("section and option added")
    }
}

/// What was done.
struct Said(&'static str);

fn section_has(args: &Args) -> Result<Vec<(String, Option<String>)>, ModuleError> {
    let Some(value) = args.0.get("section_has").filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let fault = || wrong("section_has", "must be a list of mappings with `option` and `value`");
    let items = value.as_array().ok_or_else(fault)?;
    let mut pairs = Vec::new();
    for item in items {
        let item = Args(item.as_object().ok_or_else(fault)?.clone());
        if item.0.keys().any(|key| key != "option" && key != "value") {
            return Err(fault());
        }
        pairs.push((item.text("option")?.ok_or_else(fault)?, item.text("value")?));
    }
    Ok(pairs)
}

/// A line that sets an option.
struct Found<'a> {
    /// Whether it is commented out.
    comment: bool,
    value: &'a str,
}

/// The line as a setting of the option, when it is one.
fn parse<'a>(option: &str, line: &'a str) -> Option<Found<'a>> {
    let blank = [' ', '\t'];
    let line = line.strip_suffix('\n').unwrap_or(line);
    let rest = line.strip_prefix(['#', ';']);
    let comment = rest.is_some();
    let rest = rest.unwrap_or(line).trim_start_matches(blank).strip_prefix(option)?;
    let rest = rest.trim_start_matches(blank);
    if rest.is_empty() {
        return Some(Found { comment, value: "" });
    }
    Some(Found { comment, value: rest.strip_prefix('=')?.trim_start_matches(blank) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn apply(args: &Value, text: &str) -> (String, String) {
        Edit::read(&Args(args.as_object().unwrap().clone())).unwrap().apply(text)
    }

    #[test]
    fn an_option_is_set_added_and_removed() {
        let task = json!({"section": "a", "option": "k", "value": "2"});
        for (before, after, msg) in [
            ("[a]\nk=1\n[b]\nk=1\n", "[a]\nk = 2\n[b]\nk=1\n", "option changed"),
            ("[a]\nx=1\n\n# end\n[b]\n", "[a]\nx=1\nk = 2\n\n# end\n[b]\n", "option added"),
            ("[b]\n", "[b]\n[a]\nk = 2\n", "section and option added"),
            ("[a]\nk = 2\n", "[a]\nk = 2\n", "OK"),
            ("[a]\n#k = 1\n", "[a]\nk = 2\n", "option changed"),
            ("[a]\nk=1\nk=2\nk=3\n", "[a]\nk = 2\n", "option changed"),
        ] {
            assert_eq!(apply(&task, before), (after.to_owned(), msg.to_owned()), "{before}");
        }
        let gone = json!({"section": "a", "option": "k", "state": "absent"});
        assert_eq!(apply(&gone, "[a]\nk=1\n#k=2\n[b]\n").0, "[a]\n#k=2\n[b]\n");
        let section = json!({"section": "a", "state": "absent"});
        assert_eq!(
            apply(&section, "x\n[a]\nk=1\n[b]\n"),
            ("x\n[b]\n".into(), "section removed".into())
        );
    }

    #[test]
    fn further_ways_of_saying_it() {
        let plain = json!({"option": "k", "value": "1", "no_extra_spaces": true});
        assert_eq!(apply(&plain, "j=0\n[a]\nk=2\n").0, "j=0\nk=1\n[a]\nk=2\n");
        let spaces = json!({"option": "k", "value": "1", "ignore_spaces": true});
        assert_eq!(apply(&spaces, "k=1\n"), ("k=1\n".into(), "OK".into()));
        let bare = json!({"section": "a", "option": "k", "allow_no_value": true});
        assert_eq!(apply(&bare, "[a]\nx\n").0, "[a]\nx\nk\n");
        let more = json!({"section": "a", "option": "k", "values": ["1", "2"], "exclusive": false});
        assert_eq!(apply(&more, "[a]\nk = 0\n").0, "[a]\nk = 0\nk = 1\nk = 2\n");
        let one = json!({"section": "p", "section_has": [{"option": "ip", "value": "2"}],
            "option": "key", "value": "x"});
        assert_eq!(
            apply(&one, "[p]\nip = 1\n[p]\nip = 2\n").0,
            "[p]\nip = 1\n[p]\nip = 2\nkey = x\n"
        );
    }
}
