//! Runs every playbook below `tests/playbook_cases` with us and with ansible-playbook, each against
//! identical fresh hosts, and compares what was reported, registered, counted and left on the hosts.
//!
//! `cargo test --test playbook_differential -- loops/` runs the cases of one folder. What is
//! compared, what is not, and how a case is written: `tests/playbook_cases/README.md`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod case;
mod compare;
mod tools;

use case::Case;
use libtest_mimic::{Arguments, Failed, Trial};
use std::process::ExitCode;
use std::sync::Arc;
use tools::Tools;

/// There are never fewer cases than this that both tools run.
const AT_LEAST: usize = 250;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let cases = Case::all();
    let count = cases.iter().filter(|case| case.refused.is_none()).count();
    let tools = Arc::new(Tools::default());
    let mut trials: Vec<Trial> = cases
        .into_iter()
        .map(|case| {
            let tools = Arc::clone(&tools);
            Trial::test(case.name.clone(), move || run(&case, &tools))
        })
        .collect();
    trials.push(Trial::test("the_cases_are_all_there", move || {
        assert!(count >= AT_LEAST, "there are only {count} cases");
        Ok(())
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn run(case: &Case, tools: &Tools) -> Result<(), Failed> {
    let ours = tools.ours(case)?;
    let differences = match &case.refused {
        Some(text) => compare::refusal(text, &ours),
        None => compare::answers(&ours, &tools.ansibles(case)?),
    };
    if differences.is_empty() {
        return Ok(());
    }
    let path = case.path.display();
    Err(format!("{path}\n{}\n{}", differences.join("\n"), ours.stderr).into())
}
