//! `uri`: a request that the host makes with its `curl`, and what came back.

use super::args::{joined, wrong};
use super::attributes::{ATTRIBUTES, Wanted};
use super::copy::python_json;
use super::http::{HTTP, Request, Response, masked};
use super::look::{Look, look};
use super::write::{self, with_entry};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, paths, source};
use crate::transport::{Input, quote};
use async_trait::async_trait;
use serde_json::{Map, Value, json};
use std::time::Instant;

/// The module.
#[derive(Debug)]
pub(super) struct Uri;

const OWN: &[Parameter] = &[
    Parameter::optional("method"),
    Parameter::optional("body"),
    Parameter::optional("body_format")
        .one_of(&["json", "raw", "form-urlencoded"])
        .hint("write `command: curl --form …`"),
    Parameter::optional("src"),
    Parameter::optional("remote_src"),
    Parameter::optional("dest"),
    Parameter::optional("return_content"),
    Parameter::optional("status_code"),
    Parameter::optional("follow_redirects")
        .one_of(&["all", "none", "safe", "urllib2", "yes", "no"]),
    Parameter::optional("creates"),
    Parameter::optional("removes"),
    Parameter::optional("unix_socket"),
    Parameter::optional("ca_path"),
    Parameter::optional("url_username").or(&["user"]),
    Parameter::optional("url_password").or(&["password"]),
];

#[async_trait]
impl Module for Uri {
    fn name(&self) -> &'static str {
        "uri"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &joined::<{ OWN.len() + HTTP.len() }>(OWN, HTTP);
        const { &joined::<{ ALL.len() + ATTRIBUTES.len() }>(ALL, ATTRIBUTES) }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wanted = statuses(args)?;
        let mut request = Request::read(args, 30)?;
        method(args, &mut request)?;
        body(context, args, &mut request).await?;
        if context.check {
            let msg = "remote module (uri) does not support check mode".to_owned();
            return Ok(Outcome { skipped: true, msg, ..Outcome::default() });
        }
        if let Some(skipped) = skipped(context, args).await? {
            return Ok(skipped);
        }
        let dest = match args.text("dest")? {
            Some(dest) => Some(paths::check("dest", &paths::expanded(context, &dest).await?)?),
            None => None,
        };
        request.newer_than =
            dest.clone().filter(|_| !args.boolean("force", false).unwrap_or(false));
        let began = Instant::now();
        let response = request.send(context, &keep(args, dest.as_deref(), &wanted)).await?;
        let elapsed = began.elapsed().as_secs();
        let content = args.boolean("return_content", false)?;
        let mut outcome = answer(&request, &response, &wanted, content);
        if let Some(dest) = dest.filter(|_| !outcome.failed && response.status != 304) {
            outcome = saved(context, args, outcome, &response, &dest).await?;
        }
        Ok(outcome.with("elapsed", elapsed))
    }
}

fn statuses(args: &Args) -> Result<Vec<i64>, ModuleError> {
    let words = args.words("status_code")?;
    if words.is_empty() {
        return Ok(vec![200]);
    }
    let number = |word: &String| {
        word.trim().parse().map_err(|_| wrong("status_code", format!("cannot be `{word}`")))
    };
    words.iter().map(number).collect()
}

fn method(args: &Args, request: &mut Request) -> Result<(), ModuleError> {
    let method = args.text("method")?.unwrap_or_else(|| "GET".to_owned()).to_uppercase();
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(wrong("method", "needs to be a single word, like GET or POST"));
    }
    let redirects = args.text("follow_redirects")?;
    let safe = matches!(method.as_str(), "GET" | "HEAD");
    let follow = match redirects.as_deref().unwrap_or("safe") {
        "none" | "no" => false,
        "all" | "yes" | "urllib2" if !safe && method != "POST" => {
            return Err(wrong(
                "follow_redirects",
                format!("cannot follow a {method} here; write `safe`"),
            ));
        }
        "all" | "yes" | "urllib2" => true,
        _ => safe,
    };
    if follow {
        request.switch("location");
    }
    match method.as_str() {
        "HEAD" => request.switch("head"),
        // What is sent makes it a POST; said so, redirects would stay one.
        "POST" if args.0.contains_key("body") || args.0.contains_key("src") => {}
        method => request.set("request", method),
    }
    Ok(())
}

async fn body(context: &Context, args: &Args, request: &mut Request) -> Result<(), ModuleError> {
    let format = args.text("body_format")?.unwrap_or_else(|| "raw".to_owned());
    let body = args.0.get("body").filter(|body| !body.is_null());
    let kind = match format.as_str() {
        "json" => Some("application/json"),
        "form-urlencoded" => Some("application/x-www-form-urlencoded"),
        _ => None,
    };
    if let Some(kind) = kind.filter(|_| !request.has_header("content-type")) {
        request.header("Content-Type", kind)?;
    }
    if let Some(src) = args.text("src")? {
        if body.is_some() {
            return Err(wrong("src", "and `body` exclude each other"));
        }
        if args.boolean("remote_src", false)? {
            request.body_path = Some(paths::check("src", &paths::expanded(context, &src).await?)?);
        } else {
            let file = source::find_file(context, &src, "files")?;
            request.body = Some(source::opened(context, args, &file)?.into());
        }
        return Ok(());
    }
    let text = match (body, format.as_str()) {
        // Ansible sends `null` there.
        (None, "json") => "null".to_owned(),
        (None, _) => return Ok(()),
        (Some(Value::String(text)), _) => text.clone(),
        (Some(body), "form-urlencoded") => form(body)?,
        (Some(body), _) => python_json(body),
    };
    request.body = Some(Input::Bytes(text.into()));
    Ok(())
}

/// A mapping, or a list of pairs, as a form.
fn form(body: &Value) -> Result<String, ModuleError> {
    let fault = || wrong("body", "must be a mapping or a list of pairs");
    let pairs: Vec<(String, &Value)> = match body {
        Value::Object(entries) => {
            entries.iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        Value::Array(items) => {
            let pair =
                |item: &'_ Value| -> Option<String> { item.get(0)?.as_str().map(str::to_owned) };
            let mut pairs = Vec::new();
            for item in items {
                pairs.push((pair(item).ok_or_else(fault)?, item.get(1).ok_or_else(fault)?));
            }
            pairs
        }
        _ => return Err(fault()),
    };
    let mut parts = Vec::new();
    for (name, value) in pairs {
        let values = match value {
            Value::Array(values) => values.iter().collect(),
            one => vec![one],
        };
        for value in values {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Bool(true) => "True".to_owned(),
                Value::Bool(false) => "False".to_owned(),
                Value::Null => "None".to_owned(),
                other => other.to_string(),
            };
            parts.push(format!("{}={}", escaped(&name), escaped(&text)));
        }
    }
    Ok(parts.join("&"))
}

/// As a form's names and values are written.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Whether `creates` or `removes` says that there is nothing to do.
async fn skipped(context: &Context, args: &Args) -> Result<Option<Outcome>, ModuleError> {
    for (name, there, why) in [("creates", true, "exists"), ("removes", false, "does not exist")] {
        let Some(path) = args.text(name)? else { continue };
        let found =
            context.sh(format!("[ -e {} ]", super::command::expand(&path))).await?.success();
        if found == there {
            let stdout = format!("skipped, since '{path}' {why}");
            return Ok(Some(Outcome { stdout, ..Outcome::default() }));
        }
    }
    Ok(None)
}

/// The part of the script that says the body, or keeps it at `dest`.
fn keep(args: &Args, dest: Option<&str>, wanted: &[i64]) -> String {
    let Some(dest) = dest else { return "cat \"$d/body\"\n".to_owned() };
    let wanted: Vec<String> = wanted.iter().map(i64::to_string).collect();
    format!(
        "dest={} private={}\ncase $(cut -d ' ' -f 1 < \"$d/end\") in 304) exit 0 ;; {}) ;; *) cat \"$d/body\"; exit 0 ;; esac\n{}",
        quote(dest),
        if args.0.contains_key("mode") { "1" } else { "" },
        wanted.join(" | "),
        include_str!("uri.sh")
    )
}

/// What is registered of the answer.
fn answer(request: &Request, response: &Response, wanted: &[i64], content: bool) -> Outcome {
    let mut outcome = Outcome::default();
    for (name, value) in &response.headers {
        outcome = outcome.with(&name.replace('-', "_"), value.clone());
    }
    let shown = masked(&request.url);
    let url = masked(&response.url);
    let same = url.is_empty() || url.trim_end_matches('/') == shown.trim_end_matches('/');
    outcome = outcome
        .with("redirected", !same)
        .with("url", if same { shown } else { url })
        .with("status", response.status);
    let (cookies, line) = cookies(response);
    outcome = outcome.with("cookies", cookies).with("cookies_string", line);
    let text = String::from_utf8_lossy(&response.rest).into_owned();
    outcome.failed = !wanted.contains(&response.status);
    if content {
        outcome = outcome.with("content", text.clone());
    }
    let kind = response.header("content-type").unwrap_or_default().to_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let sub = kind.rsplit(['/', '+']).next().unwrap_or_default();
    if matches!(sub, "json" | "javascript" | "x-json" | "x-javascript")
        && let Ok(parsed) = serde_json::from_str::<Value>(&text)
    {
        outcome = outcome.with("json", parsed);
    }
    let (status, said) = (response.status, response.message());
    if outcome.failed {
        return outcome.saying(format!("Status code was {status} and not {wanted:?}: {said}"));
    }
    outcome.saying(said)
}

/// The cookies that were set, and the line that sends them back.
fn cookies(response: &Response) -> (Map<String, Value>, String) {
    let mut cookies = Map::new();
    for part in response.header("set-cookie").unwrap_or_default().split(", ") {
        let pair = part.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=').filter(|(name, _)| !name.contains(' ')) {
            cookies.insert(name.to_owned(), json!(value));
        }
    }
    let pairs: Vec<String> = cookies
        .iter()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    (cookies.clone(), pairs.join("; "))
}

/// Reads where the body was kept, and sets its attributes.
async fn saved(
    context: &Context,
    args: &Args,
    mut outcome: Outcome,
    response: &Response,
    dest: &str,
) -> Result<Outcome, ModuleError> {
    let said = String::from_utf8_lossy(&response.rest).into_owned();
    let path = said.lines().find_map(|line| line.strip_prefix("path ")).unwrap_or(dest).to_owned();
    if let Some(why) = said.lines().find_map(|line| line.strip_prefix("failed ")) {
        outcome.failed = true;
        why.clone_into(&mut outcome.msg);
        return Ok(outcome.with("path", path));
    }
    let now = look(context, &path, Look::default()).await?;
    let mut entry = now.entry.clone();
    if let Some(found) = &now.entry {
        let attributes = Wanted::read(args)?.of_entry(found, now.umask);
        if !attributes.differences(found).is_empty() {
            entry = write::set_attributes(context, &path, &attributes).await?;
        }
    }
    // As in Ansible a body that is kept is a change, whatever was there.
    outcome.changed = true;
    Ok(with_entry(outcome, entry.as_ref()).with("path", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_written_as_python_writes_them() {
        let body = json!({"a b": "ä&=", "n": 1, "many": ["x", "y"], "yes": true});
        assert_eq!(form(&body).unwrap(), "a+b=%C3%A4%26%3D&n=1&many=x&many=y&yes=True");
        assert_eq!(form(&json!([["a", "1"], ["a", "2"]])).unwrap(), "a=1&a=2");
        assert!(form(&json!(1)).is_err());
    }
}
