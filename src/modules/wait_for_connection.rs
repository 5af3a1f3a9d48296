//! `wait_for_connection`: until the host can be reached and runs commands.

use super::args::whole_number;
use super::{Args, Context, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout_at};

/// The module.
#[derive(Debug)]
pub(super) struct WaitForConnection;

#[async_trait]
impl Module for WaitForConnection {
    fn name(&self) -> &'static str {
        "wait_for_connection"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("connect_timeout"),
                Parameter::optional("delay"),
                Parameter::optional("sleep"),
                Parameter::optional("timeout"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let seconds = |name, default| -> Result<Duration, ModuleError> {
            Ok(Duration::from_secs(whole_number(args, name)?.unwrap_or(default)))
        };
        let connect = seconds("connect_timeout", 5)?.max(Duration::from_secs(1));
        let (delay, pause) = (seconds("delay", 0)?, seconds("sleep", 1)?);
        let limit = seconds("timeout", 600)?;
        if context.check {
            return Ok(Outcome { skipped: true, ..Outcome::default() });
        }
        let began = Instant::now();
        sleep(delay).await;
        let until = Instant::now() + limit;
        let last = loop {
            match knock(context, connect).await {
                Ok(()) => break None,
                Err(why) if Instant::now() + pause >= until => break Some(why),
                Err(_) => sleep(pause).await,
            }
        };
        let elapsed = began.elapsed().as_secs();
        let outcome = match last {
            None => Outcome::default(),
            Some(why) => Outcome {
                failed: true,
                msg: format!("timed out waiting for ping module test: {why}"),
                ..Outcome::default()
            },
        };
        Ok(outcome.with("elapsed", elapsed))
    }
}

/// Connects anew and runs a command that does nothing.
pub(super) async fn knock(context: &Context, limit: Duration) -> Result<(), String> {
    let end = tokio::time::Instant::now() + limit;
    let try_it = async {
        context.connection.renew().await.map_err(|error| error.to_string())?;
        let output = context.sh("exit 0").await.map_err(|error| error.to_string())?;
        if output.success() { Ok(()) } else { Err(output.stderr_text()) }
    };
    match timeout_at(end, try_it).await {
        Ok(result) => result,
        Err(_) => Err(format!("no answer within {} s", limit.as_secs())),
    }
}
