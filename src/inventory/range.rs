//! Host ranges: `node[01:20]`, `db-[a:f]`, `rack[1:9:2]-[01:40]`.

/// More hosts than one range can sensibly mean; a typo must not eat the memory.
const MAX_HOSTS: usize = 100_000;

const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// All names that `pattern` stands for, in order; itself when it holds no range.
pub(super) fn expand(pattern: &str) -> Result<Vec<String>, String> {
    let mut names = vec![String::new()];
    let mut rest = pattern;
    while let Some((head, after)) = rest.split_once('[') {
        let Some((bounds, tail)) = after.split_once(']') else {
            return Err(format!("the range in `{pattern}` has no `]`"));
        };
        let parts = sequence(bounds)?;
        if names.len().saturating_mul(parts.len()) > MAX_HOSTS {
            return Err(format!("`{pattern}` stands for more than {MAX_HOSTS} hosts"));
        }
        names = names
            .iter()
            .flat_map(|name| parts.iter().map(move |part| format!("{name}{head}{part}")))
            .collect();
        rest = tail;
    }
    for name in &mut names {
        name.push_str(rest);
    }
    Ok(names)
}

/// The values of `begin:end` or `begin:end:step`.
fn sequence(bounds: &str) -> Result<Vec<String>, String> {
    let parts: Vec<&str> = bounds.split(':').collect();
    let (begin, end, step) = match parts[..] {
        [begin, end] => (begin, end, "1"),
        [begin, end, step] => (begin, end, step),
        _ => {
            return Err(format!(
                "a host range is `[begin:end]` or `[begin:end:step]`, not `[{bounds}]`"
            ));
        }
    };
    let begin = if begin.is_empty() { "0" } else { begin };
    if end.is_empty() {
        return Err(format!("the host range `[{bounds}]` has no end"));
    }
    let step = step.parse::<usize>().ok().filter(|step| *step > 0);
    let step = step.ok_or_else(|| format!("the step of `[{bounds}]` is not a positive number"))?;
    if let (Some(first), Some(last)) = (letter(begin), letter(end)) {
        if first > last {
            return Err(format!("the host range `[{bounds}]` ends before it begins"));
        }
        let letters = LETTERS[first..=last].iter().step_by(step);
        return Ok(letters.map(|letter| char::from(*letter).to_string()).collect());
    }
    numbers(bounds, begin, end, step)
}

fn numbers(bounds: &str, begin: &str, end: &str, step: usize) -> Result<Vec<String>, String> {
    let number = |text: &str| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<usize>().ok().filter(|_| digits).ok_or_else(|| {
            format!("`{text}` in the host range `[{bounds}]` is neither a number nor one letter")
        })
    };
    let (first, last) = (number(begin)?, number(end)?);
    let filled = begin.len() > 1 && begin.starts_with('0');
    if filled && begin.len() != end.len() {
        return Err(format!(
            "both ends of the host range `[{bounds}]` need the same number of digits"
        ));
    }
    if first > last {
        return Err(format!("the host range `[{bounds}]` ends before it begins"));
    }
    if (last - first) / step >= MAX_HOSTS {
        return Err(format!("`[{bounds}]` stands for more than {MAX_HOSTS} hosts"));
    }
    let width = if filled { begin.len() } else { 0 };
    Ok((first..=last).step_by(step).map(|number| format!("{number:0width$}")).collect())
}

fn letter(text: &str) -> Option<usize> {
    let [byte] = text.as_bytes() else { return None };
    LETTERS.iter().position(|letter| letter == byte)
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn ranges_expand_in_order() {
        assert_eq!(expand("plain").unwrap(), ["plain"]);
        assert_eq!(expand("n[08:10]").unwrap(), ["n08", "n09", "n10"]);
        assert_eq!(expand("[:2]x").unwrap(), ["0x", "1x", "2x"]);
        assert_eq!(expand("d[a:e:2].z").unwrap(), ["da.z", "dc.z", "de.z"]);
        assert_eq!(expand("a[1:2]b[x:y]").unwrap(), ["a1bx", "a1by", "a2bx", "a2by"]);
    }

    #[test]
    fn broken_ranges_say_what_is_wrong() {
        let wrong = [
            "a[1",
            "a[1]",
            "a[1:]",
            "a[01:9]",
            "a[5:1]",
            "a[c:a]",
            "a[1:2:0]",
            "a[1:z]",
            "a[1:999999999]",
            "a[1:900]b[1:900]",
        ];
        for pattern in wrong {
            assert!(expand(pattern).is_err(), "{pattern}");
        }
    }
}
