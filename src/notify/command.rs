//! Notices to a command of the operator's: the notice as JSON on its stdin, no shell, an end to its time.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::error::NotSent;

/// A program and its arguments.
#[derive(Debug)]
pub(super) struct Command {
    run: Vec<String>,
    timeout: Duration,
}

impl Command {
    pub(super) fn new(run: &[String], timeout: Duration) -> Self {
        Self { run: run.to_vec(), timeout }
    }

    /// Runs it once. It gets nothing of the daemon's environment but `PATH`: the rest may hold keys.
    pub(super) async fn run(&self, json: &str) -> Result<(), NotSent> {
        let Some((program, arguments)) = self.run.split_first() else {
            return Err(NotSent::Way("there is no command".into()));
        };
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).env_clear().kill_on_drop(true);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child =
            command.spawn().map_err(|error| NotSent::Way(format!("the command cannot be started ({error})")))?;
        let stdin = child.stdin.take();
        let talk = async {
            if let Some(mut stdin) = stdin {
                // A command that does not read is no failure: its exit code tells.
                let _ = stdin.write_all(json.as_bytes()).await;
            }
            child.wait().await
        };
        #[expect(clippy::disallowed_methods, reason = "a command has no time-out of its own; no statement is inside")]
        let ended = tokio::time::timeout(self.timeout, talk).await;
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(NotSent::Way(format!("the command ended with {status}"))),
            Ok(Err(error)) => Err(NotSent::Way(format!("the command was lost ({error})"))),
            Err(_) => {
                Err(NotSent::Way(format!("the command did not end within {} s and was killed", self.timeout.as_secs())))
            }
        }
    }
}
