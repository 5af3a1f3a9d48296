//! Requests that a host makes, with its `curl`.
//!
//! What may be secret (headers, passwords, bodies) goes over standard input into files of a
//! directory that only the user may enter, never into an argument list.

use super::args::{whole_number, wrong};
use super::{Args, Context, ModuleError, Parameter};
use crate::transport::{Input, Output, quote};
use serde_json::Value;

const NO_CURL: i32 = 90;

/// What every module takes that makes requests.
pub(super) const HTTP: &[Parameter] = &[
    Parameter::required("url"),
    Parameter::optional("force").or(&["thirsty"]),
    Parameter::optional("http_agent"),
    Parameter::optional("use_proxy"),
    Parameter::optional("validate_certs"),
    Parameter::optional("force_basic_auth"),
    Parameter::optional("client_cert"),
    Parameter::optional("client_key"),
    Parameter::optional("headers"),
    Parameter::optional("timeout"),
    Parameter::optional("decompress"),
    Parameter::optional("ciphers"),
    Parameter::optional("use_netrc"),
    Parameter::off("use_gssapi", "use `command: curl --negotiate …`"),
    Parameter::refused(
        "unredirected_headers",
        "write `follow_redirects: none`, or the last address",
    ),
];

/// A request.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) url: String,
    /// What `curl` reads as its configuration.
    config: String,
    /// What is sent.
    pub(super) body: Option<Input>,
    /// Where on the host what is sent stands, instead.
    pub(super) body_path: Option<String>,
    /// A file on the host: only what is newer than it is wanted.
    pub(super) newer_than: Option<String>,
    /// The directory on the host for what is on its way; by default the host's own.
    tmp: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub(super) struct Response {
    /// The status; -1 when there was none.
    pub(super) status: i64,
    /// The address in the end.
    pub(super) url: String,
    /// Headers of the last answer, names in lower case.
    pub(super) headers: Vec<(String, String)>,
    /// The first line of the answer behind the status, or why there was none.
    pub(super) reason: String,
    /// What followed the headers in the script's output.
    pub(super) rest: Vec<u8>,
}

impl Response {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Ansible's words for it.
    pub(super) fn message(&self) -> String {
        match self.status {
            -1 => format!("Request failed: {}", self.reason),
            200..=299 => {
                format!("OK ({} bytes)", self.header("content-length").unwrap_or("unknown"))
            }
            status => format!("HTTP Error {status}: {}", self.reason),
        }
    }
}

/// A value of `curl`'s configuration.
fn value(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t"))
}

impl Request {
    /// Reads the arguments that all requests have in common.
    pub(super) fn read(args: &Args, default_timeout: u64) -> Result<Self, ModuleError> {
        let url = args.required_text("url")?;
        if url.contains(['\n', '\r']) || !url.contains("://") {
            return Err(wrong("url", format!("is no address: `{url}`")));
        }
        let mut request = Self { url: url.clone(), ..Self::default() };
        request.set("url", &url);
        request.set(
            "user-agent",
            &args.text("http_agent")?.unwrap_or_else(|| "ansible-httpget".into()),
        );
        let timeout = whole_number(args, "timeout")?.unwrap_or(default_timeout).max(1).to_string();
        request.set("connect-timeout", &timeout);
        // As in Ansible it is silence that ends a request, not its length.
        request.set("speed-time", &timeout);
        request.set("speed-limit", "1");
        let switches = [
            ("validate_certs", false, "insecure"),
            ("decompress", true, "compressed"),
            ("use_netrc", true, "netrc-optional"),
        ];
        for (name, on, option) in switches {
            if args.boolean(name, true)? == on {
                request.switch(option);
            }
        }
        if !args.boolean("use_proxy", true)? {
            request.set("noproxy", "*");
        }
        for (name, option) in [
            ("client_cert", "cert"),
            ("client_key", "key"),
            ("ca_path", "cacert"),
            ("unix_socket", "unix-socket"),
        ] {
            if let Some(path) = args.text(name)? {
                request.set(option, &path);
            }
        }
        let ciphers = args.words("ciphers")?;
        if !ciphers.is_empty() {
            request.set("ciphers", &ciphers.join(":"));
        }
        if let Some(user) = args.text("url_username")? {
            let password = args.text("url_password")?.unwrap_or_default();
            request.set("user", &format!("{user}:{password}"));
            if !args.boolean("force_basic_auth", false)? {
                // Only when the server asks, and as it asks.
                request.switch("anyauth");
            }
        }
        request.headers(args)?;
        Ok(request)
    }

    /// Sets the directory for what is on its way.
    pub(super) fn by_way_of(self, tmp: Option<String>) -> Self {
        Self { tmp, ..self }
    }

    fn headers(&mut self, args: &Args) -> Result<(), ModuleError> {
        match args.0.get("headers") {
            None | Some(Value::Null) => {}
            Some(Value::Object(headers)) => {
                let headers = Args(headers.clone());
                for name in headers.0.keys() {
                    let text = match &headers.0[name] {
                        Value::String(text) => text.clone(),
                        other => other.to_string(),
                    };
                    self.header(name, &text)?;
                }
            }
            Some(_) => return Err(wrong("headers", "must be a mapping")),
        }
        Ok(())
    }

    /// Adds a header.
    pub(super) fn header(&mut self, name: &str, text: &str) -> Result<(), ModuleError> {
        if name.contains(['\n', '\r', ':']) || text.contains(['\n', '\r']) {
            return Err(wrong("headers", format!("cannot hold `{name}`: it is more than a line")));
        }
        // `curl` sends an empty header only when it is written so.
        let header = if text.is_empty() { format!("{name};") } else { format!("{name}: {text}") };
        self.set("header", &header);
        Ok(())
    }

    /// Whether such a header was given.
    pub(super) fn has_header(&self, name: &str) -> bool {
        let wanted = format!("header = \"{}:", name.to_lowercase());
        self.config.lines().any(|line| line.to_lowercase().starts_with(&wanted))
    }

    /// Sets an option of `curl`.
    pub(super) fn set(&mut self, option: &str, text: &str) {
        self.config.push_str(&format!("{option} = {}\n", value(text)));
    }

    /// Switches an option of `curl` on.
    pub(super) fn switch(&mut self, option: &str) {
        self.config.push_str(option);
        self.config.push('\n');
    }

    /// Makes the request. The script has the answer's body in `$d/body`; `then` goes on with it and
    /// what it says is [`Response::rest`]. `$d` is gone afterwards.
    pub(super) async fn send(
        &self,
        context: &Context,
        then: &str,
    ) -> Result<Response, ModuleError> {
        let mut config = self.config.clone();
        config.push_str("silent\nshow-error\n");
        let newer = match &self.newer_than {
            Some(path) => format!("[ ! -f {path} ] || set -- -z {path}\n", path = quote(path)),
            None => String::new(),
        };
        let sends = match (&self.body, &self.body_path) {
            (Some(_), _) => "set -- \"$@\" --data-binary \"@$d/sent\"\n".to_owned(),
            (None, Some(path)) => {
                format!("set -- \"$@\" --data-binary {}\n", quote(&format!("@{path}")))
            }
            (None, None) => String::new(),
        };
        // `dd` takes just the configuration and leaves the rest of standard input to `cat`.
        let tmp = self.tmp.as_ref().map(|tmp| format!("export TMPDIR={}\n", quote(tmp)));
        let tmp = tmp.unwrap_or_default();
        let script = format!(
            "{tmp}mask=$(umask); umask 077\ncommand -v curl >/dev/null 2>&1 || exit {NO_CURL}\n\
             d=$(mktemp -d) || exit\ntrap 'rm -rf -- \"$d\"' EXIT\ntrap 'exit 129' HUP; trap 'exit 143' TERM\n\
             dd bs=1 count={} of=\"$d/config\" 2>/dev/null && cat > \"$d/sent\" || exit\n\
             set --\n{newer}{sends}\
             : > \"$d/headers\"; : > \"$d/body\"\n\
             curl -K \"$d/config\" -D \"$d/headers\" -o \"$d/body\" -w '%{{http_code}} %{{url_effective}}' \"$@\" \
             > \"$d/end\" 2> \"$d/why\"\necho \"$?\"\ncat \"$d/end\"; echo\nhead -n 1 \"$d/why\"; echo\n\
             wc -c < \"$d/headers\"\ncat \"$d/headers\"\n{then}",
            config.len()
        );
        let stdin = match &self.body {
            Some(Input::Bytes(bytes)) => [config.as_bytes(), bytes].concat(),
            _ => config.into_bytes(),
        };
        let output = context
            .connection
            .run(context.command(script).stdin(Input::Bytes(stdin.into())))
            .await?;
        if output.rc == NO_CURL {
            return Err(no_curl(context));
        }
        read(&output).ok_or_else(|| ModuleError::Command {
            what: format!("asking `{}`", masked(&self.url)),
            command: "curl".to_owned(),
            rc: output.rc,
            stderr: output.stderr_text(),
        })
    }
}

/// What to do on a host that cannot make requests.
fn no_curl(context: &Context) -> ModuleError {
    ModuleError::Refused {
        reason: format!("there is no `curl` on `{}`", context.connection.host()),
        hint: "install it first, for example with `package: name=curl`".to_owned(),
    }
}

/// An address without the password in it.
pub(super) fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((user, host)) if user.contains(':') => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:********@{host}{}", &rest[end..])
        }
        _ => url.to_owned(),
    }
}

/// Reads what the script said.
fn read(output: &Output) -> Option<Response> {
    let mut rest = output.stdout.as_slice();
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 1..];
        Some(line)
    };
    let code: i32 = line()?.trim().parse().ok()?;
    let end = line()?;
    let why = line()?;
    if !why.is_empty() {
        line()?;
    }
    let length: usize = line()?.trim().parse().ok()?;
    let (headers, rest) = rest.split_at_checked(length)?;
    let (status, url) = end.split_once(' ').unwrap_or((end.as_str(), ""));
    let status: i64 = status.parse().unwrap_or(0);
    let headers = String::from_utf8_lossy(headers).into_owned();
    let (reason, headers) = last_answer(&headers);
    let failed = code != 0 || (status == 0 && url.starts_with("http"));
    Some(Response {
        status: if failed { -1 } else { status },
        url: url.to_owned(),
        headers,
        reason: if failed { why.trim_start_matches("curl: ").to_owned() } else { reason },
        rest: rest.to_vec(),
    })
}

/// The reason and the headers of the last answer; those of redirections stand before it.
fn last_answer(text: &str) -> (String, Vec<(String, String)>) {
    let (mut reason, mut headers) = (String::new(), Vec::<(String, String)>::new());
    for line in text.lines().map(str::trim_end) {
        if line.starts_with("HTTP/") {
            headers.clear();
            line.splitn(3, ' ').nth(2).unwrap_or_default().clone_into(&mut reason);
        } else if let Some((name, value)) = line.split_once(':') {
            let (name, value) = (name.to_lowercase(), value.trim());
            match headers.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => known.push_str(&format!(", {value}")),
                None => headers.push((name, value.to_owned())),
            }
        }
    }
    (reason, headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_answer_counts() {
        let said = "HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\r\n";
        let (reason, headers) = last_answer(said);
        assert_eq!(reason, "OK");
        assert_eq!(headers, [("set-cookie".to_owned(), "a=1, b=2".to_owned())]);
    }

    #[test]
    fn passwords_do_not_show() {
        assert_eq!(masked("https://u:secret@h/p"), "https://u:********@h/p");
        assert_eq!(masked("https://h/p@q:r"), "https://h/p@q:r");
        assert_eq!(value("a\"\\\n"), "\"a\\\"\\\\\\n\"");
    }
}
