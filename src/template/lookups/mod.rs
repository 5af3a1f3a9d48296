//! Lookups: values from files, programs, the environment and other variables of the machine that
//! runs the playbook.

mod files;
mod loops;
mod programs;
mod sequence;
mod variables;

use super::call::Arguments;
use super::error::TemplateError;
use super::names;
use super::scope::Scope;
use super::value::{carry, list, missing, none, refuse, why_missing};
use minijinja::{Error, Value};

pub(super) use files::{glob, template_directories};

/// What a lookup gets: its terms, and its options by name.
pub(super) struct Asked<'a> {
    pub(super) scope: &'a Scope,
    pub(super) terms: Vec<Value>,
    pub(super) options: Vec<(String, Value)>,
    /// Whether it stands behind `with_`.
    pub(super) as_with: bool,
}

struct Lookup {
    name: &'static str,
    /// The names of its options.
    options: &'static [&'static str],
    run: fn(&Asked<'_>) -> Result<Vec<Value>, Error>,
}

/// Every lookup, sorted.
const LOOKUPS: &[Lookup] = &[
    Lookup { name: "dict", options: &[], run: loops::dict },
    Lookup { name: "env", options: &["default"], run: variables::env },
    Lookup { name: "file", options: &["lstrip", "rstrip"], run: files::file },
    Lookup { name: "fileglob", options: &[], run: files::fileglob },
    Lookup { name: "first_found", options: &["files", "paths", "skip"], run: files::first_found },
    Lookup { name: "indexed_items", options: &[], run: loops::indexed_items },
    Lookup { name: "inventory_hostnames", options: &[], run: variables::inventory_hostnames },
    Lookup { name: "items", options: &[], run: loops::items },
    Lookup { name: "lines", options: &[], run: programs::lines },
    Lookup { name: "list", options: &[], run: |asked| Ok(asked.terms.clone()) },
    Lookup { name: "nested", options: &[], run: loops::nested },
    Lookup { name: "pipe", options: &[], run: programs::pipe },
    Lookup { name: "random_choice", options: &[], run: loops::random_choice },
    Lookup {
        name: "sequence",
        options: &["start", "end", "count", "stride", "format"],
        run: sequence::sequence,
    },
    Lookup { name: "subelements", options: &[], run: loops::subelements },
    Lookup {
        name: "template",
        options: &["template_vars", "trim_blocks", "lstrip_blocks", "convert_data"],
        run: files::template,
    },
    Lookup { name: "together", options: &[], run: loops::together },
    Lookup { name: "unvault", options: &[], run: files::unvault },
    Lookup { name: "varnames", options: &[], run: variables::varnames },
    Lookup { name: "vars", options: &["default"], run: variables::vars },
];

/// Those that read files of this machine or run programs on it.
const OF_THIS_MACHINE: [&str; 7] =
    ["file", "fileglob", "first_found", "lines", "pipe", "template", "unvault"];

/// Lookups that Ansible has and this does not, and what to do instead.
const REFUSED: &[(&str, &str)] = &[
    ("password", "make the password once and keep it in the vault"),
    ("url", "use the module `uri` or `get_url`"),
    ("config", "write the value down as a variable"),
    ("csvfile", "keep the table as YAML"),
    ("ini", "keep the values as YAML, or use `lookup('file', …) | regex_search(…)`"),
];

fn find(name: &str) -> Result<&'static Lookup, TemplateError> {
    let short = names::short(name, names::BUILTIN);
    let found = short.and_then(|short| LOOKUPS.iter().find(|lookup| lookup.name == short));
    found.ok_or_else(|| {
        names::unknown("lookup", name, LOOKUPS.iter().map(|lookup| lookup.name), REFUSED)
    })
}

/// Whether there is a lookup of that name.
pub(super) fn check(name: &str) -> Result<(), TemplateError> {
    find(name).map(|_| ())
}

/// `lookup(…)`, and with `list` `query(…)`.
pub(super) fn function(call: &Arguments<'_>, as_list: bool) -> Result<Value, Error> {
    let name = call.text("plugin")?;
    let mut options = call.rest.clone();
    let as_list = options.take("wantlist").map_or(as_list, |wanted| as_list || wanted.is_true());
    let errors = options.take("errors").map_or_else(|| "strict".to_owned(), |e| e.to_string());
    if !matches!(errors.as_str(), "strict" | "warn" | "ignore") {
        return Err(refuse(format!("`errors` must be strict, warn or ignore, not `{errors}`")));
    }
    let lookup = find(&name).map_err(carry)?;
    lookup.waits(call.scope)?;
    // Only these may be asked about what is not there.
    if !matches!(lookup.name, "env" | "first_found")
        && let Some(missing) = options.values().find(|value| why_missing(value).is_some())
    {
        return Ok(missing.clone());
    }
    let asked = Asked {
        scope: call.scope,
        terms: options.positional,
        options: options.named,
        as_with: false,
    };
    let found = match lookup.run(&asked) {
        Ok(found) => found,
        Err(_) if errors != "strict" => {
            return Ok(if as_list { list([]) } else { none() });
        }
        Err(error) => return Err(error),
    };
    Ok(if as_list { list(found) } else { as_one(found) })
}

/// What `lookup` gives: the only value, texts with commas between them, or the list.
fn as_one(mut found: Vec<Value>) -> Value {
    let texts: Option<Vec<&str>> = found.iter().map(Value::as_str).collect();
    match texts {
        _ if found.len() == 1 => found.pop().unwrap_or_default(),
        Some(texts) if !texts.is_empty() => Value::from(texts.join(",")),
        _ => list(found),
    }
}

/// What a loop with `with_NAME: terms` goes through.
pub(super) fn with(scope: &Scope, name: &str, terms: &Value) -> Result<Vec<Value>, Error> {
    let lookup = find(name).map_err(carry)?;
    lookup.waits(scope)?;
    let terms = if super::value::is_list(terms) {
        super::value::items(terms)?
    } else {
        vec![terms.clone()]
    };
    lookup.run(&Asked { scope, terms, options: Vec::new(), as_with: true })
}

impl Lookup {
    /// Before the run nothing is read and nothing runs.
    fn waits(&self, scope: &Scope) -> Result<(), Error> {
        if scope.is_ahead() && OF_THIS_MACHINE.contains(&self.name) {
            return Err(carry(TemplateError::Later { name: format!("lookup('{}')", self.name) }));
        }
        Ok(())
    }

    fn run(&self, asked: &Asked<'_>) -> Result<Vec<Value>, Error> {
        if let Some((name, _)) =
            asked.options.iter().find(|(name, _)| !self.options.contains(&name.as_str()))
        {
            return Err(carry(TemplateError::Unknown {
                what: "argument",
                name: format!("{name}` of lookup `{}", self.name),
                near: crate::error::near_matches(name, self.options.iter().copied()),
            }));
        }
        (self.run)(asked)
    }
}

impl Asked<'_> {
    fn option(&self, name: &str) -> Option<&Value> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        self.option(name).map_or(default, |value| {
            value.as_str().map_or(value.is_true(), |_| super::filters::to_bool(value))
        })
    }

    /// The terms as text.
    fn texts(&self) -> Result<Vec<String>, Error> {
        self.terms.iter().map(super::python::python_text).collect()
    }

    fn undefined(&self, name: &str) -> Value {
        missing(TemplateError::Undefined {
            name: name.to_owned(),
            template: format!("lookup of `{name}`"),
            chain: self.scope.chain.names(),
            near: self.scope.near(name),
        })
    }
}
