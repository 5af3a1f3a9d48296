//! The password: by itself, or as an answer to the server's questions.

use super::{Login, Outcome, PATIENCE, Proof};
use russh::MethodKind;
use russh::client::{AuthResult, KeyboardInteractiveAuthResponse};
use tokio::time::timeout;

/// Rounds of questions a keyboard-interactive login may have.
const ROUNDS: usize = 8;

impl Login<'_> {
    pub(super) async fn password(&mut self) -> Outcome {
        let Some(password) = &self.endpoint.credentials.password else { return Outcome::Refused };
        if !self.allows(MethodKind::Password, &Proof::Password) {
            return Outcome::Refused;
        }
        let login = self.handle.authenticate_password(&self.endpoint.user, password.expose());
        let result = timeout(PATIENCE, login).await.ok().and_then(Result::ok);
        self.judge("password", Proof::Password, result)
    }

    /// Answers the first hidden question with the password; a second one means it was wrong, or
    /// that something else is wanted.
    pub(super) async fn interactive(&mut self) -> Outcome {
        const WHAT: &str = "keyboard-interactive";
        let Some(password) = &self.endpoint.credentials.password else { return Outcome::Refused };
        if !self.allows(MethodKind::KeyboardInteractive, &Proof::Interactive) {
            return Outcome::Refused;
        }
        let user = &self.endpoint.user;
        let start = self.handle.authenticate_keyboard_interactive_start(user, None);
        let mut answer = timeout(PATIENCE, start).await;
        let mut password = Some(password);
        for _ in 0..ROUNDS {
            let prompts = match answer {
                Ok(Ok(KeyboardInteractiveAuthResponse::Success)) => return Outcome::In,
                Ok(Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. })) => prompts,
                Ok(Ok(KeyboardInteractiveAuthResponse::Failure {
                    remaining_methods,
                    partial_success,
                })) => {
                    let result = AuthResult::Failure { remaining_methods, partial_success };
                    return self.judge(WHAT, Proof::Interactive, Some(result));
                }
                Ok(Err(_)) | Err(_) => return self.judge(WHAT, Proof::Interactive, None),
            };
            let mut reply = |echo: bool| match if echo { None } else { password.take() } {
                Some(password) => password.expose().to_owned(),
                None => String::new(),
            };
            let replies = prompts.iter().map(|prompt| reply(prompt.echo)).collect();
            let respond = self.handle.authenticate_keyboard_interactive_respond(replies);
            answer = timeout(PATIENCE, respond).await;
        }
        self.judge(WHAT, Proof::Interactive, None)
    }
}
