//! `reboot`: the host boots anew, and is waited for until it has and runs commands again.

use super::args::whole_number;
use super::wait_for_connection::knock;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use crate::transport::{TransportError, quote};
use async_trait::async_trait;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The module.
#[derive(Debug)]
pub(super) struct Reboot;

/// Between two looks nobody waits longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(12);

#[async_trait]
impl Module for Reboot {
    fn name(&self) -> &'static str {
        "reboot"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("boot_time_command"),
                Parameter::optional("connect_timeout").or(&["connect_timeout_sec"]),
                Parameter::optional("msg"),
                Parameter::optional("post_reboot_delay").or(&["post_reboot_delay_sec"]),
                Parameter::optional("pre_reboot_delay").or(&["pre_reboot_delay_sec"]),
                Parameter::optional("reboot_command"),
                Parameter::optional("reboot_timeout").or(&["reboot_timeout_sec"]),
                Parameter::optional("search_paths"),
                Parameter::optional("test_command"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let wanted = Wanted::read(args)?;
        if context.check {
            let outcome = Outcome::changed("would reboot the host");
            return Ok(outcome.with("rebooted", true).with("elapsed", 0));
        }
        let before = context.must("asking when the host booted", wanted.boot_time.clone()).await?;
        let before = before.stdout_text().trim().to_owned();
        if context.connection.is_local() {
            return Err(ModuleError::Refused {
                reason: "the host is this machine, which the run itself needs".to_owned(),
                hint: "reboot it by hand".to_owned(),
            });
        }
        let began = Instant::now();
        if let Some(failure) = wanted.send(context).await? {
            return Ok(failure.with("rebooted", false).with("elapsed", began.elapsed().as_secs()));
        }
        sleep(wanted.after).await;
        let mut outcome = match wanted.wait(context, &before).await {
            Ok(()) => Outcome { changed: true, ..Outcome::default() },
            Err(msg) => Outcome { failed: true, msg, ..Outcome::default() },
        };
        outcome = outcome.with("rebooted", true);
        Ok(outcome.with("elapsed", began.elapsed().as_secs()))
    }
}

struct Wanted {
    boot_time: String,
    test: String,
    /// What reboots the host, as a script.
    command: String,
    connect: Duration,
    after: Duration,
    limit: Duration,
}

impl Wanted {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let text = |name, default: &str| -> Result<String, ModuleError> {
            Ok(args.text(name)?.unwrap_or_else(|| default.to_owned()))
        };
        let seconds = |name, default| -> Result<Duration, ModuleError> {
            Ok(Duration::from_secs(whole_number(args, name)?.unwrap_or(default)))
        };
        Ok(Self {
            boot_time: text("boot_time_command", "cat /proc/sys/kernel/random/boot_id")?,
            test: text("test_command", "whoami")?,
            command: command(args)?,
            connect: seconds("connect_timeout", 10)?.max(Duration::from_secs(1)),
            after: seconds("post_reboot_delay", 0)?,
            limit: seconds("reboot_timeout", 600)?,
        })
    }

    /// Sends the command. A connection that breaks off over it is what was wanted.
    async fn send(&self, context: &Context) -> Result<Option<Outcome>, ModuleError> {
        let output = match context.sh(self.command.clone()).await {
            Ok(output) => output,
            Err(ModuleError::Transport(
                TransportError::Lost { .. } | TransportError::Deadline { .. },
            )) => return Ok(None),
            Err(error) => return Err(error),
        };
        // 128 and more: a signal of the shutdown ended it.
        if output.success() || output.rc > 128 {
            return Ok(None);
        }
        let (stdout, stderr) = (output.stdout_text(), output.stderr_text());
        let msg =
            format!("Reboot command failed. Error was: '{}, {}'", stdout.trim(), stderr.trim());
        Ok(Some(Outcome { failed: true, msg, ..Outcome::default() }))
    }

    /// Waits until the host says that it booted anew, and then until the test goes well.
    async fn wait(&self, context: &Context, before: &str) -> Result<(), String> {
        let until = Instant::now() + self.limit;
        self.until(until, "last boot time check", || async {
            knock(context, self.connect).await?;
            let output = context.sh(self.boot_time.clone()).await;
            let output = output.map_err(|error| error.to_string())?;
            let now = output.stdout_text();
            if !output.success() || now.trim().is_empty() || now.trim() == before {
                return Err("boot time has not changed".to_owned());
            }
            Ok(())
        })
        .await?;
        let until = Instant::now() + self.limit;
        self.until(until, "post-reboot test command", || async {
            match context.sh(self.test.clone()).await {
                Ok(output) if output.success() => Ok(()),
                Ok(output) => Err(output.stderr_text()),
                Err(error) => {
                    knock(context, self.connect).await?;
                    Err(error.to_string())
                }
            }
        })
        .await
    }

    async fn until<F: Future<Output = Result<(), String>>>(
        &self,
        until: Instant,
        what: &str,
        look: impl Fn() -> F,
    ) -> Result<(), String> {
        let mut pause = Duration::from_secs(1);
        loop {
            let Err(why) = look().await else { return Ok(()) };
            if Instant::now() + pause >= until {
                let limit = self.limit.as_secs();
                return Err(format!(
                    "Timed out waiting for {what} (timeout={limit}): {}",
                    why.trim()
                ));
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// The script that reboots the host: the program is looked for, its arguments stay as they are.
fn command(args: &Args) -> Result<String, ModuleError> {
    let given = args.text("reboot_command")?;
    let minutes = whole_number(args, "pre_reboot_delay")?.unwrap_or(0) / 60;
    let message = args.text("msg")?.unwrap_or_else(|| "Reboot initiated by Ansible".to_owned());
    let (program, arguments) = match given.as_deref().map(str::trim) {
        Some(command) => {
            let (program, arguments) = command.split_once(' ').unwrap_or((command, ""));
            (program.to_owned(), arguments.to_owned())
        }
        None => ("shutdown".to_owned(), format!("-r {minutes} {}", quote(&message))),
    };
    if program.starts_with('/') {
        return Ok(format!("{} {arguments}", quote(&program)));
    }
    let paths = args.list("search_paths")?;
    let default = ["/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin"];
    let places: Vec<String> = if paths.is_empty() {
        default.iter().map(|path| (*path).to_owned()).collect()
    } else {
        paths.iter().map(|path| quote(path)).collect()
    };
    let name = quote(&program);
    // Alpine has no `shutdown`.
    let other =
        if given.is_none() { "if [ -e /etc/alpine-release ]; then exec reboot; fi\n" } else { "" };
    Ok(format!(
        "{other}for place in {}; do\nif [ -x \"$place\"/{name} ]; then exec \"$place\"/{name} \
         {arguments}; fi\ndone\necho 'Unable to find command in search paths' >&2\nexit 1",
        places.join(" ")
    ))
}
