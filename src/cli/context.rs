//! From flags and settings to what a command works with: the home (settings and folders), and the engine with its client, its
//! tokens and, with `--sandbox`, the embedded sandbox.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::failure::Failure;
use super::flags::{Common, settings_file};
use super::tell::broken;
use super::terminal::format::local_zone;
use crate::domain::clock::{Clock, later};
use crate::engine::incidents::outlook::Outlook;
use crate::engine::preflight::PreflightClient;
use crate::engine::pulse::Pulse;
use crate::engine::trust::Trust;
use crate::engine::{AppKeys, Ctx, PlanCell, RefusedSteps, Rules, Stop, UnderWay};
use crate::network::kakao::folder::TokenFolder;
use crate::network::kakao::refresh::{Credentials, Tokens};
use crate::network::kakao::token::{AccessToken, RefreshToken, TokenOwner, TokenSet};
use crate::network::kakao::{Client, Endpoints, Limits};
use crate::notify::Sinks;
use crate::plan::Plan;
use crate::settings::{Secret, Settings, secret::SecretError};
use crate::store::{Access, Store, StoreError};
use crate::web::{self, Dashboard, Surroundings};
use crate::yaml::problem::Problem;
use kakao_sandbox::{AccountTokens, Options, Running, SandboxError};

/// Where `--sandbox` keeps everything.
const SANDBOX_DIR: &str = ".storyd-sandbox";
/// The port of the dashboard of `--sandbox`, in its folder.
const SANDBOX_DASHBOARD: &str = "dashboard-port";
/// How long the tokens of the embedded sandbox are trusted before they are refreshed, in seconds: as Kakao's own.
const SANDBOX_TOKEN_LIFE: std::time::Duration = std::time::Duration::from_secs(21_599);

/// The settings in force and where things lie.
pub(crate) struct CommandContext {
    pub(super) settings: Settings,
    pub(super) data_dir: PathBuf,
    sandbox: bool,
    flags: String,
}

impl CommandContext {
    /// A running daemon watches this file; writing it wakes the daemon.
    pub(super) fn wake_file(&self) -> PathBuf {
        self.data_dir.join("wake")
    }

    /// Makes a running daemon look at the queue at once. Without one nothing happens.
    pub(super) fn wake_daemon(&self) {
        let file = self.wake_file();
        if file.exists()
            && let Err(error) = std::fs::write(&file, b"1")
        {
            tracing::warn!(file = %file.display(), %error, "the daemon could not be woken; it looks within half a minute");
        }
    }

    pub(super) fn tokens_dir(&self) -> PathBuf {
        self.data_dir.join("tokens")
    }

    /// What to type for another command on the same queue.
    pub(super) fn command(&self, words: &str) -> String {
        format!("storyd {words}{}", self.flags)
    }

    /// Whether the embedded sandbox stands in for Kakao.
    pub(super) fn in_sandbox(&self) -> bool {
        self.sandbox
    }

    /// The zone in which times are read and told: that of the settings, else the one that the daemon found all job files to share.
    pub(super) async fn zone(&self, store: &Store) -> Result<String, Failure> {
        match &self.settings.zone {
            Some(zone) => Ok(zone.clone()),
            None => Ok(store.counting_zone().await?),
        }
    }

    /// The same where there may be no queue yet: then that of the machine.
    pub(super) async fn zone_anyway(&self) -> Result<String, Failure> {
        if self.settings.zone.is_some() || !self.data_dir.join("queue.db").exists() {
            return Ok(self.settings.zone.clone().unwrap_or_else(local_zone));
        }
        let store = self.open().await?;
        let zone = self.zone(&store).await;
        store.close().await;
        zone
    }

    /// Opens the queue beside a daemon that may be running.
    pub(super) async fn open(&self) -> Result<Store, Failure> {
        match Store::open(&self.data_dir, Access::Beside).await {
            Err(StoreError::Missing(_)) => Err(self.no_queue()),
            opened => Ok(opened?),
        }
    }

    fn no_queue(&self) -> Failure {
        let queue = StoreError::Missing(self.data_dir.join("queue.db"));
        let there = format!("there is no queue in {}", self.data_dir.display());
        if self.sandbox {
            let run = self.command("run JOBS");
            return Failure::from(queue)
                .saying(format!("{there}; go to the folder where `{run}` was started, or start it"));
        }
        if self.flags.is_empty() && Path::new(SANDBOX_DIR).join("queue.db").exists() {
            return Failure::from(queue).saying(format!("{there}; add --sandbox for the one in ./{SANDBOX_DIR}"));
        }
        Failure::from(queue).saying(format!(
            "{there}; start `{}` first, or name the right settings with --settings",
            self.command("run")
        ))
    }
}

/// The settings file that counts, read; the defaults when there is none.
pub(super) fn settings(common: &Common) -> Result<Settings, Failure> {
    match settings_file(common) {
        Some(file) => Settings::load(&file).map_err(|problems| broken(&problems)),
        None => Ok(Settings::default()),
    }
}

/// The home, by the settings that count.
pub(super) fn home(common: &Common) -> Result<CommandContext, Failure> {
    Ok(home_by(common, settings(common)?))
}

/// The home. With `--sandbox` its data never mix with the real ones, whatever the settings say.
pub(super) fn home_by(common: &Common, settings: Settings) -> CommandContext {
    let data_dir = match (&common.data_dir, common.sandbox) {
        (Some(dir), _) => dir.clone(),
        (None, true) => PathBuf::from(SANDBOX_DIR),
        (None, false) => settings.data_dir.clone(),
    };
    let mut flags = String::new();
    if common.sandbox {
        flags.push_str(" --sandbox");
    }
    if let Some(dir) = &common.data_dir {
        flags.push_str(&format!(" --data-dir {}", quoted(dir)));
    }
    if let Some(file) = &common.settings {
        flags.push_str(&format!(" --settings {}", quoted(file)));
    }
    CommandContext { settings, data_dir, sandbox: common.sandbox, flags }
}

/// As a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|c| c.is_alphanumeric() || "/._-+=:,@%".contains(c));
    if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The job files: from the command line, else from the settings.
pub(super) fn job_paths(given: &[PathBuf], settings: &Settings) -> Result<Vec<PathBuf>, Failure> {
    let paths = if given.is_empty() { settings.jobs.clone() } else { given.to_vec() };
    if paths.is_empty() {
        return Err(Failure::usage(
            "no job files: name some, as in `storyd run jobs.yaml`, or list them under `jobs` in storyd.yaml",
        ));
    }
    Ok(paths)
}

/// The accounts' tokens.
pub(super) fn tokens(home: &CommandContext) -> Result<Tokens, Failure> {
    Ok(Tokens::new(TokenFolder::open(&home.tokens_dir())?))
}

/// A client for the hosts that the settings name.
pub(super) fn client(home: &CommandContext, clock: &Clock) -> Result<Client, Failure> {
    let settings = &home.settings;
    let endpoints = Endpoints { api_url: settings.api_url.clone(), login_url: settings.login_url.clone() };
    client_for(home, endpoints, clock)
}

fn client_for(home: &CommandContext, endpoints: Endpoints, clock: &Clock) -> Result<Client, Failure> {
    let timeouts = &home.settings.timeouts;
    let limits = Limits {
        connect_timeout: timeouts.connect,
        request_timeout: timeouts.request,
        upload_timeout: timeouts.upload,
        publish_timeout: timeouts.publish,
        ..Limits::default()
    };
    Ok(Client::new(endpoints, limits, clock.clone())?)
}

/// What executes: the daemon, or a command in its place.
pub(crate) struct CommandEngine {
    pub(super) ctx: Arc<Ctx>,
    sandbox: Option<Running>,
    /// Accounts that have a token of the embedded sandbox since this process started.
    served: Mutex<BTreeSet<String>>,
}

impl CommandEngine {
    /// The embedded sandbox's address, when it is used.
    pub(super) fn sandbox_url(&self) -> Option<String> {
        self.sandbox.as_ref().map(Running::url)
    }

    /// Starts the dashboard where the settings want it. With the sandbox on the port of its last time, else on that of the settings, else
    /// on any free one, so that a bookmark holds and nothing is in the way of a real daemon. The posts do not depend on it: without it they
    /// go out all the same.
    pub(super) async fn dashboard(&self, home: &CommandContext) -> Option<Dashboard> {
        let wanted = home.settings.dashboard?;
        let surroundings = || Surroundings {
            command_flags: home.flags.clone(),
            sandbox_url: self.sandbox_url(),
            titles: home.settings.titles(),
        };
        let mut places = vec![wanted];
        let remembered = home.data_dir.join(SANDBOX_DASHBOARD);
        if home.sandbox {
            let last = std::fs::read_to_string(&remembered).ok().and_then(|port| port.trim().parse().ok());
            let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            places = last.map(local).into_iter().chain([wanted, local(0)]).collect();
        }
        let mut failed = None;
        for listen in places {
            match web::start(self.ctx.clone(), listen, surroundings()).await {
                Ok(dashboard) => {
                    if home.sandbox
                        && let Err(error) = std::fs::write(&remembered, dashboard.address().port().to_string())
                    {
                        tracing::debug!(%error, "the port of the dashboard is not remembered");
                    }
                    return Some(dashboard);
                }
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            tracing::error!("no dashboard, and posts go out all the same: cannot {error}");
        }
        None
    }

    /// Gives accounts that job files name a life in the embedded sandbox; without one, nothing.
    pub(super) fn add_sandbox_accounts<'a>(&self, accounts: impl Iterator<Item = &'a str>) {
        let (Some(sandbox), Ok(mut served)) = (&self.sandbox, self.served.lock()) else { return };
        for account in accounts {
            if served.contains(account) {
                continue;
            }
            let added = sandbox.add_account(account).map_err(Failure::from);
            match added.and_then(|tokens| store_tokens(&self.ctx.tokens, &tokens, &self.ctx.clock)) {
                Ok(()) => drop(served.insert(account.to_owned())),
                Err(failure) => failure.tell(),
            }
        }
    }

    /// Closes the queue and stops the sandbox. Whoever still holds the queue, such as an upload that a drain has given up on, finds
    /// it closed.
    pub(super) async fn stop(self) {
        self.ctx.store.close().await;
        if let Some(sandbox) = self.sandbox {
            sandbox.stop().await;
        }
    }
}

/// Puts the engine together around an open queue. `accounts` are those of the job files: in the sandbox they exist as soon as
/// they are named.
pub(super) async fn engine(home: &CommandContext, store: Store, accounts: &[String]) -> Result<CommandEngine, Failure> {
    let clock = Clock::system();
    let mut rules = Rules::new(&home.settings)?;
    rules.telling.command_flags.clone_from(&home.flags);
    let sinks = Arc::new(Sinks::new(&home.settings.notify)?);
    let tokens = tokens(home)?;
    let plan = PlanCell::default();
    let mut served = BTreeSet::new();
    let (sandbox, kakao, credentials) = if home.sandbox {
        let mut names: BTreeSet<String> = accounts.iter().cloned().collect();
        names.extend(store.accounts().await?.into_iter().map(|account| account.account));
        names.extend(home.settings.accounts.keys().cloned());
        let running = embedded(home, names).await?;
        for account in running.accounts() {
            store_tokens(&tokens, account, &clock)?;
            served.insert(account.account.clone());
        }
        let (client, any) = sandbox_client(home, &running, &clock)?;
        (Some(running), client, AppKeys::Any(any))
    } else {
        (None, client(home, &clock)?, app_keys(home)?)
    };
    let (under_way, outlook) = (UnderWay::default(), Outlook::default());
    let trust = Trust::default();
    let (refused, stop, pulse) = (RefusedSteps::default(), Stop::default(), Pulse::default());
    let ctx = Arc::new(Ctx {
        store,
        kakao,
        tokens,
        credentials,
        clock,
        rules,
        plan,
        sinks,
        outlook,
        under_way,
        refused,
        stop,
        pulse,
        trust,
    });
    Ok(CommandEngine { ctx, sandbox, served: Mutex::new(served) })
}

/// The embedded sandbox, with what it remembers in this home, and with these accounts.
pub(super) async fn embedded(home: &CommandContext, accounts: BTreeSet<String>) -> Result<Running, SandboxError> {
    let options = Options {
        accounts: accounts.into_iter().collect(),
        ledger: Some(home.data_dir.join("sandbox.jsonl")),
        ..Options::default()
    };
    kakao_sandbox::start(options).await
}

/// A client of the embedded sandbox, and the key that it takes, as any.
pub(super) fn sandbox_client(
    home: &CommandContext,
    running: &Running,
    clock: &Clock,
) -> Result<(Client, Credentials), Failure> {
    let endpoints = Endpoints { api_url: running.url(), login_url: running.url() };
    let any = Credentials { rest_api_key: "sandbox".to_owned().into(), client_secret: None };
    Ok((client_for(home, endpoints, clock)?, any))
}

fn store_tokens(tokens: &Tokens, account: &AccountTokens, clock: &Clock) -> Result<(), Failure> {
    let unusable = |_| Failure::unexpected("the sandbox gave a token that is none");
    let now = clock.now();
    let set = TokenSet {
        access_token: AccessToken::new(&account.access_token).map_err(unusable)?,
        access_expires_at: Some(later(now, SANDBOX_TOKEN_LIFE)),
        refresh_token: Some(RefreshToken::new(&account.refresh_token).map_err(unusable)?),
        refresh_expires_at: None,
        scopes: None,
        owner: Some(TokenOwner { user_id: account.user_id, nickname: None }),
        obtained_at: now,
        bought: None,
    };
    let lock = tokens.folder().lock(&account.account)?;
    Ok(tokens.folder().save(&lock, &set)?)
}

/// Asks Kakao, or a sandbox of its own, what only the network can tell of a plan.
pub(super) async fn preflight(home: &CommandContext, plan: &Plan) -> Result<Vec<Problem>, Failure> {
    let clock = Clock::system();
    let now = clock.now();
    if !home.sandbox {
        let (kakao, tokens, keys) = (client(home, &clock)?, tokens(home)?, app_keys(home)?);
        return Ok(PreflightClient { kakao: &kakao, tokens: &tokens, keys: &keys, now }.ask(plan).await);
    }
    // A sandbox beside the one that a daemon may be running, and a folder beside its tokens: gone when the answer is there.
    let accounts: BTreeSet<String> = plan.jobs.values().map(|job| job.account.clone()).collect();
    let running =
        kakao_sandbox::start(Options { accounts: accounts.into_iter().collect(), ..Options::default() }).await?;
    let folder = std::env::temp_dir().join(format!("storyd-check-{}", std::process::id()));
    let tokens = Tokens::new(TokenFolder::open(&folder)?);
    for account in running.accounts() {
        store_tokens(&tokens, account, &clock)?;
    }
    let (kakao, any) = sandbox_client(home, &running, &clock)?;
    let keys = AppKeys::Any(any);
    let found = PreflightClient { kakao: &kakao, tokens: &tokens, keys: &keys, now }.ask(plan).await;
    running.stop().await;
    if let Err(error) = std::fs::remove_dir_all(&folder) {
        tracing::debug!(folder = %folder.display(), %error, "a folder of made-up tokens stays");
    }
    Ok(found)
}

/// The app keys of every account.
fn app_keys(home: &CommandContext) -> Result<AppKeys, Failure> {
    home.settings.accounts.keys().map(|name| Ok((name.clone(), keys_of(home, name)?))).collect()
}

/// The app keys of one account.
pub(super) fn keys_of(home: &CommandContext, name: &str) -> Result<Credentials, Failure> {
    let account = home.settings.accounts.get(name).ok_or_else(|| {
        Failure::settings(format!(
            "the settings have no account {name}; add it with its rest_api_key under `accounts` in storyd.yaml"
        ))
    })?;
    let failed =
        |error: SecretError| Failure::from(error).before(&format!("the keys of account {name} cannot be used: "));
    let client_secret = account.client_secret.as_ref().map(Secret::resolve).transpose().map_err(failed)?;
    let rest_api_key = account.rest_api_key.resolve().map_err(failed)?;
    Ok(Credentials { rest_api_key, client_secret })
}
