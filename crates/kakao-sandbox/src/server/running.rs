//! Starting and stopping a sandbox, and what its owner can see and do in process.
//!
//! Owns the thread: the sandbox runs on its own, with its own runtime, so that it answers even while the program that started it
//! blocks, and so that its writes to disk hold up nobody else.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::host::Host;
use super::options::{Options, Quirks};
use super::record::RequestRecord;
use super::serve::{Shared, lock, serve};
use crate::api::token::{self, AccountTokens};
use crate::error::SandboxError;
use crate::faults::rule::FaultRule;
use crate::state::event::{Event, LedgerEntry};
use crate::state::memory::TokenKind;

/// A sandbox that runs. Dropping it stops it; what the ledger file holds remains.
pub struct Running {
    address: SocketAddr,
    accounts: Vec<AccountTokens>,
    shared: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts a sandbox. When this returns, it accepts connections.
///
/// # Errors
/// When the address cannot be bound, the ledger cannot be used, or an account name or a fault rule is unusable.
pub async fn start(options: Options) -> Result<Running, SandboxError> {
    let listen = options.listen;
    let bind = || -> std::io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    let (listener, address) = bind().map_err(|source| SandboxError::Listen { address: listen, source })?;
    let mut host = Host::new(options, address)?;
    for name in host.options.accounts.clone() {
        token::add_account(&mut host, &name)?;
    }
    let names: Vec<String> = host.memory.accounts.iter().map(|account| account.name.clone()).collect();
    let accounts = names.iter().map(|name| token::working(&mut host, name)).collect::<Result<Vec<_>, _>>()?;
    let shared = Shared::new(std::sync::Mutex::new(host));
    let (stop, stopped) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| SandboxError::Thread { source })?;
    let served = shared.clone();
    let run = move || {
        runtime.block_on(async move {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            tokio::select! {
                () = serve(listener, served) => {}
                _ = stopped => {}
            }
        });
        // Dropping the runtime ends every connection, those that hang on purpose too.
    };
    let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(run);
    let thread = thread.map_err(|source| SandboxError::Thread { source })?;
    Ok(Running { address, accounts, shared, stop: Some(stop), thread: Some(thread) })
}

impl Running {
    /// The address that it listens on, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of both hosts, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every account with tokens that worked at the start: those asked for and those that the ledger remembered.
    pub fn accounts(&self) -> &[AccountTokens] {
        &self.accounts
    }

    /// Every story that exists or existed, in the order of their creation.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        lock(&self.shared).entries()
    }

    /// The latest 10,000 requests of clients, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        lock(&self.shared).record.all()
    }

    /// Replaces the fault rules in force.
    ///
    /// # Errors
    /// [`SandboxError::Fault`] when one makes no sense; the rules in force then stay.
    pub fn set_faults(&self, rules: Vec<FaultRule>) -> Result<(), SandboxError> {
        for rule in &rules {
            rule.check()?;
        }
        lock(&self.shared).board.set(rules);
        Ok(())
    }

    /// The fault rules in force, with what is left of their counts.
    pub fn faults(&self) -> Vec<FaultRule> {
        lock(&self.shared).board.rules().to_vec()
    }

    /// Replaces the choices for what no document says. Stories that exist keep what they were made with.
    pub fn set_quirks(&self, quirks: Quirks) {
        lock(&self.shared).options.quirks = quirks;
    }

    /// Sets how long after its creation a story appears in the list, for stories created from here on.
    pub fn set_list_lag(&self, lag: Duration) {
        lock(&self.shared).options.list_lag = lag;
    }

    /// Sets what the account has agreed to, such as `story_publish` and `story_read`; everything else is withdrawn.
    ///
    /// # Errors
    /// When there is no such account, or the ledger cannot be written.
    pub fn set_scopes(&self, account: &str, scopes: &[&str]) -> Result<(), SandboxError> {
        let mut host = lock(&self.shared);
        host.known(account)?;
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let at = host.now();
        host.commit_owned(vec![Event::Consents { account: account.to_owned(), scopes, at }])
    }

    /// Sets whether the account uses Kakao Story at all; if not, its calls are refused with -601.
    ///
    /// # Errors
    /// When there is no such account, or the ledger cannot be written.
    pub fn set_story_user(&self, account: &str, is_story_user: bool) -> Result<(), SandboxError> {
        let mut host = lock(&self.shared);
        host.known(account)?;
        let at = host.now();
        host.commit_owned(vec![Event::StoryUser { account: account.to_owned(), is_story_user, at }])
    }

    /// Ends every access token of the account, as if their time had come.
    ///
    /// # Errors
    /// When there is no such account, or the ledger cannot be written.
    pub fn expire_access_token(&self, account: &str) -> Result<(), SandboxError> {
        lock(&self.shared).end_tokens(account, &[TokenKind::Access])
    }

    /// Ends every token of the account: only a new login helps.
    ///
    /// # Errors
    /// When there is no such account, or the ledger cannot be written.
    pub fn expire_all_tokens(&self, account: &str) -> Result<(), SandboxError> {
        lock(&self.shared).end_tokens(account, &[TokenKind::Access, TokenKind::Refresh])
    }

    /// Makes fresh tokens, outside the limits of the login host. Older ones stay alive.
    ///
    /// # Errors
    /// When there is no such account, or the ledger cannot be written.
    pub fn mint_tokens(&self, account: &str) -> Result<AccountTokens, SandboxError> {
        token::mint(&mut lock(&self.shared), account)
    }

    /// Makes the account unless it exists, with every consent agreed, and gives it tokens that work.
    ///
    /// # Errors
    /// When the name is unusable, or the ledger cannot be written.
    pub fn add_account(&self, name: &str) -> Result<AccountTokens, SandboxError> {
        token::add_account(&mut lock(&self.shared), name)
    }

    /// Stops: cuts every connection, closes the ledger file and gives up its lock.
    pub async fn stop(mut self) {
        self.end();
    }

    /// Waits for the thread, which does nothing long once told to stop, so that the ledger can be opened again at once.
    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("sandbox: its thread panicked");
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({})", self.address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
