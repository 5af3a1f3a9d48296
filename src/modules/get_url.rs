//! `get_url`: a file from the network onto the host, fetched by the host's `curl`.

use super::args::{joined, wrong};
use super::attributes::{ATTRIBUTES, Wanted};
use super::http::{HTTP, Request, Response, masked};
use super::look::{Entry, Look, Seen, look};
use super::write::{self, with_entry};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths};
use crate::transport::quote;
use async_trait::async_trait;
use std::time::Instant;

/// The module.
#[derive(Debug)]
pub(super) struct GetUrl;

const OWN: &[Parameter] = &[
    Parameter::required("dest"),
    Parameter::optional("backup"),
    Parameter::optional("checksum"),
    Parameter::optional("tmp_dest"),
    Parameter::optional("url_username").or(&["username"]),
    Parameter::optional("url_password").or(&["password"]),
];

#[async_trait]
impl Module for GetUrl {
    fn name(&self) -> &'static str {
        "get_url"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &joined::<{ OWN.len() + HTTP.len() }>(OWN, HTTP);
        const { &joined::<{ ALL.len() + ATTRIBUTES.len() }>(ALL, ATTRIBUTES) }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let began = Instant::now();
        let mut job = Job::read(context, args).await?;
        let seen = look(context, &job.dest, Look::default()).await?;
        let directory = seen.entry.as_ref().is_some_and(Entry::is_directory)
            || job.leads_to_directory(context, &seen).await?;
        let mut force = args.boolean("force", false)?;
        if let Some(sum) = &mut job.checksum {
            sum.settle(context, args, &job.url).await?;
        }
        if let (Some(sum), Some(entry), false) = (&job.checksum, &seen.entry, directory) {
            if !force && sum.of_file(context, &job.dest).await?.as_ref() == Some(&sum.digest) {
                return job.keep(context, &seen, entry).await;
            }
            force = true;
        }
        if !directory && !force && seen.entry.is_some() {
            job.request.newer_than = Some(job.dest.clone());
        }
        if context.check {
            job.request.switch("head");
        }
        let response = job.fetch(context, directory).await?;
        let finish = |outcome: Outcome| {
            outcome.with("url", masked(&job.url)).with("elapsed", began.elapsed().as_secs())
        };
        if response.status == 304 {
            let outcome = Outcome::default().saying(response.message()).with("status_code", 304);
            return Ok(finish(outcome.with("dest", job.dest.clone())));
        }
        if !arrived(&response) {
            let msg = if response.status == -1 {
                response.message()
            } else {
                "Request failed".to_owned()
            };
            let outcome = Outcome { failed: true, msg, ..Outcome::default() };
            let outcome =
                outcome.with("status_code", response.status).with("response", response.message());
            return Ok(finish(outcome.with("dest", job.dest.clone())));
        }
        job.put(context, &response).await.map(finish)
    }
}

fn arrived(response: &Response) -> bool {
    response.status == 200 || (response.status == 0 && !response.url.starts_with("http"))
}

/// What is to be fetched and where it goes.
struct Job {
    request: Request,
    url: String,
    dest: String,
    wanted: Wanted,
    checksum: Option<Checksum>,
    backup: bool,
}

impl Job {
    async fn read(context: &Context, args: &Args) -> Result<Self, ModuleError> {
        let request = Request::read(args, 10)?;
        let tmp = match args.text("tmp_dest")? {
            Some(path) => Some(paths::check("tmp_dest", &paths::expanded(context, &path).await?)?),
            None => None,
        };
        Ok(Self {
            url: request.url.clone(),
            request: request.by_way_of(tmp),
            dest: paths::on_host(context, args, "dest").await?,
            wanted: Wanted::read(args)?,
            checksum: Checksum::read(args)?,
            backup: args.boolean("backup", false)?,
        })
    }

    /// Whether a symbolic link at the destination leads to a directory.
    async fn leads_to_directory(
        &self,
        context: &Context,
        seen: &Seen,
    ) -> Result<bool, ModuleError> {
        if !seen.entry.as_ref().is_some_and(Entry::is_link) {
            return Ok(false);
        }
        Ok(context.sh(format!("[ -d {} ]", quote(&self.dest))).await?.success())
    }

    /// The file is the wanted one already; its attributes may not be.
    async fn keep(
        &self,
        context: &Context,
        seen: &Seen,
        entry: &Entry,
    ) -> Result<Outcome, ModuleError> {
        let attributes = self.wanted.of_entry(entry, seen.umask);
        let changed = !attributes.differences(entry).is_empty();
        let mut entry = Some(entry.clone());
        if changed && !context.check {
            entry = write::set_attributes(context, &self.dest, &attributes).await?;
        }
        let more = if changed { " but file attributes changed" } else { "" };
        let outcome = Outcome { changed, ..Outcome::default() };
        let outcome = outcome.saying(format!("file already exists{more}"));
        let outcome = outcome.with("dest", self.dest.clone()).with("url", masked(&self.url));
        Ok(with_entry(outcome, entry.as_ref()).with("elapsed", 0))
    }

    /// Makes the request and puts what came.
    async fn fetch(&self, context: &Context, directory: bool) -> Result<Response, ModuleError> {
        let sum = self.checksum.as_ref();
        let name = if directory { url_name(&self.url) } else { String::new() };
        let values = [
            ("dest", self.dest.as_str()),
            ("name", &name),
            ("check", if context.check { "1" } else { "" }),
            ("program", sum.map_or("", |sum| sum.program)),
            ("digest", sum.map_or("", |sum| sum.digest.as_str())),
            ("backup", if self.backup { "1" } else { "" }),
            ("private", if self.wanted.mode.is_some() { "1" } else { "" }),
        ];
        let values = values.map(|(name, value)| format!("{name}={}\n", quote(value))).concat();
        self.request.send(context, &format!("{values}{PUT}")).await
    }

    /// Reads what the host did with the file, and sets its attributes.
    async fn put(&self, context: &Context, response: &Response) -> Result<Outcome, ModuleError> {
        let said = String::from_utf8_lossy(&response.rest).into_owned();
        let mut words = std::collections::BTreeMap::new();
        for line in said.lines() {
            if let Some((name, value)) = line.split_once(' ') {
                words.insert(name, value);
            }
        }
        let word = |name: &str| words.get(name).map(|value| (*value).to_owned());
        if let Some(found) = word("mismatch") {
            let wanted = self.checksum.as_ref().map_or("", |sum| sum.digest.as_str());
            let msg = format!(
                "The checksum of {} did not match {wanted}; it was {found}.",
                masked(&self.url)
            );
            return Ok(
                Outcome { failed: true, msg, ..Outcome::default() }.with("dest", self.dest.clone())
            );
        }
        if let Some(why) = word("failed") {
            let outcome = Outcome { failed: true, msg: why, ..Outcome::default() };
            return Ok(outcome.with("dest", self.dest.clone()));
        }
        let dest = word("dest").unwrap_or_else(|| self.dest.clone());
        let mut changed = word("changed").is_some();
        let mut entry = None;
        if !context.check {
            let now = look(context, &dest, Look::default()).await?;
            if let Some(found) = now.entry {
                let attributes = self.wanted.of_entry(&found, now.umask);
                entry = Some(found);
                if entry.as_ref().is_some_and(|found| !attributes.differences(found).is_empty()) {
                    changed = true;
                    entry = write::set_attributes(context, &dest, &attributes).await?;
                }
            }
        }
        let mut outcome = Outcome { changed, ..Outcome::default() }
            .saying(response.message())
            .with("dest", dest)
            .with("status_code", response.status)
            .with("checksum_src", word("source"))
            .with("checksum_dest", word("before"))
            .with("md5sum", word("md5"));
        if let Some(backup) = word("backup") {
            outcome = outcome.with("backup_file", backup);
        }
        Ok(with_entry(outcome, entry.as_ref()))
    }
}

/// The last part of an address's path.
fn url_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let name = path.split_once('/').and_then(|(_, path)| path.rsplit('/').next());
    name.filter(|name| !name.is_empty()).unwrap_or("index.html").to_owned()
}

/// Puts `$d/body` at `$dest` when it is another file, and says what it did.
const PUT: &str = include_str!("get_url.sh");

/// What the file must be.
struct Checksum {
    program: &'static str,
    /// The digest, or the address of a list of digests.
    digest: String,
}

impl Checksum {
    fn read(args: &Args) -> Result<Option<Self>, ModuleError> {
        let Some(text) = args.text("checksum")?.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let fault = || wrong("checksum", "has to be in format <algorithm>:<checksum>");
        let (algorithm, digest) = text.split_once(':').ok_or_else(fault)?;
        let program = match algorithm {
            "md5" => "md5sum",
            "sha1" => "sha1sum",
            "sha224" => "sha224sum",
            "sha256" => "sha256sum",
            "sha384" => "sha384sum",
            "sha512" => "sha512sum",
            other => return Err(wrong("checksum", format!("cannot be made with `{other}`"))),
        };
        Ok(Some(Self { program, digest: digest.to_owned() }))
    }

    /// Fetches the digest when an address of it is given, and brings it into its plain form.
    async fn settle(
        &mut self,
        context: &Context,
        args: &Args,
        url: &str,
    ) -> Result<(), ModuleError> {
        if self.digest.contains("://") {
            let mut list = args.clone();
            list.0.insert("url".to_owned(), self.digest.clone().into());
            let response = Request::read(&list, 10)?.send(context, "cat \"$d/body\"\n").await?;
            if !arrived(&response) {
                let what = masked(&self.digest);
                return Err(ModuleError::Failed(format!("`{what}`: {}", response.message())));
            }
            let text = String::from_utf8_lossy(&response.rest).into_owned();
            let name = url_name(url);
            self.digest = listed(&text, &name).ok_or_else(|| {
                let what = masked(&self.digest);
                ModuleError::Failed(format!(
                    "Unable to find a checksum for file '{name}' in '{what}'"
                ))
            })?;
        }
        let plain: String = self.digest.chars().filter(char::is_ascii_alphanumeric).collect();
        self.digest = plain.to_lowercase();
        if self.digest.is_empty() || !self.digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong("checksum", "is not hexadecimal"));
        }
        Ok(())
    }

    async fn of_file(&self, context: &Context, path: &str) -> Result<Option<String>, ModuleError> {
        let said = context.sh(format!("{} < {}", self.program, quote(path))).await?.stdout_text();
        Ok(said.split_whitespace().next().map(str::to_owned))
    }
}

/// The digest of a file in a list as `sha256sum` or BSD's `sha256` writes it.
fn listed(text: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if let [only] = lines.as_slice()
        && only.split_whitespace().count() == 1
    {
        return Some(only.trim().to_owned());
    }
    lines.iter().find_map(|line| {
        if let Some((path, digest)) =
            line.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'))
        {
            let digest = digest.trim_start().strip_prefix('=')?.trim();
            return (path == name).then(|| digest.to_owned());
        }
        let (digest, path) = line.split_once(char::is_whitespace)?;
        let path = path.trim_start().trim_start_matches('*').trim_start_matches(['.', '/']);
        (path == name).then(|| digest.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_digests_are_found() {
        assert_eq!(url_name("https://h/a/b.tgz?x=/y"), "b.tgz");
        assert_eq!(url_name("https://h"), "index.html");
        let list = "aa  ./a.tgz\nbb *b.tgz\nSHA256 (c.tgz) = cc\n";
        for (name, digest) in [("a.tgz", "aa"), ("b.tgz", "bb"), ("c.tgz", "cc")] {
            assert_eq!(listed(list, name).as_deref(), Some(digest));
        }
        assert_eq!(listed(list, "d.tgz"), None);
        assert_eq!(listed("dd\n", "d.tgz").as_deref(), Some("dd"));
    }
}
