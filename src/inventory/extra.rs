//! Extra variables: `-e key=value`, `-e '{…}'`, `-e @file`.

use super::files::Files;
use super::{Variable, Variables, adjacent, key_values};
use crate::error::Problem;
use std::path::Path;

/// The name that mistakes on the command line are shown under.
const COMMAND_LINE: &str = "-e";

/// All extra variables; a later one wins over an earlier one of its name.
pub(super) fn load(options: &[String], files: &mut Files) -> Variables {
    let mut variables = Variables::new();
    for option in options.iter().filter(|option| !option.is_empty()) {
        variables.extend(one(option, files));
    }
    variables
}

fn one(option: &str, files: &mut Files) -> Variables {
    if let Some(path) = option.strip_prefix('@') {
        return adjacent::load_file(Path::new(path), files);
    }
    if option.starts_with(['/', '.']) {
        let message = format!("`-e {option}` looks like a file");
        files.problems.push(Problem::new(message).hint(format!("write `-e @{option}`")));
        return Variables::new();
    }
    if option.starts_with(['{', '[']) {
        let mut variables = adjacent::parse(COMMAND_LINE, option, files);
        for variable in variables.values_mut() {
            variable.location = None;
        }
        return variables;
    }
    match key_values::parse(option) {
        Ok(pairs) => pairs.into_iter().map(|(key, value)| (key, Variable::new(value))).collect(),
        Err(message) => {
            let hint = "write `-e key=value`, `-e '{\"key\": …}'` or `-e @file`";
            files.problems.push(Problem::new(format!("`-e {option}`: {message}")).hint(hint));
            Variables::new()
        }
    }
}
