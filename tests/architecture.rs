//! Imports never go upward: each folder of `src/` may use only what the table allows.
//! The table is the picture in `docs/architecture.md` and in `src/lib.rs`.
#![expect(clippy::unwrap_used, reason = "a test says what failed by failing")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each module of `src/` may import, DESIGN section 10.
const ALLOWED: &[(&str, &[&str])] = &[
    ("cli", &["*"]),
    ("cluster", &["error", "inventory", "redact", "transport"]),
    ("error", &[]),
    ("event", &[]),
    (
        "exec",
        &[
            "cluster",
            "error",
            "event",
            "inventory",
            "journal",
            "modules",
            "plan",
            "playbook",
            "redact",
            "template",
            "transport",
        ],
    ),
    ("inventory", &["error", "program", "vault", "yaml"]),
    ("journal", &["event", "plan", "redact"]),
    ("lab", &["error", "redact", "transport"]),
    ("modules", &["cluster", "error", "redact", "template", "transport", "yaml"]),
    ("plan", &["cluster", "error", "inventory", "modules", "playbook", "template"]),
    ("playbook", &["error", "vault", "yaml"]),
    ("program", &[]),
    ("redact", &[]),
    ("report", &["cluster", "error", "event", "plan", "redact"]),
    ("template", &["error", "vault", "yaml"]),
    ("transport", &["error", "redact"]),
    ("vault", &["error", "program", "redact"]),
    ("yaml", &["error"]),
];

/// The judgement is pure: these files of `cluster/` import nothing that talks to a host.
const PURE: &[&str] = &["assess", "decide", "decision", "quorum", "status", "verify"];

#[test]
fn imports_never_go_upward() {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in rust_files(Path::new("src")) {
        let module = module_of(&file);
        if module == "lib" || module == "main" {
            continue;
        }
        let Some(may) = allowed.get(module.as_str()) else {
            panic!("`{module}` stands in no row of the table; say what it may import");
        };
        for (line, import) in imports(&file) {
            let fits = import == module || may.contains(&"*") || may.contains(&import.as_str());
            if !fits {
                wrong.push(format!("{}:{line}: `{module}` uses `{import}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that go upward:\n{}", wrong.join("\n"));
}

#[test]
fn judgement_is_pure() {
    let mut wrong = Vec::new();
    for file in rust_files(Path::new("src/cluster")) {
        let is_pure = file
            .strip_prefix("src/cluster")
            .ok()
            .and_then(|path| path.components().next())
            .map(|first| first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned())
            .is_some_and(|name| PURE.contains(&name.as_str()));
        if !is_pure {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            let impure =
                ["crate::transport", "tokio::", "std::fs", "std::time", "async fn", "getrandom"];
            if let Some(what) = impure.iter().find(|what| line.contains(**what)) {
                wrong.push(format!("{}:{}: {what}", file.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "the judgement must be pure:\n{}", wrong.join("\n"));
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// `src/transport/ssh/mod.rs` belongs to `transport`, `src/error.rs` to `error`.
fn module_of(file: &Path) -> String {
    let first = file.strip_prefix("src").unwrap().components().next().unwrap();
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// Every `crate::NAME` outside of comments, with its line.
fn imports(file: &Path) -> Vec<(usize, String)> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for part in code.split("crate::").skip(1) {
            let name: String =
                part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                found.push((number + 1, name));
            }
        }
    }
    found
}
