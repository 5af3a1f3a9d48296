//! How deep values stand inside each other. What a loop nests too deep would exhaust the stack when
//! it is printed, compared or dropped; Python ends with a `RecursionError` there.

use super::functions::{Cycler, Namespace};
use super::value::{Dict, List, refuse};
use minijinja::{Error, Value};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Deeper than any data; JSON and YAML end earlier.
const DEEPEST: usize = 200;

/// What stands below and above a container, as far as that is known: counted when it is made and when
/// something is put into it.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    below: AtomicUsize,
    above: AtomicUsize,
}

impl Nesting {
    /// Of a container that holds these.
    pub(super) fn of<'a>(parts: impl IntoIterator<Item = &'a Value>) -> Self {
        let below = parts.into_iter().map(|part| 1 + below(part)).max().unwrap_or(0);
        Self { below: AtomicUsize::new(below), above: AtomicUsize::new(0) }
    }
}

fn nesting(value: &Value) -> Option<&Nesting> {
    let list = value.downcast_object_ref::<List>().map(List::nesting);
    let map = || value.downcast_object_ref::<Dict>().map(Dict::nesting);
    let namespace = || value.downcast_object_ref::<Namespace>().map(Namespace::nesting);
    let cycler = || value.downcast_object_ref::<Cycler>().map(Cycler::nesting);
    list.or_else(map).or_else(namespace).or_else(cycler)
}

fn below(value: &Value) -> usize {
    if let Some(nesting) = nesting(value) {
        return nesting.below.load(Relaxed);
    }
    // Tuples cannot be changed, and none is made that is too deep.
    let parts = if value.is_tuple() { value.try_iter().ok() } else { None };
    parts.into_iter().flatten().map(|part| 1 + below(&part)).max().unwrap_or(0)
}

/// Refuses a value that is nested too deep.
pub(super) fn check(value: &Value) -> Result<(), Error> {
    shallow(below(value))
}

fn shallow(depth: usize) -> Result<(), Error> {
    if depth > DEEPEST {
        return Err(refuse(format!("values are nested more than {DEEPEST} deep")));
    }
    Ok(())
}

/// Notes that `part` is put into `container`, unless that is too deep.
pub(super) fn put_into(part: &Value, container: &Nesting) -> Result<(), Error> {
    let above = container.above.load(Relaxed) + 1;
    let depth = below(part) + 1;
    shallow(above + depth)?;
    container.below.fetch_max(depth, Relaxed);
    if let Some(nesting) = nesting(part) {
        nesting.above.fetch_max(above, Relaxed);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::template::Scope;

    #[test]
    fn what_a_loop_nests_too_deep_is_refused() {
        let inside = |body: &str| {
            format!(
                "{{% set ns = namespace(a=[], n=0) %}}{{% set root = ns.a %}}\
                 {{% for i in range(99999) %}}{body}{{% endfor %}}{{{{ root | length }}}}"
            )
        };
        for body in [
            "{% set ns.a = [ns.a] %}",
            "{% set ns.a = (ns.a,) %}",
            "{% set ns.a = {'a': ns.a} %}",
            "{% set ns.a = dict(a=ns.a) %}",
            "{% set ns.a = [ns.a] | list %}",
            "{% set ns.a = namespace(a=ns.a) %}",
            "{% set ns.a = cycler(ns.a) %}",
            "{% set x = [] %}{% set _ = ns.a.append(x) %}{% set ns.a = x %}",
            "{% set x = [] %}{% set _ = x.append(ns.a) %}{% set ns.a = x %}",
            "{% set ns.a = {} %}{% set x = {} %}{% set _ = x.update(a=ns.n) %}{% set ns.n = x %}",
        ] {
            let error = Scope::default().render(&inside(body)).expect_err(body).to_string();
            assert!(error.contains("nested more than"), "{body}: {error}");
        }
    }
}
