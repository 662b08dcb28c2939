//! What only the network can tell of a plan before its posts are due: whether the accounts' tokens live and carry the consents,
//! what Kakao makes of the links, and which posts fall due after a login ends. Asks, and changes nothing but tokens that are
//! renewed on the way.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::app_keys::AppKeys;
use crate::domain::clock::later;
use crate::domain::content::Body;
use crate::domain::fault::Fault;
use crate::network::kakao::Client;
use crate::network::kakao::refresh::{REFRESH_AHEAD, Tokens};
use crate::network::kakao::story::LinkCard;
use crate::network::kakao::token::AccessToken;
use crate::plan::{Job, Plan};
use crate::yaml::problem::{Code, Problem};

/// Posting needs the first; telling what became of a doubtful post needs the second.
const CONSENTS: [&str; 2] = ["story_publish", "story_read"];
/// Most links that are scraped in one go.
const LINKS_MAX: usize = 100;
/// How far ahead posts are held against the end of a login.
const AHEAD: std::time::Duration = std::time::Duration::from_secs(60 * 86_400);

/// What is asked, and with whose keys.
pub struct PreflightClient<'a> {
    /// Kakao.
    pub kakao: &'a Client,
    /// The accounts' tokens.
    pub tokens: &'a Tokens,
    /// The accounts' app keys.
    pub keys: &'a AppKeys,
    /// When.
    pub now: Timestamp,
}

impl PreflightClient<'_> {
    /// Every problem, warning and note, account by account.
    pub async fn ask(&self, plan: &Plan) -> Vec<Problem> {
        let mut by_account: BTreeMap<&str, Vec<&Job>> = BTreeMap::new();
        for job in plan.jobs.values() {
            by_account.entry(&job.account).or_default().push(job);
        }
        let mut found = Vec::new();
        let mut links = 0;
        for (account, mut jobs) in by_account {
            jobs.sort_by(|a, b| a.place.cmp(&b.place));
            let Some(token) = self.account(account, &jobs, &mut found).await else { continue };
            self.links(account, &token, &jobs, &mut links, &mut found).await;
        }
        found
    }

    /// The account's token, if it works.
    async fn account(&self, account: &str, jobs: &[&Job], found: &mut Vec<Problem>) -> Option<AccessToken> {
        let first = jobs.first()?;
        let mut tell = |code, message: String, help: String| {
            found.push(Problem::at_place(code, &first.place, message).help(help));
        };
        let token = match self.living(account).await {
            Ok(token) => token,
            Err(fault) => {
                tell(Code::NoToken, format!("the account `{account}` cannot post: {}", fault.reason), fault.remedy);
                return None;
            }
        };
        match self.kakao.is_story_user(&token).await {
            Ok(true) => {}
            Ok(false) => tell(
                Code::NoToken,
                format!("the account `{account}` has no Kakao Story"),
                "open Kakao Story once with this account, and agree to its terms".to_owned(),
            ),
            Err(fault) => {
                tell(Code::NoToken, format!("the account `{account}` cannot post: {}", fault.reason), fault.remedy)
            }
        }
        match self.kakao.scopes(&token, &CONSENTS).await {
            Ok(scopes) => {
                for (consent, code) in CONSENTS.into_iter().zip([Code::NoConsent, Code::NoReadConsent]) {
                    if !scopes.iter().any(|scope| scope.id == consent && scope.agreed) {
                        let help = format!("log the account in again, and agree to `{consent}` on Kakao's page");
                        tell(code, format!("the account `{account}` has not agreed to `{consent}`"), help);
                    }
                }
            }
            Err(fault) => tell(
                Code::NoToken,
                format!("the consents of `{account}` cannot be read: {}", fault.reason),
                fault.remedy,
            ),
        }
        self.end(account, &token, jobs, found).await;
        Some(token)
    }

    /// A token that Kakao accepts, renewed once if it must be.
    async fn living(&self, account: &str) -> Result<AccessToken, Fault> {
        let keys = self.keys.get(account);
        let token = self.tokens.fresh(self.kakao, account, keys, REFRESH_AHEAD, self.now).await?;
        match self.kakao.token_info(&token).await {
            Ok(_) => Ok(token),
            Err(fault) if fault.wants_refresh() => {
                let token = self.tokens.refresh_now(self.kakao, account, keys, &token, self.now).await?;
                self.kakao.token_info(&token).await.map(|_| token)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Warns of posts that are due when the login is over and nobody can renew it.
    async fn end(&self, account: &str, token: &AccessToken, jobs: &[&Job], found: &mut Vec<Problem>) {
        let Ok(set) = self.tokens.folder().load(account) else { return };
        let renews = set.refresh_token.is_some() && self.keys.get(account).is_some();
        let told = self.kakao.token_info(token).await.ok().and_then(|info| info.expires_in);
        let access_ends = told.map(|life| later(self.now, life)).or(set.access_expires_at);
        let ends = if renews { set.refresh_expires_at } else { access_ends };
        let Some(ends) = ends else { return };
        let until = later(self.now, AHEAD);
        let late = jobs
            .iter()
            .filter_map(|job| Some((job.occurrences(ends.max(self.now), until, 1).into_iter().next()?, job)));
        let Some((occurrence, job)) = late.min_by_key(|(occurrence, _)| occurrence.at) else { return };
        let shown = |at: Timestamp| at.to_zoned(job.time_zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string();
        let message =
            format!("the login of `{account}` ends {}, before this job posts on {}", shown(ends), shown(occurrence.at));
        let help = if set.refresh_token.is_none() {
            "hand in a refresh token too: `storyd account add-token` with --refresh-token-file"
        } else if self.keys.get(account).is_none() {
            "put the keys of its app into storyd.yaml, so that storyd can renew the login"
        } else {
            "log the account in again before, and hand its tokens in with `storyd account add-token`"
        };
        found.push(Problem::at_place(Code::TokenEnds, &job.place, message).help(help));
    }

    /// Has each link scraped once.
    async fn links(
        &self,
        account: &str,
        token: &AccessToken,
        jobs: &[&Job],
        count: &mut usize,
        found: &mut Vec<Problem>,
    ) {
        let mut seen = BTreeSet::new();
        for job in jobs {
            let Body::Link { url, .. } = &job.content.body else { continue };
            if !seen.insert(url) {
                continue;
            }
            *count += 1;
            if *count > LINKS_MAX {
                let message = format!("only the first {LINKS_MAX} links were scraped, and not this one");
                found.push(
                    Problem::at_place(Code::LinkUnscraped, &job.place, message).help("check the files one by one"),
                );
                return;
            }
            found.push(match self.kakao.link_info(token, url).await {
                Ok(artifact) => {
                    let message = format!("the card of {url} {}", LinkCard::read(&artifact).in_words());
                    Problem::at_place(Code::LinkCard, &job.place, message)
                }
                Err(fault) => {
                    let message = format!("{url} cannot be posted on `{account}` as things stand: {}", fault.reason);
                    Problem::at_place(Code::LinkUnscraped, &job.place, message).help(
                        "open the page in a browser without being logged in; it must be there before the post is due",
                    )
                }
            });
        }
    }
}
