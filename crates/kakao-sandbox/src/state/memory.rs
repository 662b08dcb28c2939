//! What the emulated Kakao remembers: a fold over the facts of the ledger, so that a restart remembers the same.
//!
//! Owns accounts, tokens, uploads, link descriptions and stories. Changes only through [`Memory::apply`]; must not know the wire,
//! the file or the time.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::clock::earlier;
use super::event::{Event, LedgerImage, Story};
use crate::state::numbers::{base62, mix};

/// An account of the emulated Kakao.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) user_id: i64,
    /// The first half of its story IDs.
    pub(crate) profile: String,
    /// The consent items agreed to.
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) is_story_user: bool,
}

/// A token of either kind.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) account: String,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// Dead before its time.
    pub(crate) ended: bool,
    counted: bool,
}

impl Token {
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        !self.ended && now < self.expires_at
    }
}

/// An authorization code.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) account: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) challenge: Option<String>,
    pub(crate) used: bool,
}

/// An uploaded image and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) account: String,
    pub(crate) at: Timestamp,
    pub(crate) image: LedgerImage,
}

/// The two kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Access,
    Refresh,
}

/// Everything that survives a restart.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    salt: u64,
    /// Facts applied so far: the source of identifiers, which thereby continue after a restart.
    serial: u64,
    pub(crate) accounts: Vec<Account>,
    pub(crate) access: HashMap<String, Token>,
    pub(crate) refresh: HashMap<String, Token>,
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) uploads: HashMap<String, Upload>,
    links: HashMap<String, Vec<Map<String, Value>>>,
    pub(crate) stories: Vec<Story>,
    story_index: HashMap<String, usize>,
    /// The highest request number that a fact names.
    pub(crate) last_request: u64,
}

/// Keeps the identifiers that one fact needs apart.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lane {
    User = 1,
    Profile,
    Activity,
    Access,
    Refresh,
    Code,
    Image,
    ImageFolder,
}

impl Memory {
    pub(crate) fn new(salt: u64) -> Self {
        Self { salt, ..Self::default() }
    }

    /// Folds one fact in. A fact about what does not exist is ignored.
    pub(crate) fn apply(&mut self, event: Event) {
        self.serial += 1;
        match event {
            Event::Account { name, user_id, profile, scopes, .. } => {
                let scopes = scopes.into_iter().collect();
                self.accounts.push(Account { name, user_id, profile, scopes, is_story_user: true });
            }
            Event::Consents { account, scopes, .. } => {
                if let Some(account) = self.account_mut(&account) {
                    account.scopes = scopes.into_iter().collect();
                }
            }
            Event::StoryUser { account, is_story_user, .. } => {
                if let Some(account) = self.account_mut(&account) {
                    account.is_story_user = is_story_user;
                }
            }
            Event::Code { code, account, client_id, redirect_uri, scopes, expires_at, challenge } => {
                let used = false;
                let bought = Code { account, client_id, redirect_uri, scopes, expires_at, challenge, used };
                self.codes.insert(code, bought);
            }
            Event::CodeUsed { code, .. } => {
                if let Some(code) = self.codes.get_mut(&code) {
                    code.used = true;
                }
            }
            Event::AccessToken { token, account, issued_at, expires_at, counted } => {
                self.access.insert(token, Token { account, issued_at, expires_at, ended: false, counted });
            }
            Event::RefreshToken { token, account, issued_at, expires_at, counted } => {
                self.refresh.insert(token, Token { account, issued_at, expires_at, ended: false, counted });
            }
            Event::TokenEnded { token, .. } => {
                for token in [self.access.get_mut(&token), self.refresh.get_mut(&token)].into_iter().flatten() {
                    token.ended = true;
                }
            }
            Event::Upload { account, at, image } => {
                self.uploads.insert(image.path.clone(), Upload { account, at, image });
            }
            Event::LinkInfo { account, info, .. } => {
                let known = self.links.entry(account).or_default();
                if !known.contains(&info) {
                    known.push(info);
                }
            }
            Event::Story { story } => {
                self.last_request = self.last_request.max(story.entry.request);
                self.story_index.insert(story.entry.id.clone(), self.stories.len());
                self.stories.push(*story);
            }
            Event::StoryDeleted { id, at, request } => {
                self.last_request = self.last_request.max(request);
                if let Some(story) = self.story_index.get(&id).and_then(|at| self.stories.get_mut(*at)) {
                    story.entry.deleted_at = Some(at);
                    story.entry.deleted_by_request = Some(request);
                }
            }
        }
    }

    /// A number that no other fact or lane of this ledger gets. `ahead` counts facts that will be applied before the one it is for.
    pub(crate) fn unique(&self, lane: Lane, ahead: u64) -> u64 {
        let input = ((self.serial + ahead) << 8) | lane as u64;
        mix(input ^ mix(self.salt))
    }

    /// The above in 11 digits of base 62.
    pub(crate) fn unique_text(&self, lane: Lane, ahead: u64) -> String {
        base62(self.unique(lane, ahead), 11)
    }

    pub(crate) fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    fn account_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.name == name)
    }

    /// Tokens issued to `account` within the `window` before `now` that count towards the limit.
    pub(crate) fn issued_within(
        tokens: &HashMap<String, Token>,
        account: &str,
        now: Timestamp,
        window: Duration,
    ) -> usize {
        let from = earlier(now, window);
        tokens.values().filter(|token| token.counted && token.account == account && token.issued_at > from).count()
    }

    /// The tokens of `account` of one kind that were not ended yet.
    pub(crate) fn tokens_of(&self, account: &str, kind: TokenKind) -> Vec<String> {
        let tokens = match kind {
            TokenKind::Access => &self.access,
            TokenKind::Refresh => &self.refresh,
        };
        let open = tokens.iter().filter(|(_, token)| token.account == account && !token.ended);
        open.map(|(text, _)| text.clone()).collect()
    }

    /// A story of `account` by ID, with its place in the order of creation, whether it still exists or not.
    pub(crate) fn story(&self, account: &str, id: &str) -> Option<&Story> {
        self.story_index.get(id).and_then(|at| self.stories.get(*at)).filter(|story| story.entry.account == account)
    }

    /// The stories of `account`, newest first. Those made in the same microsecond keep the order of their requests.
    pub(crate) fn newest_first(&self, account: &str) -> Vec<&Story> {
        let mut stories: Vec<&Story> = self.stories.iter().filter(|story| story.entry.account == account).collect();
        // The sort is stable: reversed first, so that of equals the one made last stays in front.
        stories.reverse();
        stories.sort_by_key(|story| std::cmp::Reverse(story.entry.created_at));
        stories
    }

    /// Whether `info` is a description that `account` was given, or a part of one with the same values.
    pub(crate) fn knows_link(&self, account: &str, info: &Map<String, Value>) -> bool {
        let answers = self.links.get(account).map_or(&[][..], Vec::as_slice);
        !info.is_empty() && answers.iter().any(|answer| info.iter().all(|(key, value)| answer.get(key) == Some(value)))
    }
}
