//! What the operator may have meant.

/// The candidates that look like `name`, best first, at most three.
pub fn near_matches<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let allowed = (name.chars().count() / 3).max(1);
    let mut found: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .filter_map(|candidate| {
            let distance =
                if fold(candidate) == fold(name) { 0 } else { distance(name, candidate) };
            (distance <= allowed).then_some((distance, candidate))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(3).map(|(_, candidate)| candidate.to_owned()).collect()
}

/// "did you mean `a` or `b`", when something looks alike.
pub fn did_you_mean(near: &[String]) -> Option<String> {
    let quoted: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    (!quoted.is_empty()).then(|| format!("did you mean {}", quoted.join(" or ")))
}

/// Case and the kind of dash are what people mix up most.
fn fold(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// How many characters to insert, delete, replace or swap with the next one.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before_last = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for row in 1..=left.len() {
        let mut current = vec![row; right.len() + 1];
        for column in 1..=right.len() {
            let differs = usize::from(left[row - 1] != right[column - 1]);
            let mut best =
                (last[column - 1] + differs).min(last[column] + 1).min(current[column - 1] + 1);
            let swapped = row > 1
                && column > 1
                && left[row - 1] == right[column - 2]
                && left[row - 2] == right[column - 1];
            if swapped {
                best = best.min(before_last[column - 2] + 1);
            }
            current[column] = best;
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        let words = ["when", "with_items", "become", "hosts", "retries"];
        assert_eq!(near_matches("whne", words), ["when"]);
        assert_eq!(near_matches("with-items", words), ["with_items"]);
        assert_eq!(near_matches("retrys", words), ["retries"]);
        assert!(near_matches("zebra", words).is_empty());
    }
}
