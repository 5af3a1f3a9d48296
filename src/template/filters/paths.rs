//! Filters on paths.

use crate::template::call::{Arguments, Plugin, plugin};
use crate::template::python::python_text;
use crate::template::value::{is_list, items, refuse, tuple};
use minijinja::{Error, Value};
use std::path::Path;

pub(super) const FILTERS: &[Plugin] = &[
    plugin("basename", &[], |call| {
        Ok(Value::from(call.input_str()?.rsplit('/').next().unwrap_or_default()))
    }),
    plugin("commonpath", &[], common_path),
    plugin("dirname", &[], |call| Ok(Value::from(dirname(call.input_str()?)))),
    plugin("expanduser", &[], |call| expand_user(call.input_str()?).map(Value::from)),
    plugin("expandvars", &[], |call| Ok(Value::from(expand_variables(call.input_str()?)))),
    plugin("fileglob", &[], |call| {
        let found = crate::template::lookups::glob(call.input_str()?);
        Ok(crate::template::value::list(found.into_iter().map(Value::from)))
    }),
    plugin("normpath", &[], |call| Ok(Value::from(normal(call.input_str()?)))),
    plugin("path_join", &[], path_join),
    plugin("realpath", &[], |call| Ok(Value::from(real(&absolute(call.input_str()?)?)))),
    plugin("relpath", &["start?"], relative),
    plugin("splitext", &[], |call| {
        let (base, extension) = split_extension(call.input_str()?);
        Ok(tuple(vec![Value::from(base), Value::from(extension)]))
    }),
    plugin("win_basename", &[], |call| {
        let (_, path) = split_drive(call.input_str()?);
        Ok(Value::from(path.rsplit(['/', '\\']).next().unwrap_or_default()))
    }),
    plugin("win_dirname", &[], |call| {
        let (drive, path) = split_drive(call.input_str()?);
        let end = path.rfind(['/', '\\']).map_or(0, |at| at + 1);
        let head = path.get(..end).unwrap_or_default();
        let trimmed = head.trim_end_matches(['/', '\\']);
        Ok(Value::from(format!("{drive}{}", if trimmed.is_empty() { head } else { trimmed })))
    }),
    plugin("win_splitdrive", &[], |call| {
        let (drive, path) = split_drive(call.input_str()?);
        Ok(tuple(vec![Value::from(drive), Value::from(path)]))
    }),
];

/// Python's `os.path.dirname`.
fn dirname(path: &str) -> &str {
    let head = path.get(..path.rfind('/').map_or(0, |at| at + 1)).unwrap_or_default();
    let trimmed = head.trim_end_matches('/');
    if trimmed.is_empty() { head } else { trimmed }
}

fn split_drive(path: &str) -> (&str, &str) {
    let drive = path.chars().nth(1) == Some(':') && path.is_char_boundary(2);
    path.split_at(if drive { 2 } else { 0 })
}

/// Python's `os.path.splitext`: dots at the beginning of a name are part of it.
fn split_extension(path: &str) -> (&str, &str) {
    let name_at = path.rfind('/').map_or(0, |at| at + 1);
    let name = path.get(name_at..).unwrap_or_default();
    let dots = name.len() - name.trim_start_matches('.').len();
    match name.rfind('.').filter(|at| *at > dots || (*at == dots && dots < name.len() && *at > 0)) {
        Some(at) if at >= dots => path.split_at(name_at + at),
        _ => (path, ""),
    }
}

/// Python's `os.path.normpath`.
fn normal(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    let root = match path.len() - path.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    let joined = format!("{root}{}", parts.join("/"));
    if joined.is_empty() { ".".to_owned() } else { joined }
}

fn absolute(path: &str) -> Result<String, Error> {
    if path.starts_with('/') {
        return Ok(normal(path));
    }
    let here = std::env::current_dir().map_err(|error| refuse(error.to_string()))?;
    Ok(normal(&format!("{}/{path}", here.display())))
}

/// The path without symbolic links, as far as it is there.
fn real(path: &str) -> String {
    let mut known = Path::new(path);
    let mut behind = Vec::new();
    loop {
        if let Ok(found) = known.canonicalize() {
            let rest: Vec<&str> = behind.iter().rev().copied().collect();
            let base = found.display().to_string();
            return normal(&format!("{}/{}", base.trim_end_matches('/'), rest.join("/")));
        }
        let (Some(parent), Some(name)) = (known.parent(), known.file_name()) else {
            return path.to_owned();
        };
        behind.push(name.to_str().unwrap_or_default());
        known = parent;
    }
}

fn relative(call: &Arguments<'_>) -> Result<Value, Error> {
    let start = absolute(&call.some_text("start")?.unwrap_or_else(|| ".".to_owned()))?;
    let path = absolute(call.input_str()?)?;
    let parts = |text: &str| -> Vec<String> {
        text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (start, path) = (parts(&start), parts(&path));
    let common = start.iter().zip(&path).take_while(|(left, right)| left == right).count();
    let up = std::iter::repeat_n("..".to_owned(), start.len() - common);
    let steps: Vec<String> = up.chain(path.into_iter().skip(common)).collect();
    Ok(Value::from(if steps.is_empty() { ".".to_owned() } else { steps.join("/") }))
}

/// Python's `os.path.join`: an absolute part begins anew.
fn path_join(call: &Arguments<'_>) -> Result<Value, Error> {
    if let Some(text) = call.input.as_str() {
        return Ok(Value::from(text));
    }
    if !is_list(&call.input) {
        return Err(refuse("`path_join` takes text or a list"));
    }
    let mut joined = String::new();
    for (at, part) in items(&call.input)?.iter().enumerate() {
        let Some(part) = part.as_str() else {
            return Err(refuse("`path_join` joins texts"));
        };
        if part.starts_with('/') || at == 0 {
            part.clone_into(&mut joined);
        } else {
            if !joined.is_empty() && !joined.ends_with('/') {
                joined.push('/');
            }
            joined.push_str(part);
        }
    }
    if joined.is_empty() && items(&call.input)?.is_empty() {
        return Err(refuse("`path_join` needs at least one part"));
    }
    Ok(Value::from(joined))
}

fn common_path(call: &Arguments<'_>) -> Result<Value, Error> {
    let paths: Vec<String> =
        call.input_list()?.iter().map(python_text).collect::<Result<_, _>>()?;
    let rooted = paths.iter().filter(|path| path.starts_with('/')).count();
    if paths.is_empty() || (rooted != 0 && rooted != paths.len()) {
        return Err(refuse("`commonpath` takes paths that are all absolute or all relative"));
    }
    let split = |path: &String| -> Vec<String> {
        path.split('/').filter(|p| !p.is_empty() && *p != ".").map(str::to_owned).collect()
    };
    let mut common = paths.first().map(split).unwrap_or_default();
    for path in &paths {
        let same = common.iter().zip(split(path)).take_while(|(a, b)| *a == b).count();
        common.truncate(same);
    }
    let root = if rooted > 0 { "/" } else { "" };
    Ok(Value::from(format!("{root}{}", common.join("/"))))
}

fn expand_user(path: &str) -> Result<String, Error> {
    let Some(rest) = path.strip_prefix('~') else { return Ok(path.to_owned()) };
    if !rest.is_empty() && !rest.starts_with('/') {
        return Err(refuse("`expanduser` knows only the own home directory"));
    }
    Ok(match std::env::var("HOME") {
        Ok(home) => format!("{}{rest}", home.trim_end_matches('/')),
        Err(_) => path.to_owned(),
    })
}

/// `$NAME` and `${NAME}`; names that are not set stay as they are.
fn expand_variables(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, whole, behind) = if let Some((name, behind)) = braced {
            (name, format!("${{{name}}}"), behind)
        } else {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let (name, behind) = after.split_at(end.unwrap_or(after.len()));
            (name, format!("${name}"), behind)
        };
        out.push_str(&std::env::var(name).unwrap_or(whole));
        rest = behind;
    }
    out.push_str(rest);
    out
}
