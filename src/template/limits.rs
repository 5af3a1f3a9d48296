//! How much a template may make and do. Ansible has no such bounds and goes on until the memory is
//! full; here a mistake in a playbook must not take the machine down that a recovery runs on.

use super::value::{Dict, List, refuse};
use minijinja::{Error, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The longest text (in bytes) and the longest list.
pub(super) const LONGEST: usize = 10_000_000;

/// What one rendering may do with everything it reads: about ten seconds on a slow machine. The
/// largest templates of real clusters need a thousandth of it.
const MOST_WORK: usize = 10_000_000;

/// That much text counts as one step.
const TEXT: usize = 64;

/// Looking at a list counts less than making one.
const LOOK: usize = 16;

/// What a rendering has done so far, in steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Work(Arc<AtomicUsize>);

impl Work {
    /// Some steps more, unless they are too many.
    pub(super) fn add(&self, steps: usize) -> Result<(), Error> {
        // One rendering is one thread's; the order between threads does not matter.
        let done = self.0.fetch_add(steps.min(MOST_WORK), Ordering::Relaxed);
        if done.saturating_add(steps) > MOST_WORK {
            return Err(refuse(format!("the template takes more than {MOST_WORK} steps")));
        }
        Ok(())
    }
}

/// The steps of making a value.
pub(super) fn made(value: &Value) -> usize {
    match value.as_str() {
        Some(text) => text.len() / TEXT,
        None => count(value),
    }
}

/// The steps of going through a value.
pub(super) fn looked_at(value: &Value) -> usize {
    match value.as_str() {
        Some(text) => text.len() / TEXT,
        None => count(value) / LOOK,
    }
}

fn count(value: &Value) -> usize {
    if let Some(list) = value.downcast_object_ref::<List>() {
        return list.lock().len();
    }
    match value.downcast_object_ref::<Dict>() {
        Some(map) => map.lock().len(),
        None => value.len().unwrap_or(0),
    }
}

/// Refuses a text or a list that would be too long.
pub(super) fn fits(length: usize) -> Result<(), Error> {
    if length > LONGEST {
        return Err(refuse(format!("that would be longer than {LONGEST}")));
    }
    Ok(())
}

/// The text several times.
pub(super) fn repeated(text: &str, count: usize) -> Result<String, Error> {
    fits(text.len().saturating_mul(count))?;
    Ok(text.repeat(count))
}

/// The texts in one, with another text between them.
pub(super) fn joined(parts: &[String], between: &str) -> Result<String, Error> {
    let texts = parts.iter().map(String::len).sum::<usize>();
    fits(texts.saturating_add(between.len().saturating_mul(parts.len())))?;
    Ok(parts.join(between))
}

/// The text with `new` for `old`, the first `most` times.
pub(super) fn replaced(
    text: &str,
    old: &str,
    new: &str,
    most: Option<usize>,
) -> Result<String, Error> {
    let most = most.unwrap_or(usize::MAX);
    let places = text.matches(old).take(most).count();
    fits(text.len().saturating_add(new.len().saturating_mul(places)))?;
    Ok(text.replacen(old, new, most))
}

#[cfg(test)]
mod tests {
    use crate::template::Scope;
    use serde_json::{Value, json};
    use std::time::{Duration, Instant};

    fn scope() -> Scope {
        let Value::Object(variables) = json!({"s": "x", "n": 7}) else { return Scope::default() };
        Scope::new(variables)
    }

    /// What each of these gives: an error, and soon.
    fn is_refused(template: &str) {
        let begun = Instant::now();
        let error = scope().render(template).expect_err(template).to_string();
        assert!(begun.elapsed() < Duration::from_secs(20), "{template}: {:?}", begun.elapsed());
        let known =
            ["longer than", "more than", "too wide", "at most", "too big", "fit into", "must be"];
        assert!(known.iter().any(|word| error.contains(word)), "{template}: {error}");
    }

    #[test]
    fn what_would_fill_the_memory_is_refused() {
        for template in [
            "{{ range(10 ** 9) }}",
            "{{ 'x' * 10 ** 9 }}",
            "{{ [0] * 10 ** 9 }}",
            "{{ 10 ** 10 ** 9 }}",
            "{{ (2 ** 126 - 1 + 2 ** 126) | round(-1) }}",
            "{{ [1] | batch(10 ** 15, 0) }}",
            "{{ '%*d' % (10 ** 12, 1) }}",
            "{{ '%.99999f' % 1 }}",
            "{{ '{:99999999999}'.format(1) }}",
            "{{ ('x' * 9000000) | replace('x', 'y' * 9000000) }}",
            "{{ ('x' * 9000000).replace('x', 'y' * 9000000) }}",
            "{{ ('x' * 9000000) | regex_replace('x', 'y' * 9000) }}",
            "{{ range(90000) | join('x' * 900000) }}",
            "{{ ('x' * 9000000).join(['a'] * 9000000) }}",
            "{{ ('\n' * 900000) | indent(9000, blank=true) }}",
            "{{ 'x' | comment(prefix='y' * 900000, prefix_count=999) }}",
            "{{ ('\t' * 9000000).expandtabs(1000) }}",
            "{{ s ~ ('x' * 9999999) ~ s }}",
            "{{ ('x' * 9999999) + s + s }}",
            "{{ range(90000) | product(range(90000)) }}",
            "{{ query('nested', range(90000), range(90000)) }}",
            "{{ query('sequence', start=1, count=9223372036854775807, stride=3) }}",
            "{{ query('sequence', start=-9223372036854775807, end=9223372036854775807) }}",
            "{% set ns = namespace(a='x') %}{% for i in range(99) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}",
            "{% set l = [1] %}{% for i in range(99) %}{{ l.extend(l) }}{% endfor %}",
        ] {
            is_refused(template);
        }
    }

    #[test]
    fn what_would_never_end_is_refused() {
        for template in [
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "{% for a in range(99999) %}{{ range(99999) | sum }}{% endfor %}",
            "{% for a in range(99999) %}{{ 100000 in range(99999) }}{% endfor %}",
            "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
        ] {
            is_refused(template);
        }
    }

    #[test]
    fn variables_that_double_each_other_end() {
        let mut variables = serde_json::Map::new();
        for n in 0..50 {
            let next = n + 1;
            variables.insert(format!("a{n}"), json!(format!("{{{{ b{n} }}}}{{{{ c{n} }}}}")));
            variables.insert(format!("b{n}"), json!(format!("{{{{ a{next} }}}}")));
            variables.insert(format!("c{n}"), json!(format!("{{{{ a{next} }}}}")));
        }
        variables.insert("a50".to_owned(), json!("x"));
        let error = Scope::new(variables).render("{{ a0 }}").expect_err("it never ends");
        assert!(error.to_string().contains("more than"), "{error}");
    }

    #[test]
    fn what_is_large_and_sane_is_rendered() {
        for (template, expected) in [
            ("{{ range(99999) | unique | length }}", json!(99999)),
            ("{{ range(50000) | difference(range(49999)) }}", json!([49999])),
            ("{{ range(99999) | map('string') | list | length }}", json!(99999)),
            (
                "{{ [1, 1.0, true, '1', [1], [true], {'a': 1}, {'a': 1.0}] | unique }}",
                json!([1, "1", [1], {"a": 1}]),
            ),
            ("{{ dict(range(9999) | zip(range(9999))) | combine({1: 5}) | length }}", json!(9999)),
            ("{{ [] | permutations(9223372036854775807) }}", json!([])),
            (
                "{{ 'abc' | truncate(9223372036854775807, leeway=9223372036854775807) }}",
                json!("abc"),
            ),
            (
                "{{ query('sequence', start=9223372036854775806, end=9223372036854775807) | length }}",
                json!(2),
            ),
            (
                "{% set l = [] %}{% for i in range(9999) %}{% set _ = l.append(i) %}{% endfor %}{{ l | length }}",
                json!(9999),
            ),
        ] {
            assert_eq!(scope().render(template), Ok(expected), "{template}");
        }
    }
}
