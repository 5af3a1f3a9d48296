//! Permissions as operators write them: octal, or symbolic as `chmod` takes them.

use super::args::wrong;
use super::{Args, ModuleError};
use serde_json::Value;

/// The permissions that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// These bits.
    Octal(u32),
    /// A change of the bits that are there.
    Symbolic(String),
    /// Those of the source file.
    Preserve,
}

/// What a symbolic mode starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Base {
    /// The permission bits now.
    pub(super) mode: u32,
    /// Whether it is a directory.
    pub(super) directory: bool,
    /// The permissions that the user's new files do not get.
    pub(super) umask: u32,
}

impl Base {
    /// A file that is created.
    pub(super) fn new_file(umask: u32) -> Self {
        Self { mode: 0o666 & !umask, directory: false, umask }
    }

    /// A directory that is created.
    pub(super) fn new_directory(umask: u32) -> Self {
        Self { mode: 0o777 & !umask, directory: true, umask }
    }
}

impl Mode {
    /// Reads an argument. YAML reads an unquoted `0644` as the number 420, as Ansible's does.
    pub(super) fn read(args: &Args, name: &'static str) -> Result<Option<Self>, ModuleError> {
        let bits = match args.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => {
                number.as_u64().and_then(|mode| u32::try_from(mode).ok())
            }
            Some(Value::String(text)) if text == "preserve" => return Ok(Some(Self::Preserve)),
            Some(Value::String(text)) if is_symbolic(text) => {
                return Ok(Some(Self::Symbolic(text.clone())));
            }
            Some(Value::String(text)) => {
                u32::from_str_radix(text.strip_prefix("0o").unwrap_or(text), 8).ok()
            }
            Some(_) => None,
        };
        bits.filter(|mode| *mode <= 0o7777).map(|mode| Some(Self::Octal(mode))).ok_or_else(|| {
            wrong(
                name,
                "must be octal permissions in quotes, as \"0644\", or symbolic, as u=rw,g=r",
            )
        })
    }

    /// The bits that are wanted of something; `None` for [`Mode::Preserve`].
    pub(super) fn of(&self, base: Base) -> Option<u32> {
        match self {
            Self::Octal(mode) => Some(*mode),
            Self::Symbolic(text) => Some(applied(text, base)),
            Self::Preserve => None,
        }
    }
}

/// Whether the text is `[ugoa][+-=][rwxXstugo]…,…`.
fn is_symbolic(text: &str) -> bool {
    text.split(',').all(|clause| {
        let Some(at) = clause.find(['+', '-', '=']) else { return false };
        let (users, rest) = clause.split_at(at);
        let users = users == "a" || users.chars().all(|user| "ugo".contains(user));
        users && rest.chars().all(|c| "+-=rwxXstugo".contains(c))
    })
}

/// The bits after a symbolic change.
fn applied(text: &str, base: Base) -> u32 {
    let mut mode = base.mode;
    for clause in text.split(',') {
        let at = clause.find(['+', '-', '=']).unwrap_or(clause.len());
        let (users, mut rest) = clause.split_at(at);
        let masked = if users.is_empty() { !base.umask } else { 0o7777 };
        let users = if users.is_empty() || users == "a" { "ugo" } else { users };
        while let Some(operator) = rest.chars().next() {
            let end = rest[1..].find(['+', '-', '=']).map_or(rest.len(), |end| end + 1);
            for user in users.chars() {
                let bits = bits(user, &rest[1..end], mode, base.directory, masked);
                mode = match operator {
                    '+' => mode | bits,
                    '-' => mode & !bits,
                    _ => (mode & !all_of(user)) | bits,
                };
            }
            rest = &rest[end..];
        }
    }
    mode
}

/// By how much the bits of a user's part are shifted.
fn shift(user: char) -> u32 {
    match user {
        'u' => 6,
        'g' => 3,
        _ => 0,
    }
}

/// Every bit that belongs to a user's part.
fn all_of(user: char) -> u32 {
    let special = match user {
        'u' => 0o4000,
        'g' => 0o2000,
        _ => 0o1000,
    };
    0o7 << shift(user) | special
}

/// What the letters mean for one user.
fn bits(user: char, letters: &str, mode: u32, directory: bool, masked: u32) -> u32 {
    let own = shift(user);
    let mut bits = 0;
    for letter in letters.chars() {
        bits |= match (letter, user) {
            ('r', _) => (0o4 << own) & masked,
            ('w', _) => (0o2 << own) & masked,
            ('x', _) => (0o1 << own) & masked,
            ('X', _) if directory || mode & 0o111 != 0 => 0o1 << own,
            ('s', 'u') => 0o4000,
            ('s', 'g') => 0o2000,
            ('t', 'o') => 0o1000,
            ('u' | 'g' | 'o', _) => ((mode >> shift(letter)) & 0o7) << own,
            _ => 0,
        };
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows that ansible-core computed, with the umask 022.
    #[test]
    fn symbolic_modes_are_ansibles() {
        for (mode, directory, text, wanted) in [
            (0o644, false, "u+x", 0o744),
            (0o644, false, "a+x,g-r", 0o715),
            (0o644, false, "+x", 0o755),
            (0o600, false, "go=u", 0o666),
            (0o4755, false, "u=rw", 0o655),
            (0o755, false, "ugo=rX", 0o555),
            (0o644, true, "a+X", 0o755),
            (0o644, false, "a+X", 0o644),
            (0o777, false, "o+t", 0o1777),
            (0o700, false, "g=u-w", 0o750),
            (0o644, false, "u=", 0o44),
            (0o644, false, "+s", 0o6644),
            (0o644, false, "g+s", 0o2644),
            (0o1777, false, "o=rx", 0o775),
            (0o640, false, "u+rwx,g=u,o=g", 0o777),
        ] {
            let found = applied(text, Base { mode, directory, umask: 0o22 });
            assert_eq!(found, wanted, "{mode:o} {text}: {found:o}");
        }
    }

    #[test]
    fn what_is_no_mode_is_refused() {
        for text in ["", "rw", "ua+x", "u+z", "x+r", "u", "99", "0o99", "10000", "u+x;ls"] {
            let args = Args(serde_json::Map::from_iter([("mode".to_owned(), text.into())]));
            assert!(Mode::read(&args, "mode").is_err(), "{text}");
        }
    }
}
