//! Keeps accounts' access tokens alive: one refresh at a time per account, durable before use, and limited in rate.
//!
//! What cannot be helped: kauth may replace the refresh token and kill the old one at once. When that one answer is
//! lost, on the way or because this process is killed before the disk has it, the account must log in again; nothing on
//! this side can tell it from an answer that was never given. So a refresh whose answer was lost is never repeated at
//! once. The next round still tries the old token, which is all there is, and a `KOE322` then says that it is dead. Only
//! what certainly was not sent, and `KOE003`, with which kauth itself says that it failed, is repeated here.
//!
//! A login service that mixes up accounts could hand out another user's token, and the next posts would go out on that user's page. So the
//! next token is used only once Kakao has said whose it is; until then it lies on the disk beside the old one ([`TokenSet::bought`]).
//!
//! An account that is never refreshed dies when its refresh token does: calling [`Tokens::fresh`] once a day is enough to keep
//! an account without posts alive, since access tokens live for hours.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use jiff::Timestamp;
use secrecy::SecretString;

use self::faults::{broken, may_have_issued, no_key, no_refresh_token, on_disk, too_many};
pub use self::limit::{REFRESH_WINDOW, REFRESHES_MAX};
use super::Client;
use super::error::{is_unsent, name_account};
use super::folder::{AccountLock, TokenError, TokenFileStamp, TokenFolder};
use super::token::{AccessToken, RefreshToken, TokenAnswer, TokenOwner, TokenSet, apply};
use crate::domain::clock::{between, earlier, later};
use crate::domain::fault::Fault;

mod faults;
mod limit;

/// How long before its expiry an access token is renewed by what can wait for that.
pub const REFRESH_AHEAD: Duration = Duration::from_secs(300);
/// How long an access token must live to be used by what cannot wait: longer than any call takes.
pub const ONE_CALL: Duration = Duration::from_secs(60);
/// Most repeats of one refresh.
const REPEATS_MAX: usize = 2;
/// Waits before the repeats: short, since a caller waits for the token.
const REPEAT_DELAY: Duration = Duration::from_millis(100);
/// After a refresh that failed nothing more is asked for so long while the old token lives, and when it does not.
const PAUSE_ALIVE: Duration = Duration::from_secs(60);
const PAUSE_DEAD: Duration = Duration::from_secs(5);

/// What kauth knows the app by.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The app's REST API key.
    pub rest_api_key: SecretString,
    /// The app's client secret, where it has one.
    pub client_secret: Option<SecretString>,
}

/// The accounts' tokens. Cheap to clone; clones share the locks.
#[derive(Clone, Debug)]
pub struct Tokens {
    folder: TokenFolder,
    accounts: Arc<Mutex<HashMap<String, Shelf>>>,
    /// The files as last read, good for as long as they look the same.
    read: Arc<Mutex<HashMap<String, (TokenFileStamp, TokenSet)>>>,
}

/// One account's place in this process.
type Shelf = Arc<tokio::sync::Mutex<Kept>>;

/// What is kept of an account between renewals.
#[derive(Debug, Default)]
struct Kept {
    /// A set that was bought but could not be saved: the only copy.
    unsaved: Option<TokenSet>,
    /// When the last refresh failed, and why.
    failed: Option<(Timestamp, Fault)>,
}

impl Kept {
    /// Remembers that a refresh came to nothing.
    fn failing(&mut self, now: Timestamp, fault: Fault) -> Fault {
        self.failed = Some((now, fault.clone()));
        fault
    }
}

/// Why a token is asked for.
#[derive(Clone, Debug)]
enum TokenRequest {
    /// To be used: renewed when it does not live for so long any more.
    Alive(Duration),
    /// To be used later: the same, but one that lives still is none to fall back on.
    Ahead(Duration),
    /// Kakao refused this one.
    Instead(AccessToken),
}

/// All that one renewal needs, owned, so that it can outlive its caller.
struct Renewal {
    folder: TokenFolder,
    shelf: Shelf,
    client: Client,
    account: String,
    credentials: Option<Credentials>,
    wish: TokenRequest,
    now: Timestamp,
}

impl Tokens {
    /// The tokens in `folder`.
    pub fn new(folder: TokenFolder) -> Self {
        Self { folder, accounts: Arc::default(), read: Arc::default() }
    }

    /// The folder, for reading and for handing in.
    pub fn folder(&self) -> &TokenFolder {
        &self.folder
    }

    /// An access token that works for `life` from `now`: the one on disk, or the next one, which is on disk before this returns.
    /// When renewing fails while the old one still lives, that one is returned. Who can wait asks for [`REFRESH_AHEAD`], who cannot
    /// for [`ONE_CALL`].
    ///
    /// # Errors
    /// Never permanent: blocked when a person must act, transient when it may go better later.
    pub async fn fresh(
        &self,
        client: &Client,
        account: &str,
        credentials: Option<&Credentials>,
        life: Duration,
        now: Timestamp,
    ) -> Result<AccessToken, Fault> {
        if let Some(token) = self.at_hand(account, life, now) {
            return Ok(token);
        }
        // Before it is read: a file that is replaced meanwhile looks otherwise the next time.
        let look = self.folder.look(account);
        let set = load(&self.folder, account).await?;
        if let Some(look) = look {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            read.insert(account.to_owned(), (look, set.clone()));
        }
        if !set.needs_refresh(now, life) {
            return Ok(set.access_token);
        }
        self.renew(client, account, credentials, TokenRequest::Alive(life), now).await
    }

    /// The token of [`fresh`](Self::fresh) when that one needs neither the disk nor Kakao: it was read before, its file still looks
    /// the same, and it lives for so long.
    pub fn at_hand(&self, account: &str, life: Duration, now: Timestamp) -> Option<AccessToken> {
        let look = self.folder.look(account)?;
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, set) = read.get(account).filter(|(known, _)| *known == look)?;
        (!set.needs_refresh(now, life)).then(|| set.access_token.clone())
    }

    /// Renews the account's token unless it works for `life` from `now`, for what is to come.
    ///
    /// # Errors
    /// As with [`fresh`](Self::fresh), and also while the old token still lives.
    pub async fn renew_ahead(
        &self,
        client: &Client,
        account: &str,
        credentials: Option<&Credentials>,
        life: Duration,
        now: Timestamp,
    ) -> Result<(), Fault> {
        if self.at_hand(account, life, now).is_some() {
            return Ok(());
        }
        self.renew(client, account, credentials, TokenRequest::Ahead(life), now).await.map(drop)
    }

    /// An access token in the place of `used`, which Kakao refused. When the file holds another one by now, that one is
    /// returned and nothing is asked of Kakao.
    ///
    /// # Errors
    /// As with [`fresh`](Self::fresh).
    pub async fn refresh_now(
        &self,
        client: &Client,
        account: &str,
        credentials: Option<&Credentials>,
        used: &AccessToken,
        now: Timestamp,
    ) -> Result<AccessToken, Fault> {
        self.renew(client, account, credentials, TokenRequest::Instead(used.clone()), now).await
    }

    async fn renew(
        &self,
        client: &Client,
        account: &str,
        credentials: Option<&Credentials>,
        wish: TokenRequest,
        now: Timestamp,
    ) -> Result<AccessToken, Fault> {
        let shelf = {
            let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            accounts.entry(account.to_owned()).or_default().clone()
        };
        let renewal = Renewal {
            folder: self.folder.clone(),
            shelf,
            client: client.clone(),
            account: account.to_owned(),
            credentials: credentials.cloned(),
            wish,
            now,
        };
        // A task of its own: a caller that gives up between kauth's answer and the disk must not lose the tokens.
        let done = tokio::spawn(renewal.run()).await;
        done.map_err(|error| broken(&error))?.map_err(|fault| name_account(fault, account))
    }
}

impl Renewal {
    async fn run(self) -> Result<AccessToken, Fault> {
        let shelf = self.shelf.clone();
        let mut shelf = shelf.lock().await;
        let (folder, account) = (self.folder.clone(), self.account.clone());
        let mut lock = blocking(move || folder.lock(&account)).await?;
        let mut set = load(&self.folder, &self.account).await?;
        // Tokens handed in meanwhile are newer than what lies on the shelf.
        if let Some(unsaved) = shelf.unsaved.take().filter(|unsaved| unsaved.obtained_at >= set.obtained_at) {
            lock = self.save(lock, &unsaved, &mut shelf).await?;
            set = unsaved;
        }
        let good = match &self.wish {
            TokenRequest::Alive(life) | TokenRequest::Ahead(life) => !set.needs_refresh(self.now, *life),
            TokenRequest::Instead(used) => !set.access_token.is(used),
        };
        if good {
            return Ok(set.access_token);
        }
        // Refused already, dead, or wanted for later: there is nothing to fall back on.
        let lives = matches!(self.wish, TokenRequest::Alive(_)) && !set.needs_refresh(self.now, Duration::ZERO);
        if let Some(fault) = self.failed_lately(&shelf, lives) {
            return if lives { Ok(set.access_token) } else { Err(fault) };
        }
        match self.next(lock, &set, &mut shelf).await {
            Ok(token) => Ok(token),
            Err(fault) if lives && !faults::is_other_user(&fault) => {
                tracing::warn!(account = %self.account, %fault, "access token not renewed; the old one still works");
                Ok(set.access_token)
            }
            Err(fault) => Err(fault),
        }
    }

    /// The token after that of `set`: the one that was bought before and waits to be known, or a new one.
    async fn next(&self, mut lock: AccountLock, set: &TokenSet, kept: &mut Kept) -> Result<AccessToken, Fault> {
        let waiting = set.bought.as_deref().filter(|bought| !bought.needs_refresh(self.now, Duration::ZERO));
        if let Some(bought) = waiting {
            match self.known(bought).await {
                Ok(()) => return self.put_in_use(lock, bought.clone(), kept).await,
                // It is dead: another one.
                Err(fault) if fault.wants_refresh() => {}
                Err(fault) => return Err(kept.failing(self.now, fault)),
            }
        }
        let (held, answer) = self.buy(lock, set, kept).await?;
        let next = apply(set, answer, self.now);
        lock = held;
        if next.owner.is_some() {
            // On the disk before anything else is asked: it may be the only copy.
            let both = TokenSet { bought: Some(Box::new(next.clone())), ..set.clone() };
            lock = self.save(lock, &both, kept).await?;
            let known = self.known(&next).await;
            known.map_err(|fault| kept.failing(self.now, faults::of_a_new_token(fault)))?;
        }
        self.put_in_use(lock, next, kept).await
    }

    async fn put_in_use(&self, lock: AccountLock, next: TokenSet, kept: &mut Kept) -> Result<AccessToken, Fault> {
        self.save(lock, &next, kept).await?;
        Ok(next.access_token)
    }

    /// Whether a token is the account's, as Kakao says of it. Where no owner is on record there is nothing to compare with.
    async fn known(&self, next: &TokenSet) -> Result<(), Fault> {
        let Some(TokenOwner { user_id, .. }) = next.owner else { return Ok(()) };
        match self.client.token_info(&next.access_token).await {
            Ok(info) if info.user_id == user_id => Ok(()),
            Ok(info) => Err(faults::other_user(user_id, info.user_id)),
            Err(fault) if fault.wants_refresh() => Err(fault),
            Err(fault) => Err(faults::unknown_owner(fault)),
        }
    }

    /// Why the last refresh failed, when that was so lately that another one is not worth its while.
    fn failed_lately(&self, kept: &Kept, lives: bool) -> Option<Fault> {
        let (at, fault) = kept.failed.as_ref()?;
        let until = later(*at, if lives { PAUSE_ALIVE } else { PAUSE_DEAD });
        (*at <= self.now && self.now < until).then(|| fault.clone())
    }

    /// Buys the next tokens, within the limit. The limit's mark is on the disk before the request leaves, which also tells a
    /// disk that takes no writes while nothing is lost yet.
    async fn buy(
        &self,
        mut lock: AccountLock,
        set: &TokenSet,
        kept: &mut Kept,
    ) -> Result<(AccountLock, TokenAnswer), Fault> {
        let token = set.latest().refresh_token.as_ref().ok_or_else(no_refresh_token)?;
        let credentials = self.credentials.as_ref().ok_or_else(|| no_key(&self.account))?;
        let since = earlier(self.now, REFRESH_WINDOW);
        let (mut refreshes, read) = blocking(move || lock.refreshes().map(|refreshes| (refreshes, lock))).await?;
        lock = read;
        refreshes.retain(|at| *at > since && *at <= self.now);
        if let Some(oldest) = refreshes.len().checked_sub(REFRESHES_MAX).map(|index| refreshes[index]) {
            return Err(too_many(between(self.now, later(oldest, REFRESH_WINDOW))));
        }
        let before = refreshes.clone();
        refreshes.push(self.now);
        lock = remember(lock, refreshes).await?;
        match self.ask(credentials, token).await {
            Ok(answer) => {
                kept.failed = None;
                Ok((lock, answer))
            }
            Err(fault) => {
                kept.failed = Some((self.now, fault.clone()));
                // The limit is one of tokens: neither a network that is down nor a login service that answers with trouble may
                // use it up, or the account would be locked out for minutes after all is well.
                if !may_have_issued(&fault) {
                    remember(lock, before).await?;
                }
                Err(fault)
            }
        }
    }

    async fn ask(&self, credentials: &Credentials, token: &RefreshToken) -> Result<TokenAnswer, Fault> {
        let ask = || self.client.refresh(&credentials.rest_api_key, credentials.client_secret.as_ref(), token);
        let delays = ExponentialBuilder::default()
            .with_min_delay(REPEAT_DELAY)
            .with_factor(4.0)
            .with_max_delay(Duration::from_secs(1))
            .with_max_times(REPEATS_MAX);
        ask.retry(delays).when(|fault| is_unsent(fault) || fault.code == "KOE003").await
    }

    /// Saves, or keeps the set on the shelf so that the next call can.
    async fn save(&self, lock: AccountLock, set: &TokenSet, kept: &mut Kept) -> Result<AccountLock, Fault> {
        let (folder, copy) = (self.folder.clone(), set.clone());
        let saved = blocking(move || folder.save(&lock, &copy).map(|()| lock)).await;
        if saved.is_err() {
            kept.unsaved = Some(set.clone());
        }
        saved
    }
}

async fn load(folder: &TokenFolder, account: &str) -> Result<TokenSet, Fault> {
    let (folder, name) = (folder.clone(), account.to_owned());
    blocking(move || folder.load(&name)).await
}

async fn remember(mut lock: AccountLock, refreshes: Vec<Timestamp>) -> Result<AccountLock, Fault> {
    blocking(move || lock.remember(&refreshes).map(|()| lock)).await
}

async fn blocking<T: Send + 'static>(
    deed: impl FnOnce() -> Result<T, TokenError> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(deed).await.map_err(|error| broken(&error))?.map_err(|error| on_disk(&error))
}
