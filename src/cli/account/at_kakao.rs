//! Kakao as a command of one account sees it: the client and the account's keys, without a queue. With `--sandbox` the embedded
//! emulator stands in, which remembers its users from run to run.

use std::collections::BTreeSet;

use super::super::caveats;
use super::super::failure::Failure;
use crate::cli::context::{self, CommandContext};
use crate::domain::clock::Clock;
use crate::domain::fault::{Fault, FaultClass, Remedy};
use crate::network::kakao::Client;
use crate::network::kakao::refresh::Credentials;
use crate::store::{Access, Store};
use kakao_sandbox::{Running, SandboxError};

/// The client, and the keys of the account, where they can be had.
pub(crate) struct AtKakao {
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) credentials: Result<Credentials, Failure>,
    sandbox: Option<Running>,
}

impl AtKakao {
    pub(super) async fn reach(home: &CommandContext, account: &str) -> Result<Self, Failure> {
        let clock = Clock::system();
        if !home.in_sandbox() {
            let client = context::client(home, &clock)?;
            caveats::tell_of_address(home);
            return Ok(Self { client, clock, credentials: context::keys_of(home, account), sandbox: None });
        }
        let mut names: BTreeSet<String> = home.settings.accounts.keys().cloned().collect();
        names.insert(account.to_owned());
        if let Ok(store) = Store::open(&home.data_dir, Access::Beside).await {
            names.extend(store.accounts().await?.into_iter().map(|account| account.account));
            store.close().await;
        }
        std::fs::create_dir_all(&home.data_dir)
            .map_err(|error| Failure::unexpected(format!("cannot create {}: {error}", home.data_dir.display())))?;
        let running = context::embedded(home, names).await.map_err(|error| match error {
            SandboxError::LedgerBusy { .. } => Failure::not_possible(
                "the daemon runs the sandbox of this folder, and gives its accounts their tokens by itself; stop it first",
            ),
            error => error.into(),
        })?;
        let (client, credentials) = context::sandbox_client(home, &running, &clock)?;
        Ok(Self { client, clock, credentials: Ok(credentials), sandbox: Some(running) })
    }

    /// Ends the embedded sandbox, where there is one.
    pub(super) async fn stop(self) {
        if let Some(sandbox) = self.sandbox {
            sandbox.stop().await;
        }
    }
}

/// What a fault is to whoever typed the command.
pub(super) fn failed(doing: &str, fault: &Fault) -> Failure {
    let text = format!("{doing}: {fault}");
    match &fault.class {
        FaultClass::Blocked(block) if block.cure == Remedy::Settings => Failure::settings(text),
        FaultClass::Blocked(_) | FaultClass::Permanent => Failure::not_possible(text),
        FaultClass::Transient { .. } | FaultClass::Ambiguous => Failure::unexpected(text),
    }
}
