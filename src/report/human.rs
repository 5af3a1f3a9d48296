//! Events for people: plays, tasks, a line a host, failures with what the host said, a recap.

use super::style::harmless;
use super::table::table;
use super::{Reporter, Terminal};
use crate::event::{Event, HostResult, Stats, Status};
use std::collections::BTreeMap;

/// How many lines of an output are shown with a failure: the reason stands at the end.
const TAIL: usize = 20;

/// Shows events to people, on stderr.
#[derive(Debug)]
pub struct Human {
    terminal: Terminal,
    /// 0: failures with their output; from 1 on every output.
    verbosity: u8,
}

impl Human {
    /// A reporter that writes to `terminal`.
    pub fn new(terminal: Terminal, verbosity: u8) -> Self {
        Self { terminal, verbosity }
    }

    fn say(&mut self, line: &str) {
        self.terminal.talk(line);
    }

    fn heading(&mut self, text: &str) {
        let text = self.terminal.style().bold(&harmless(text));
        self.say(&text);
    }

    fn result(&mut self, result: &HostResult) {
        let style = self.terminal.style();
        let mut line = format!("  {} {}", style.status(result.status, result.ignored), result.host);
        if let Some(item) = &result.item {
            let item = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
            line.push_str(&format!(" [{}]", harmless(&item)));
        }
        if let Some(rc) = result.rc.filter(|rc| *rc != 0) {
            line.push_str(&format!(" (rc {rc})"));
        }
        let msg = harmless(&result.msg);
        let (first, rest) = msg.split_once('\n').unwrap_or((&msg, ""));
        if !first.is_empty() {
            line.push_str(&format!(": {first}"));
        }
        self.say(&line);
        self.block("", rest, usize::MAX);
        if let Some(assertion) = result.result.get("assertion") {
            let text = assertion.as_str().map_or_else(|| assertion.to_string(), str::to_owned);
            self.block("assertion", &harmless(&text), usize::MAX);
        }
        let bad = matches!(result.status, Status::Failed | Status::Unknown);
        if bad || self.verbosity > 0 {
            let most = if self.verbosity > 0 { usize::MAX } else { TAIL };
            self.block("stdout", &harmless(&result.stdout), most);
            self.block("stderr", &harmless(&result.stderr), most);
        }
        for line in harmless(&result.diff).lines() {
            let painted = match line.chars().next() {
                Some('-') => style.bad(line),
                Some('+') => style.good(line),
                _ => line.to_owned(),
            };
            self.say(&format!("      {painted}"));
        }
    }

    /// The last lines of a text, indented.
    fn block(&mut self, name: &str, text: &str, most: usize) {
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let left_out = lines.len().saturating_sub(most);
        if !name.is_empty() && !lines.is_empty() {
            let note = match left_out {
                0 => String::new(),
                count => format!(" ({count} lines before, `-v` shows them)"),
            };
            self.say(&format!("      {name}{note}:"));
        }
        for line in &lines[left_out..] {
            self.say(&format!("      | {line}"));
        }
    }

    fn recap(&mut self, stats: &BTreeMap<String, Stats>) {
        if stats.is_empty() {
            return;
        }
        self.say("");
        self.heading("RECAP");
        let row = |(host, stats): (&String, &Stats)| {
            let counts = [
                ("ok", stats.ok),
                ("changed", stats.changed),
                ("unreachable", stats.unreachable),
                ("failed", stats.failures),
                ("skipped", stats.skipped),
                ("rescued", stats.rescued),
                ("ignored", stats.ignored),
            ];
            let cells = counts.map(|(name, count)| format!("{name}={count}"));
            [vec![format!("  {host}")], cells.to_vec()].concat()
        };
        let rows: Vec<Vec<String>> = stats.iter().map(row).collect();
        let style = self.terminal.style();
        for (line, stats) in table(&rows).lines().zip(stats.values()) {
            let line = match stats {
                Stats { failures: 0, unreachable: 0, changed: 0, .. } => style.good(line),
                Stats { failures: 0, unreachable: 0, .. } => style.notable(line),
                _ => style.bad(line),
            };
            self.say(&line);
        }
    }

    fn verified(&mut self, holds: bool, findings: &[String]) {
        let style = self.terminal.style();
        self.say("");
        let text = if holds {
            style.good("VERIFIED: what was promised holds")
        } else {
            style.bad("NOT VERIFIED: what was promised does not hold")
        };
        self.say(&text);
        for finding in findings {
            self.say(&format!("  {}", harmless(finding)));
        }
    }
}

impl Reporter for Human {
    fn event(&mut self, event: &Event) {
        match event {
            Event::RunStarted { run, playbooks, check, .. } => {
                let check = if *check { ", check mode: nothing is written" } else { "" };
                self.heading(&format!("RUN {run} ({}{check})", playbooks.join(", ")));
            }
            // Shown as text of their own, by whoever asks for the operator's yes.
            Event::Observed { .. } | Event::Decided { .. } | Event::Plan { .. } => {}
            Event::PlayStarted { play, hosts } => {
                self.say("");
                self.heading(&format!("PLAY {play} ({})", hosts.join(", ")));
            }
            Event::TaskStarted { task, destructive, .. } => {
                let mark = if *destructive { " [destructive]" } else { "" };
                self.heading(&format!("TASK {task}{mark}"));
                self.terminal.busy(&harmless(task));
            }
            Event::HostResult(result) => self.result(result),
            Event::Notice { message } => {
                let text = self.terminal.style().notable(&format!("note: {}", harmless(message)));
                self.say(&text);
            }
            Event::Verified { holds, findings } => {
                self.terminal.idle();
                self.verified(*holds, findings);
            }
            Event::RunFinished { stats, .. } => {
                self.terminal.idle();
                self.recap(stats);
            }
        }
    }
}
