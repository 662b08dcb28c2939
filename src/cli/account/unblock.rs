//! Tells the queue, and a daemon that runs, that an account may be tried again.

use crate::cli::context::CommandContext;
use crate::cli::failure::Failure;
use crate::domain::clock::Clock;
use crate::store::{Access, Store, StoreError};

/// Tells the queue, and a daemon that runs, that the account has tokens that work; and that they are another user's, if so.
pub(super) async fn let_go(home: &CommandContext, account: &str, other_user: bool) -> Result<(), Failure> {
    match Store::open(&home.data_dir, Access::Beside).await {
        Ok(store) => {
            if other_user {
                store.give_to_another_user(account, Clock::system().now()).await?;
            }
            store.unblock(account).await?;
            store.close().await;
            home.wake_daemon();
            Ok(())
        }
        Err(StoreError::Missing(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Has a blocked account tried again at once, instead of at its next probe.
pub(super) async fn try_again(home: &CommandContext, account: &str) -> Result<(), Failure> {
    match Store::open(&home.data_dir, Access::Beside).await {
        Ok(store) => {
            store.probe_now(account, Clock::system().now()).await?;
            store.close().await;
            home.wake_daemon();
            Ok(())
        }
        Err(StoreError::Missing(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
