//! A template's own delimiters, rewritten to the usual ones.

/// The delimiters of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delimiters {
    /// Begin and end of a block, a variable and a comment, in this order.
    pub(super) pairs: [(String, String); 3],
}

/// The usual ones.
const USUAL: [(&str, &str); 3] = [("{%", "%}"), ("{{", "}}"), ("{#", "#}")];

impl Default for Delimiters {
    fn default() -> Self {
        Self { pairs: USUAL.map(|(begin, end)| (begin.to_owned(), end.to_owned())) }
    }
}

impl Delimiters {
    /// The same template with the usual delimiters; what looks like one of those and is plain text
    /// here stays plain text.
    pub(super) fn rewritten(&self, text: &str) -> String {
        if *self == Self::default() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while !rest.is_empty() {
            // Of two that begin alike the longer one counts.
            let begins = |index: &usize| rest.starts_with(&self.pairs[*index].0);
            let found = (0..3).filter(begins).max_by_key(|index| self.pairs[*index].0.len());
            if let Some(index) = found {
                let (begin, end) = &self.pairs[index];
                let code = &rest[begin.len()..];
                let length = code_length(code, end, index == 2);
                out.push_str(USUAL[index].0);
                out.push_str(&code[..length]);
                rest = code[length..].strip_prefix(end.as_str()).unwrap_or_default();
                out.push_str(USUAL[index].1);
            } else if let Some((usual, _)) = USUAL.iter().find(|(usual, _)| rest.starts_with(usual))
            {
                out.push_str(&format!("{{{{ '{usual}' }}}}"));
                rest = &rest[usual.len()..];
            } else {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                out.push_str(&rest[..length]);
                rest = &rest[length..];
            }
        }
        out
    }
}

/// How much of the text is code, up to its end; string literals may hold what looks like the end.
fn code_length(code: &str, end: &str, comment: bool) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in code.char_indices() {
        match quote {
            None if code[at..].starts_with(end) => return at,
            None if !comment && matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if c == open && !escaped => quote = None,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_delimiters_become_the_usual_ones() {
        let pair = |begin: &str, end: &str| (begin.to_owned(), end.to_owned());
        let own = Delimiters { pairs: [pair("<%", "%>"), pair("<<", ">>"), pair("<#", "#>")] };
        let text = "<% if a %>\n<<- b['>>'] >> {{ plain }} {% x %}<# why #>\n<% endif %>\n";
        assert_eq!(
            own.rewritten(text),
            "{% if a %}\n{{- b['>>'] }} {{ '{{' }} plain }} {{ '{%' }} x %}{# why #}\n{% endif %}\n"
        );
        assert_eq!(Delimiters::default().rewritten("{{ a }}"), "{{ a }}");
    }
}
