//! What whoever starts a sandbox may choose.
//!
//! Owns the defaults. Must not know how a choice is carried out.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

use crate::faults::rule::FaultRule;
use crate::state::clock::SandboxClock;

/// How the sandbox is set up. The default listens on any free port of 127.0.0.1, has one account `sandbox`, remembers nothing
/// after its end and does nothing wrong.
#[derive(Clone, Debug)]
pub struct Options {
    /// The one address for both hosts, API and login; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Accounts that shall exist, by name (1 to 64 characters). What the ledger remembers exists as well.
    pub accounts: Vec<String>,
    /// The file that remembers everything Kakao would; without it the memory ends with the sandbox. Image bytes live beside it in
    /// a folder of the same name with `.images` added.
    pub ledger: Option<PathBuf>,
    /// What goes wrong, and how often.
    pub faults: Vec<FaultRule>,
    /// Seed of chance: the same seed and the same requests give the same run.
    pub seed: u64,
    /// How long after its creation a story appears in the list.
    pub list_lag: Duration,
    /// The time of the emulated servers.
    pub clock: SandboxClock,
    /// How far the servers' clock is off: shifts the `Date` header and every `created_at` shown. Zero by default.
    pub clock_skew: SignedDuration,
    /// Choices for what no document says.
    pub quirks: Quirks,
    /// The only REST API key taken by the login host; without it any is taken.
    pub client_id: Option<String>,
    /// The client secret that the login host asks for; without it none is asked for and any is taken.
    pub client_secret: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            accounts: vec!["sandbox".to_owned()],
            ledger: None,
            faults: Vec::new(),
            seed: 0,
            list_lag: Duration::ZERO,
            clock: SandboxClock::system(),
            clock_skew: SignedDuration::ZERO,
            quirks: Quirks::default(),
            client_id: None,
            client_secret: None,
        }
    }
}

/// What no document says and the sandbox can therefore do in several ways. The default is the plainest: texts are shown as they
/// came, upload paths live on, images keep their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// White space at both ends of a text is cut off.
    pub trim_content: bool,
    /// Line breaks are shown as CRLF.
    pub crlf_content: bool,
    /// The Unicode form that texts are shown in, if they are changed at all.
    pub normalisation: Option<Normalisation>,
    /// How long an uploaded image can be used in a post; without it, for ever.
    pub upload_lifetime: Option<Duration>,
    /// The upload answers its paths last image first.
    pub reverse_images: bool,
    /// Shifts the `created_at` shown, on top of the clock's own skew.
    pub created_at_skew: SignedDuration,
}

/// A Unicode normalisation form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalisation {
    /// Composed: 한 as one character.
    Nfc,
    /// Decomposed: 한 as three jamo.
    Nfd,
}
