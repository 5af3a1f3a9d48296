//! `unarchive`: what an archive holds, into a directory of the host, with its `tar` or `unzip`.

use super::args::{joined, wrong};
use super::attributes::{ATTRIBUTES, Wanted};
use super::look::{self, Entry, Look};
use super::write::with_entry;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths, source};
use crate::transport::{Input, Output, quote};
use async_trait::async_trait;
use serde_json::json;

/// The module.
#[derive(Debug)]
pub(super) struct Unarchive;

const OWN: &[Parameter] = &[
    Parameter::required("src"),
    Parameter::required("dest"),
    Parameter::optional("remote_src"),
    Parameter::refused("copy", "write `remote_src`, which is its opposite"),
    Parameter::optional("creates"),
    Parameter::optional("list_files"),
    Parameter::optional("keep_newer"),
    Parameter::optional("exclude"),
    Parameter::optional("include"),
    Parameter::optional("extra_opts"),
    Parameter::optional("decrypt"),
    Parameter::on("validate_certs", "fetch the archive with `get_url` first"),
    Parameter::refused("io_buffer_size", "leave it out; the host's own programs read the archive"),
];

#[async_trait]
impl Module for Unarchive {
    fn name(&self) -> &'static str {
        "unarchive"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &joined::<{ OWN.len() + ATTRIBUTES.len() }>(OWN, ATTRIBUTES) }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let job = Job::read(context, args).await?;
        if let Some(path) = args.text("creates")? {
            let test = format!("[ -e {} ]", super::command::expand(&path));
            if context.sh(test).await?.success() {
                let msg = format!("skipped, since {path} exists");
                return Ok(Outcome { skipped: true, msg, ..Outcome::default() });
            }
        }
        let stdin = job.local.clone().map_or(Input::Empty, Input::from);
        let command = context.command(job.script(context.check)).stdin(stdin);
        let output = context.connection.run(command).await?;
        let said = Said::read(&output);
        if let Some(failed) = job.failure(context, &output, &said)? {
            return Ok(failed);
        }
        if said.is("unsure") {
            let msg = "remote module (ansible.legacy.unarchive) does not support check mode when using gtar";
            return Ok(Outcome { skipped: true, ..Outcome::ok(msg) });
        }
        let mut changed = said.is("changed");
        let paths = job.places(&said.files);
        let adjusted = if context.check { false } else { job.adjust(context, &paths).await? };
        changed |= adjusted;
        let msg = if changed { format!("`{}` -> `{}`", job.src, job.dest) } else { String::new() };
        let mut outcome = Outcome { changed, ..Outcome::ok(msg) };
        if context.diff {
            outcome.diff = said.differences.join("\n");
        }
        outcome = outcome.with("handler", said.handler.clone());
        if job.list {
            outcome = outcome.with("files", said.files.clone());
        }
        if said.is("changed") && !context.check {
            let result =
                json!({"cmd": job.command(&said), "rc": 0, "out": "", "err": output.stderr_text()});
            outcome = outcome.with("extract_results", result);
        }
        Ok(with_entry(outcome, said.entry.as_ref()).with("dest", job.dest).with("src", job.src))
    }
}

/// What is to be unpacked and how.
struct Job {
    src: String,
    dest: String,
    /// The archive on this machine, when it is here.
    local: Option<source::Source>,
    include: Vec<String>,
    exclude: Vec<String>,
    options: Vec<String>,
    keep_newer: bool,
    list: bool,
    wanted: Wanted,
}

impl Job {
    async fn read(context: &Context, args: &Args) -> Result<Self, ModuleError> {
        let written = args.required_text("src")?;
        if written.contains("://") {
            return Err(wrong("src", "cannot be an address here; fetch it with `get_url` first"));
        }
        let (src, local) = if args.boolean("remote_src", false)? {
            (paths::check("src", &paths::expanded(context, &written).await?)?, None)
        } else {
            let file = source::find_file(context, &written, "files")?;
            let name = file.to_string_lossy().into_owned();
            (name, Some(source::opened(context, args, &file)?))
        };
        let (include, exclude) = (args.words("include")?, args.words("exclude")?);
        if !include.is_empty() && !exclude.is_empty() {
            return Err(wrong("include", "and `exclude` exclude each other"));
        }
        Ok(Self {
            src,
            dest: paths::on_host(context, args, "dest").await?,
            local,
            include,
            exclude,
            options: args.words("extra_opts")?,
            keep_newer: args.boolean("keep_newer", false)?,
            list: args.boolean("list_files", false)?,
            wanted: Wanted::read(args)?,
        })
    }

    fn script(&self, check: bool) -> String {
        let flag = |on: bool| if on { "1" } else { "" };
        let archive = if self.local.is_some() { "" } else { self.src.as_str() };
        let settings = [
            ("dest", self.dest.as_str()),
            ("archive", archive),
            ("check", flag(check)),
            ("newer", flag(self.keep_newer)),
            ("owner", flag(self.wanted.owner.is_some())),
            ("group", flag(self.wanted.group.is_some())),
            ("mode", flag(self.wanted.mode.is_some())),
        ];
        let settings = settings.map(|(name, value)| format!("{name}={}\n", quote(value))).concat();
        let words = |words: &[String]| {
            words.iter().flat_map(|word| [" ".to_owned(), quote(word)]).collect::<String>()
        };
        let excludes: Vec<String> = self
            .exclude
            .iter()
            .map(|one| format!("--exclude={}", one.trim_end_matches('/')))
            .collect();
        let shown: &[String] =
            if self.options.is_empty() { &[] } else { &["--show-transformed-names".to_owned()] };
        let skipped = if self.exclude.is_empty() {
            String::new()
        } else {
            format!(" -x{}", words(&self.exclude))
        };
        // Two programs, two ways of saying the same.
        let functions = format!(
            "by_tar() {{ tar \"$@\"{}{}{} -f \"$archive\"{}; }}\n\
             by_unzip() {{ unzip \"$@\"{} \"$archive\"{}{skipped}; }}\n",
            words(shown),
            words(&self.options),
            words(&excludes),
            words(&self.include),
            words(&self.options),
            words(&self.include),
        );
        let look = look::script(&self.dest, Look::default());
        format!("{settings}{functions}{}echo '{MARK}dest'\n{look}", include_str!("unpack.sh"))
    }

    /// The command that unpacked it, for the result.
    fn command(&self, said: &Said) -> Vec<String> {
        let mut words = vec![said.program.clone()];
        let fixed =
            |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        if said.handler == "ZipArchive" {
            words.extend(fixed(&[if self.keep_newer { "-u" } else { "-o" }]));
            words.extend(self.options.iter().chain([&self.src]).chain(&self.include).cloned());
            if !self.exclude.is_empty() {
                words.push("-x".to_owned());
                words.extend(self.exclude.iter().cloned());
            }
            words.extend(fixed(&["-d", &self.dest]));
            return words;
        }
        words.extend(fixed(&["--extract", "-C", &self.dest]));
        words.extend((!said.zip.is_empty()).then(|| said.zip.clone()));
        if !self.options.is_empty() {
            words.push("--show-transformed-names".to_owned());
            words.extend(self.options.iter().cloned());
        }
        for (name, value) in [("owner", &self.wanted.owner), ("group", &self.wanted.group)] {
            words.extend(value.iter().map(|value| format!("--{name}={value}")));
        }
        words.extend(self.keep_newer.then(|| "--keep-newer-files".to_owned()));
        words.extend(
            self.exclude.iter().map(|one| format!("--exclude={}", one.trim_end_matches('/'))),
        );
        words.extend(fixed(&["-f", &self.src]));
        words.extend(self.include.iter().cloned());
        words
    }

    fn failure(
        &self,
        context: &Context,
        output: &Output,
        said: &Said,
    ) -> Result<Option<Outcome>, ModuleError> {
        let missing = |program: &str| ModuleError::Refused {
            reason: format!("there is no `{program}` on `{}`", context.connection.host()),
            hint: format!("install it first, for example with `package: name={program}`"),
        };
        let msg = match output.rc {
            0 => return Ok(None),
            47 => format!("dest '{}' must be an existing dir", self.dest),
            48 => format!("Source '{}' does not exist", self.src),
            49 => format!("Invalid archive '{}', the file is 0 bytes", self.src),
            50 => return Err(missing("unzip")),
            51 => return Err(missing("tar")),
            52 => {
                return Err(wrong("keep_newer", "needs GNU tar, and the host has another one"));
            }
            _ => format!("failed to unpack {} to {}", self.src, self.dest),
        };
        let stderr = output.stderr_text();
        let why = stderr.trim().lines().last().unwrap_or_default();
        let msg = if why.is_empty() { msg } else { format!("{msg}: {why}") };
        let outcome = Outcome { failed: true, stderr, ..Outcome::ok(msg) };
        Ok(Some(outcome.with("handler", said.handler.clone()).with("dest", self.dest.clone())))
    }

    /// Every path that the archive's names mean, and the directories at the top.
    fn places(&self, files: &[String]) -> Vec<String> {
        let mut places: Vec<String> = Vec::new();
        for file in files {
            let name = file.trim_start_matches('/').trim_start_matches("./").trim_end_matches('/');
            let top = name.split('/').next().unwrap_or_default();
            for name in [top, name] {
                let place = format!("{}/{name}", self.dest);
                if !name.is_empty() && !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        places
    }

    /// Sets mode, owner and group of what was unpacked; says whether something differed.
    async fn adjust(&self, context: &Context, places: &[String]) -> Result<bool, ModuleError> {
        if self.wanted == Wanted::default() || places.is_empty() {
            return Ok(false);
        }
        let look = look::script_of("$q", Look::default());
        let script = format!("while IFS= read -r q; do\n(\n{look}) || exit\ndone");
        let names = places.join("\n") + "\n";
        let command = context.command(script).stdin(Input::Bytes(names.into()));
        let output = context.connection.run(command).await?;
        let said = output.stdout_text();
        let mut lines = said.lines();
        let mut commands = Vec::new();
        while let Some(seen) = look::parse(&mut lines) {
            let Some(entry) = seen.entry else { continue };
            let attributes = self.wanted.of_entry(&entry, seen.umask);
            if !attributes.differences(&entry).is_empty() {
                commands.push(attributes.commands(&quote(&seen.path)));
            }
        }
        // A script may not be of any length.
        for some in commands.chunks(200) {
            context.must("setting mode and owner", some.concat()).await?;
        }
        Ok(!commands.is_empty())
    }
}

/// Begins a line of the script's own in what is said.
const MARK: char = '\u{1}';

/// What the script said.
#[derive(Default)]
struct Said {
    handler: String,
    program: String,
    /// How `tar` is told of the compression.
    zip: String,
    files: Vec<String>,
    differences: Vec<String>,
    words: Vec<String>,
    entry: Option<Entry>,
}

impl Said {
    fn read(output: &Output) -> Self {
        let text = output.stdout_text();
        let mut said = Self::default();
        for part in text.split(MARK).skip(1) {
            let (word, rest) = part.split_once('\n').unwrap_or((part, ""));
            match word.split_once(' ') {
                Some(("handler", handler)) => handler.clone_into(&mut said.handler),
                Some(("program", program)) => program.clone_into(&mut said.program),
                Some(("zip", zip)) => zip.clone_into(&mut said.zip),
                _ if word == "files" => said.files = rest.lines().map(str::to_owned).collect(),
                _ if word == "differences" => {
                    said.differences = rest.lines().map(str::to_owned).collect();
                }
                _ if word == "dest" => {
                    said.entry = look::parse(&mut rest.lines()).and_then(|seen| seen.entry);
                }
                _ => said.words.push(word.to_owned()),
            }
        }
        said
    }

    fn is(&self, word: &str) -> bool {
        self.words.iter().any(|one| one == word)
    }
}
