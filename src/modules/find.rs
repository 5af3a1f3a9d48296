//! `find`: what stands in directories, by name, kind, age, size, mode and content.

use super::args::{joined, whole_number, wrong};
use super::look;
use super::mode::{Base, Mode};
use super::pattern::Pattern;
use super::stat::{self, digest_program};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::{Input, quote};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

/// The module.
#[derive(Debug)]
pub(super) struct Find;

#[async_trait]
impl Module for Find {
    fn name(&self) -> &'static str {
        "find"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const OWN: &[Parameter] = &[
            Parameter::required("paths").or(&["name", "path"]),
            Parameter::optional("patterns").or(&["pattern"]),
            Parameter::optional("excludes").or(&["exclude"]),
            Parameter::optional("contains"),
            Parameter::optional("read_whole_file"),
            Parameter::optional("file_type").one_of(&["any", "directory", "file", "link"]),
            Parameter::optional("age"),
            Parameter::optional("age_stamp").one_of(&["atime", "ctime", "mtime"]),
            Parameter::optional("size"),
            Parameter::optional("recurse"),
            Parameter::optional("hidden"),
            Parameter::optional("follow"),
            Parameter::optional("get_checksum"),
            stat::CHECKSUM_ALGORITHM.or(&["checksum", "checksum_algo"]),
            Parameter::optional("use_regex"),
            Parameter::optional("depth"),
            Parameter::optional("mode"),
            Parameter::optional("exact_mode"),
            Parameter::optional("encoding")
                .one_of(&["utf-8", "utf8", "UTF-8"])
                .hint("files are read as UTF-8"),
            Parameter::optional("limit"),
        ];
        const { &joined::<{ OWN.len() }>(OWN, &[]) }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wanted = Criteria::read(args)?;
        let mut search = Search::default();
        for path in args.words("paths")? {
            let path = paths::check("paths", &paths::expanded(context, &path).await?)?;
            search.directory(context, &wanted, &path).await?;
        }
        if let Some(pattern) = &wanted.contains {
            search.keep_containing(context, pattern, wanted.whole_file).await?;
        }
        let over = wanted.limit.is_some_and(|limit| search.found.len() >= limit);
        search.found.truncate(wanted.limit.unwrap_or(usize::MAX));
        if let Some(program) = wanted.digest {
            search.digest(context, program).await?;
        }
        let msg = match (search.skipped.is_empty(), over) {
            (false, _) => "Not all paths examined, check warnings for details",
            (true, true) => "Limit of matches reached",
            (true, false) => "All paths examined",
        };
        let files: Vec<Value> =
            search.found.into_iter().map(|found| Value::Object(found.stat)).collect();
        Ok(Outcome::default()
            .saying(msg)
            .with("matched", files.len())
            .with("files", files)
            .with("examined", search.examined)
            .with("skipped_paths", search.skipped))
    }
}

/// What is looked for.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the module")]
struct Criteria {
    patterns: Vec<Pattern>,
    excludes: Vec<Pattern>,
    contains: Option<Pattern>,
    whole_file: bool,
    kind: String,
    /// Seconds; negative for younger ones.
    age: Option<i64>,
    stamp: String,
    /// Bytes; negative for smaller ones.
    size: Option<i64>,
    recurse: bool,
    hidden: bool,
    follow: bool,
    depth: Option<usize>,
    mode: Option<u32>,
    exact: bool,
    limit: Option<usize>,
    digest: Option<&'static str>,
}

impl Criteria {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let regex = args.boolean("use_regex", false)?;
        let text = |name, default: &str| -> Result<String, ModuleError> {
            Ok(args.text(name)?.unwrap_or_else(|| default.to_owned()))
        };
        let names = |name: &'static str| -> Result<Vec<Pattern>, ModuleError> {
            let words = args.words(name)?.into_iter();
            let words = words.map(|word| if regex { word } else { glob(&word) + r"\Z" });
            words.map(|word| Pattern::new(name, "", &format!(r"\A(?:{word})"))).collect()
        };
        let whole_file = args.boolean("read_whole_file", false)?;
        let contains = args.text("contains")?.map(|text| {
            let anchor = if whole_file { "" } else { r"\A" };
            Pattern::new("contains", "", &format!("{anchor}(?:{text})"))
        });
        let limit = whole_number(args, "limit")?.map(small);
        if limit == Some(0) {
            return Err(wrong("limit", "cannot be 0"));
        }
        if matches!(args.0.get("mode"), Some(Value::Number(_))) {
            return Err(wrong("mode", "must be text; write it in quotes"));
        }
        let nothing = Base { mode: 0, directory: false, umask: 0 };
        let program = digest_program(args)?;
        let digest = args.boolean("get_checksum", false)?.then_some(program);
        Ok(Self {
            patterns: names("patterns")?,
            excludes: names("excludes")?,
            contains: contains.transpose()?,
            whole_file,
            kind: text("file_type", "file")?,
            age: args.text("age")?.map(|text| measured("age", &text, &AGES)).transpose()?,
            stamp: text("age_stamp", "mtime")?,
            size: args.text("size")?.map(|text| measured("size", &text, &SIZES)).transpose()?,
            recurse: args.boolean("recurse", false)?,
            hidden: args.boolean("hidden", false)?,
            follow: args.boolean("follow", false)?,
            depth: whole_number(args, "depth")?.filter(|depth| *depth > 0).map(small),
            mode: Mode::read(args, "mode")?.and_then(|mode| mode.of(nothing)),
            exact: args.boolean("exact_mode", true)?,
            limit,
            digest,
        })
    }

    /// Whether an entry is meant, as far as its name and its attributes say.
    fn fits(&self, name: &str, entry: &look::Entry, now: f64) -> bool {
        let file = entry.is_file();
        let kind = match self.kind.as_str() {
            "any" => true,
            "directory" => entry.is_directory(),
            "link" => entry.is_link(),
            _ => file,
        };
        let named = self.patterns.is_empty() || self.patterns.iter().any(|one| one.occurs(name));
        let excluded = self.excludes.iter().any(|one| one.occurs(name));
        let stamp = match self.stamp.as_str() {
            "atime" => entry.accessed,
            "ctime" => entry.changed,
            _ => entry.modified,
        };
        let mode = self.mode.filter(|mode| *mode != 0).is_none_or(|mode| {
            if self.exact { entry.mode() == mode } else { entry.mode() & mode != 0 }
        });
        let hidden = self.hidden || !name.starts_with('.');
        kind && named
            && !excluded
            && hidden
            && mode
            && reaches(self.age, now - stamp)
            && (!file || reaches(self.size, to_float(entry.size)))
    }
}

fn small(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "sizes beyond 2^53 bytes are compared roughly")]
fn to_float(number: u64) -> f64 {
    number as f64
}

/// At least the limit, or at most its opposite when it is negative.
#[expect(clippy::cast_precision_loss, reason = "limits beyond 2^53 are compared roughly")]
fn reaches(limit: Option<i64>, value: f64) -> bool {
    limit.is_none_or(|limit| {
        let size = limit.unsigned_abs() as f64;
        if limit >= 0 { value >= size } else { value <= size }
    })
}

const AGES: [(char, i64); 5] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400), ('w', 604_800)];
const SIZES: [(char, i64); 5] =
    [('b', 1), ('k', 1 << 10), ('m', 1 << 20), ('g', 1 << 30), ('t', 1 << 40)];

/// A number with a unit, as `-2d` or `10m`.
fn measured(name: &str, text: &str, units: &[(char, i64)]) -> Result<i64, ModuleError> {
    let lower = text.to_lowercase();
    let unit = units.iter().find(|(unit, _)| lower.ends_with(*unit));
    let number = lower.trim_end_matches(|c| unit.is_some_and(|(unit, _)| c == *unit));
    let number = number.parse::<i64>().ok();
    let size = number.and_then(|number| number.checked_mul(unit.map_or(1, |(_, size)| *size)));
    size.ok_or_else(|| wrong(name, format!("is no number with a unit: `{text}`")))
}

/// Shell wildcards as a regular expression.
pub(super) fn glob(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut after = &rest[c.len_utf8()..];
        match c {
            '*' => out.push_str("(?s:.*)"),
            '?' => out.push_str("(?s:.)"),
            '[' => {
                // A bracket that stands first is a member.
                let skip = usize::from(after.starts_with('!'));
                let skip = skip + usize::from(after[skip..].starts_with(']'));
                match after[skip..].find(']').map(|end| end + skip) {
                    Some(end) => {
                        let members = after[..end].replace('\\', r"\\");
                        match members.strip_prefix('!') {
                            Some(members) => out.push_str(&format!("[^{members}]")),
                            None => out.push_str(&format!("[{}]", members.replacen('^', r"\^", 1))),
                        }
                        after = &after[end + 1..];
                    }
                    None => out.push_str(r"\["),
                }
            }
            c if c.is_alphanumeric() || c == '_' || !c.is_ascii() => out.push(c),
            c => out.extend(['\\', c]),
        }
        rest = after;
    }
    out
}

/// What was found.
struct Found {
    path: String,
    stat: Map<String, Value>,
    regular: bool,
}

#[derive(Default)]
struct Search {
    found: Vec<Found>,
    examined: usize,
    skipped: Map<String, Value>,
}

/// Stands before each entry in what the host says: no name holds it.
const RECORD: char = '\u{1}';
const NO_DIRECTORY: i32 = 46;

impl Search {
    /// Looks through one directory.
    async fn directory(
        &mut self,
        context: &Context,
        wanted: &Criteria,
        path: &str,
    ) -> Result<(), ModuleError> {
        // One level more is looked at than is wanted: Ansible counts it as examined.
        let deepest = if wanted.recurse { wanted.depth.map(|depth| depth + 1) } else { Some(1) };
        let deepest = deepest.map(|depth| format!("-maxdepth {depth} ")).unwrap_or_default();
        let follow = if wanted.follow { "-L " } else { "" };
        let script = format!(
            "cd {} 2>/dev/null || exit {NO_DIRECTORY}\ndate +%s; umask\n\
             find {follow}. {deepest}! -path . -exec stat -c '{RECORD}%n\n{}' {{}} +\n",
            quote(path),
            look::FORMAT
        );
        let output = context.sh(script).await?;
        if output.rc == NO_DIRECTORY {
            self.skipped.insert(path.to_owned(), json!(format!("'{path}' is not a directory")));
            return Ok(());
        }
        let said = output.stdout_text();
        let mut records = said.split(RECORD);
        let now = records.next().and_then(|head| head.lines().next()?.parse().ok()).unwrap_or(0.0);
        let mut found = Vec::new();
        for record in records {
            let Some((name, entry)) = parse(record) else { continue };
            self.examined += 1;
            let depth = name.matches('/').count() + 1;
            let base = name.rsplit('/').next().unwrap_or(name);
            let deep = wanted.depth.is_some_and(|most| wanted.recurse && depth > most);
            if !deep && wanted.fits(base, &entry, now) {
                let path = format!("{path}/{name}");
                let mut stat = stat::common(&entry);
                stat.insert("path".to_owned(), json!(path));
                found.push(Found { path, stat, regular: entry.is_file() });
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        self.found.extend(found);
        for line in output.stderr_text().lines() {
            self.skipped.insert(path.to_owned(), json!(line));
        }
        Ok(())
    }

    /// Keeps the files of which a line, or the whole, matches.
    async fn keep_containing(
        &mut self,
        context: &Context,
        pattern: &Pattern,
        whole: bool,
    ) -> Result<(), ModuleError> {
        let mut kept = Vec::new();
        for found in self.found.drain(..) {
            let output = context.sh(format!("cat {}", quote(&found.path))).await?;
            let text = output.stdout_text();
            let mut lines = text.split_inclusive('\n');
            let line = |line: &str| pattern.occurs(line.strip_suffix('\n').unwrap_or(line));
            if found.regular && if whole { pattern.occurs(&text) } else { lines.any(line) } {
                kept.push(found);
            }
        }
        self.found = kept;
        Ok(())
    }

    /// Adds the digests of regular files.
    async fn digest(&mut self, context: &Context, program: &str) -> Result<(), ModuleError> {
        let files: Vec<&str> =
            self.found.iter().filter(|one| one.regular).map(|one| one.path.as_str()).collect();
        if files.is_empty() {
            return Ok(());
        }
        // The names go over standard input: a script may not be of any length.
        let script = format!("while IFS= read -r f; do {program} < \"$f\" || echo; done");
        let names = files.join("\n") + "\n";
        let command = context.command(script).stdin(Input::Bytes(names.into()));
        let said = context.connection.run(command).await?.stdout_text();
        let mut digests = said.lines();
        for found in self.found.iter_mut().filter(|one| one.regular) {
            let digest = digests.next().and_then(|line| line.split_whitespace().next());
            found.stat.insert("checksum".to_owned(), json!(digest));
        }
        Ok(())
    }
}

/// A record: the name, and what `stat` said.
fn parse(record: &str) -> Option<(&str, look::Entry)> {
    let (name, said) = record.split_once("\nthere\n")?;
    let entry = look::parse_entry(&mut said.lines())?;
    Some((name.strip_prefix("./").unwrap_or(name), entry))
}
