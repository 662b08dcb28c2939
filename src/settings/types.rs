//! What the settings say, as values, with the defaults for what they leave out and the relations that must hold between the limits.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::notify::Notify;
use super::secret::Secret;
use crate::domain::policy::{InDoubt, Late, LateThen, Preflight};
use crate::plan::schedule::blackout::Blackout;

/// Kakao's API.
pub const API_URL: &str = "https://kapi.kakao.com";
/// Kakao's login.
pub const LOGIN_URL: &str = "https://kauth.kakao.com";

/// Where a login ends when the settings do not say: on the machine whose browser is used.
pub const REDIRECT_URI: &str = "http://localhost:8421/login";

/// How much longer than the publish time-out the quarantine must be: the slowest processing behind a gateway that gave up, and
/// the lag of the list in which the story would appear.
pub const QUARANTINE_MARGIN: Duration = Duration::from_secs(30);

/// Everything that `storyd.yaml` says, with the defaults for what it leaves out.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Holds the queue, the media and the tokens.
    pub data_dir: PathBuf,
    /// Job files and folders of them.
    pub jobs: Vec<PathBuf>,
    /// Folders whose images job files may name, beside those of the job files themselves.
    pub image_dirs: Vec<PathBuf>,
    /// Where the API is, without a slash at the end.
    pub api_url: String,
    /// Where the login is, without a slash at the end.
    pub login_url: String,
    /// The IANA name of the zone in which commands read and tell times, and in which months are counted; absent: the one that all job
    /// files share, else that of the machine.
    pub zone: Option<String>,
    /// Where the dashboard listens; absent: nowhere.
    pub dashboard: Option<SocketAddr>,
    /// The address under which others open the dashboard; absent: that on which it listens, if others can reach it.
    pub dashboard_url: Option<String>,
    /// How far ahead the occurrences of a `cron` become posts.
    pub horizon: Duration,
    /// Most posts that the `cron` patterns of all jobs may make within the horizon: more are taken for a slip, and the job files are not put
    /// in force.
    pub max_planned: u32,
    /// How changes of the job files are noticed.
    pub watch: Watching,
    /// For all jobs, beside those of their files. Read in the zone of each job.
    pub blackouts: Vec<Blackout>,
    /// Size of the file that is given up when the disk is full, in bytes.
    pub ballast_bytes: u64,
    /// What holds for jobs that do not say otherwise, and for the queue.
    pub defaults: Defaults,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// Who is told of troubles, and how.
    pub notify: Notify,
    /// When Kakao is asked ahead whether a post could go out.
    pub preflight: Preflight,
    /// How long what is over stays on record.
    pub keep: Keep,
    /// When the accounts are audited: a cron pattern of five fields, in UTC. Absent: when a person asks.
    pub audit: Option<String>,
    /// By name.
    pub accounts: BTreeMap<String, Account>,
}

/// How long what is over stays on record. Absent: for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Posts whose story was taken down.
    pub deleted: Option<Duration>,
    /// Posts that were withdrawn.
    pub cancelled: Option<Duration>,
    /// Posts that came too late.
    pub missed: Option<Duration>,
    /// Posts that failed.
    pub failed: Option<Duration>,
    /// Audits, but for the last of each account.
    pub audits: Option<Duration>,
}

/// What holds for jobs that do not say otherwise, and for the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// What happens to a late post.
    pub late: Late,
    /// Delays after the first, second, … failed attempt; then the post is `failed`.
    pub retry: Vec<Duration>,
    /// What becomes of a post whose absence was proved.
    pub in_doubt: InDoubt,
    /// How long an absence from Kakao's list does not count. Longer than the publish time-out by [`QUARANTINE_MARGIN`].
    pub quarantine: Duration,
    /// How long before its due time a post is prepared.
    pub prepare_ahead: Duration,
    /// Shortest time between two late posts of an account.
    pub catch_up_gap: Duration,
}

/// How changes of the job files are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watching {
    /// How often the files are looked at where the system does not report every change: network file systems, links.
    pub poll: Duration,
    /// How long they must have stayed as they are before they are read.
    pub settle: Duration,
}

/// How long things may take. Every one of them twice is shorter than the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection to stand.
    pub connect: Duration,
    /// For a read, a scrape, a delete, a token.
    pub request: Duration,
    /// For the upload of a photo's images.
    pub upload: Duration,
    /// For the publish request. Longer than a gateway's own limit, so that its time-outs arrive as answers.
    pub publish: Duration,
    /// How long a claim holds.
    pub lease: Duration,
}

/// One account at Kakao, by the keys of its app.
#[derive(Clone, Debug)]
pub struct Account {
    /// What people call it: shown in place of its name.
    pub title: Option<String>,
    /// The app's REST API key.
    pub rest_api_key: Secret,
    /// The app's client secret, if it has one.
    pub client_secret: Option<Secret>,
    /// Where Kakao sends the browser after a login: one of those that are registered at the app.
    pub redirect_uri: String,
    /// What becomes of its posts whose absence was proved; absent: what `defaults` say.
    pub in_doubt: Option<InDoubt>,
    /// Shortest time between two of its stories; zero for none.
    pub min_gap: Duration,
    /// Most of its stories within any 24 hours.
    pub max_per_day: Option<u32>,
}

impl Settings {
    /// What people call an account: its title, else its name.
    pub fn shown<'a>(&'a self, account: &'a str) -> &'a str {
        self.accounts.get(account).and_then(|account| account.title.as_deref()).unwrap_or(account)
    }

    /// The titles of the accounts that have one, by their names.
    pub fn titles(&self) -> BTreeMap<String, String> {
        let titled = self.accounts.iter().filter_map(|(name, account)| Some((name.clone(), account.title.clone()?)));
        titled.collect()
    }

    /// The address of the dashboard that a notice may name: one of this machine alone is of no use to its reader.
    pub fn dashboard_for_others(&self) -> Option<String> {
        let listens = self.dashboard?;
        let is_open = !listens.ip().is_loopback() && !listens.ip().is_unspecified();
        self.dashboard_url.clone().or_else(|| is_open.then(|| format!("http://{listens}")))
    }
}

/// What holds without any `storyd.yaml`.
impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("/var/lib/storyd"),
            jobs: Vec::new(),
            image_dirs: Vec::new(),
            api_url: API_URL.to_owned(),
            login_url: LOGIN_URL.to_owned(),
            zone: None,
            dashboard: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 8420))),
            dashboard_url: None,
            horizon: Duration::from_secs(35 * 86_400),
            max_planned: 20_000,
            watch: Watching::default(),
            blackouts: Vec::new(),
            ballast_bytes: 16 << 20,
            defaults: Defaults::default(),
            timeouts: Timeouts::default(),
            notify: Notify::default(),
            preflight: Preflight::default(),
            keep: Keep::default(),
            audit: None,
            accounts: BTreeMap::new(),
        }
    }
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            late: Late { within: Duration::from_secs(3_600), then: LateThen::Skip },
            retry: [10, 60, 300, 1_800, 7_200].map(Duration::from_secs).to_vec(),
            in_doubt: InDoubt::Repost,
            quarantine: Duration::from_secs(180),
            prepare_ahead: Duration::from_secs(600),
            catch_up_gap: Duration::from_secs(30),
        }
    }
}

impl Default for Watching {
    fn default() -> Self {
        Self { poll: Duration::from_secs(10), settle: Duration::from_secs(1) }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_secs(30),
            upload: Duration::from_secs(120),
            publish: Duration::from_secs(75),
            lease: Duration::from_secs(300),
        }
    }
}

/// A relation between two limits that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The key that is too large or too small.
    pub key: &'static str,
    /// One sentence.
    pub message: String,
}

/// The relations on which the promises rest. The daemon checks them at its start too, whatever changed the settings since they
/// were read.
pub fn contradictions(defaults: &Defaults, timeouts: &Timeouts) -> Vec<Contradiction> {
    let mut found = Vec::new();
    let each = [
        ("connect", timeouts.connect),
        ("request", timeouts.request),
        ("upload", timeouts.upload),
        ("publish", timeouts.publish),
    ];
    for (key, timeout) in each {
        if timeout * 2 >= timeouts.lease {
            let message = format!("twice `{key}` must be shorter than `lease`, or a slow request outlives its claim");
            found.push(Contradiction { key, message });
        }
    }
    if defaults.quarantine <= timeouts.publish + QUARANTINE_MARGIN {
        let margin = QUARANTINE_MARGIN.as_secs();
        let message = format!(
            "`quarantine` must be more than {margin} s longer than the `publish` time-out, or a story that appears late is posted twice"
        );
        found.push(Contradiction { key: "quarantine", message });
    }
    found
}
