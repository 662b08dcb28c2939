//! After a backup was put in place: finds out from Kakao's list what the account posted since the backup was made, before anything
//! of it goes out again.
//!
//! The same rules as for a doubt: what the list lacks counts only after the quarantine, by this machine's clock and by Kakao's, from
//! two complete listings that reach back before the backup. The quarantine begins with a first look, and begins anew when a clock is
//! set meanwhile. A list that contradicts itself, or lacks what the backup has on record, proves nothing.

use std::ops::ControlFlow;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::domain::clock::{ServerTimeSample, between, earlier, later};
use crate::domain::content::comparable;
use crate::domain::fault::{Fault, FaultClass, Remedy};
use crate::domain::post::PostState;
use crate::engine::context::Ctx;
use crate::engine::doubt::absence::{AbsenceStep, SECOND_LISTING, step};
use crate::engine::doubt::evidence::BELOW;
use crate::engine::doubt::listing::whose::AbsenceTrust;
use crate::engine::doubt::listing::{Bounds, ListEnd, Listed, lacking, read};
use crate::engine::doubt::matching::{Sending, Window, says};
use crate::engine::failure::{block_account, unless_lost};
use crate::engine::report::{Result, TaskOutcome, TaskReport};
use crate::network::kakao::list::Unreadable;
use crate::network::kakao::story::{Audience, MediaType, Story};
use crate::store::queue::{Adoption, Assigned, PostCandidate, Proof, RestoreDue, UnpublishedTexts};
use crate::store::view::TaskKind;

/// How much of a list one look reads: about 18 stories a page. A backup that lacks more is for a person.
const BOUNDS: Bounds = Bounds { pages: 5_000, stories: 90_000, until_flaw: true };
/// Most stories that say what a waiting post says, and are kept. With more than these a person decides.
const KEPT_MAX: usize = 5_000;
/// So many stories are named in a reason.
const NAMED_MAX: usize = 5;
/// After a listing that failed, or told nothing.
const AGAIN: Duration = Duration::from_secs(30);
/// Between two looks, at least.
const LOOK_MIN: Duration = Duration::from_secs(2);

/// Reads the account's list, if it has to be consulted.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<TaskReport> {
    let started_at = ctx.clock.now();
    let Some(due) = ctx.store.restore_due(account, started_at).await? else {
        return Ok(TaskReport::idle(TaskKind::Restore, account));
    };
    let outcome = match list(ctx, account, &due).await? {
        Ok(None) => return Ok(TaskReport::idle(TaskKind::Restore, account)),
        Ok(Some(free)) => {
            ctx.store.unblock(account).await?;
            consulted(ctx, account, due, free).await?
        }
        Err(fault) => not_listed(ctx, account, due, fault).await?,
    };
    Ok(TaskReport { deed: TaskKind::Restore, account: account.into(), post: None, outcome })
}

/// What a list shows that nobody owns. Of the listing with which the quarantine begins nothing is wanted but its date.
#[derive(Debug, Default)]
struct Free {
    /// When the list's first page came, by both clocks; `None`: it carried no date.
    heard: Option<ServerTimeSample>,
    /// Stories that say what a post says, without what is not compared.
    alike: Vec<Story>,
    /// There are more of these than are kept.
    is_cut: bool,
    /// How many other stories were posted after the backup was made, and some of them.
    others: usize,
    named: Vec<String>,
}

impl Free {
    fn take(&mut self, story: Story, said: &UnpublishedTexts, since: Timestamp) {
        if !said.has(story.content.as_deref().unwrap_or_default()) {
            if story.created_at >= since {
                self.take_other(|| story.id);
            }
            return;
        }
        self.is_cut |= self.alike.len() >= KEPT_MAX;
        if !self.is_cut {
            self.alike.push(compared(story));
        }
    }

    /// One that cannot be read says what no post says, as far as anybody knows. Without a time it may be new.
    fn take_unreadable(&mut self, story: Unreadable, since: Timestamp) {
        if story.created_at.is_none_or(|at| at >= since) {
            self.take_other(|| story.id.map_or("one without an ID".into(), |id| format!("{id}, which cannot be read")));
        }
    }

    fn take_other(&mut self, name: impl FnOnce() -> String) {
        self.others += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(name());
        }
    }
}

/// The story, without what is not compared.
fn compared(story: Story) -> Story {
    let media_type = match story.media_type {
        MediaType::Other(_) => MediaType::Other(String::new()),
        known => known,
    };
    Story {
        id: story.id,
        url: None,
        media_type,
        created_at: story.created_at,
        content: story.content.map(|text| comparable(&text)),
        audience: Audience::Unsaid,
        images: story.images,
        comment_count: 0,
        like_count: 0,
    }
}

/// Reads the list: back to before the backup, and as far as a wrong time could have put a story of after it, once the quarantine has
/// begun. `None`: the daemon stops.
async fn list(ctx: &Ctx, account: &str, due: &RestoreDue) -> Result<std::result::Result<Option<Free>, Fault>> {
    let begins = due.proof.quarantine.is_none();
    let said = if begins { UnpublishedTexts::default() } else { ctx.store.waiting_texts(account).await? };
    let home = ctx.store.profile(account).await?;
    let mut free = Free::default();
    let taken = read(ctx, account, home, BOUNDS, |heard, page| {
        if begins {
            return ControlFlow::Break(());
        }
        let since = since_backup(due, heard);
        // Without a date heard before the backup nobody knows what its instant is on Kakao's clock: the list is read to its end.
        let limit = if due.backup_skew.is_some() { earlier(since, BELOW) } else { Timestamp::MIN };
        let is_end = page.newest.is_some_and(|newest| newest < limit);
        for Listed { story, .. } in page.stories.into_iter().filter(|listed| listed.owner.is_none()) {
            free.take(story, &said, since);
        }
        for story in page.unreadable {
            free.take_unreadable(story, since);
        }
        if is_end || free.is_cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let mut listing = match taken.await? {
        Ok(listing) => listing,
        Err(fault) => return Ok(Err(fault)),
    };
    free.heard = listing.heard;
    match &listing.end {
        ListEnd::Stopped => return Ok(Ok(None)),
        ListEnd::Short(fault) => {
            return Ok(Err(Fault::permanent("list", format!("{}, since the backup", fault.reason), "")));
        }
        ListEnd::Whole | ListEnd::Enough if begins => return Ok(Ok(Some(free))),
        ListEnd::Whole | ListEnd::Enough => {}
    }
    if free.is_cut {
        let why =
            format!("more than {KEPT_MAX} stories of the list say what posts say that are not on record as published");
        return Ok(Err(Fault::permanent("list", why, "")));
    }
    if let Err(fault) = lacking(ctx, account, None, &mut listing, AbsenceTrust::OfADoubt).await? {
        return Ok(Err(fault));
    }
    Ok(match listing.order.flaws().first() {
        Some(flaw) => Err(Fault::transient("list", format!("the list {flaw}, so that it proves nothing"))),
        None => Ok(Some(free)),
    })
}

/// When the backup was made, by Kakao's clock.
fn since_backup(due: &RestoreDue, heard: Option<ServerTimeSample>) -> Timestamp {
    let backup =
        Sending { intent_at: due.backup_at, skew_then: due.backup_skew, heard_before: None, until: Duration::ZERO };
    let skews: Vec<SignedDuration> = heard.map(|heard| heard.skew()).into_iter().collect();
    Window::of(&backup, &skews, (SignedDuration::ZERO, SignedDuration::ZERO)).from
}

async fn consulted(ctx: &Ctx, account: &str, due: RestoreDue, free: Free) -> Result<TaskOutcome> {
    let now = ctx.clock.now();
    let quarantine = ctx.rules.quarantine;
    let is_old = between(due.restored_at, now) >= patience(ctx);
    match step(due.proof, free.heard, quarantine) {
        AbsenceStep::Undated if is_old => give_up(ctx, account, due, "its answers carry no date").await,
        AbsenceStep::Undated => {
            let why = "Kakao's answer carried no date, so that nobody knows how long it has been";
            again(ctx, account, Proof::default(), AGAIN, why).await
        }
        AbsenceStep::Odd(_) if is_old => {
            give_up(ctx, account, due, "this machine's clock and Kakao's do not agree on how long it has been").await
        }
        AbsenceStep::Odd(proof) => {
            let why = "the date of this list does not fit those before it, so that it does not count";
            again(ctx, account, proof, SECOND_LISTING, why).await
        }
        AbsenceStep::Anew(_) if is_old && due.proof.quarantine.is_some() => {
            give_up(ctx, account, due, "this machine's clock and Kakao's do not agree on how long it has been").await
        }
        AbsenceStep::Anew(proof) => {
            let why = match due.proof.quarantine {
                None => "the quarantine after the restore begins",
                Some(_) => "a clock was set, so that the quarantine after the restore begins anew",
            };
            again(ctx, account, proof, quarantine, why).await
        }
        AbsenceStep::Early(left) => {
            let proof = Proof { absences: 0, odd: None, ..due.proof };
            again(ctx, account, proof, left.max(LOOK_MIN), "the quarantine after the restore is not over").await
        }
        AbsenceStep::Counts(proof) => {
            let why = "the list was read once since the backup was restored; it is read once more";
            again(ctx, account, proof, SECOND_LISTING, why).await
        }
        AbsenceStep::Proved => settle(ctx, account, due, free).await,
    }
}

/// How long after the restore a list that tells nothing is left to a person.
fn patience(ctx: &Ctx) -> Duration {
    ctx.rules.doubt_limit.max(ctx.rules.quarantine * 2)
}

async fn again(ctx: &Ctx, account: &str, proof: Proof, wait: Duration, why: &str) -> Result<TaskOutcome> {
    let at = later(ctx.clock.now(), wait);
    let written = ctx.store.restore_again(account, proof, at).await?;
    Ok(unless_lost(written, TaskOutcome::LookAgain { at, why: why.into() }))
}

/// Two complete listings: their stories go to their posts, everything else goes on.
async fn settle(ctx: &Ctx, account: &str, due: RestoreDue, free: Free) -> Result<TaskOutcome> {
    let texts: Vec<&str> = free.alike.iter().map(|story| story.content.as_deref().unwrap_or_default()).collect();
    let candidates = ctx.store.restore_candidates(account, &texts).await?;
    let since = since_backup(&due, free.heard);
    let assigned = assign(&free, candidates, due, since);
    match ctx.store.settle_restore(account, due, &assigned, ctx.clock.now()).await? {
        Some(held) => Ok(TaskOutcome::Restored {
            found: assigned.adoptions.len(),
            held: usize::try_from(held).unwrap_or(usize::MAX),
        }),
        None => again(ctx, account, due.proof, SECOND_LISTING, "a post was moved while its list was read").await,
    }
}

/// Which post each story belongs to. A story takes, of the posts that say the same and were due before it, the latest of those that
/// would go out by themselves, or else of the others. One that only fits a post of a time to come, or that seems older than the backup
/// (`since`) and says what a post says that was due by the restore, leaves that post to a person; and since one that is nobody's, and was
/// posted after the backup was made, may be any post under another text, every post that was due by the restore is then left to a person.
fn assign(free: &Free, candidates: Vec<PostCandidate>, due: RestoreDue, since: Timestamp) -> Assigned {
    let mut oldest_first: Vec<&Story> = free.alike.iter().collect();
    oldest_first.sort_by(|a, b| a.created_at.cmp(&b.created_at).then_with(|| a.id.cmp(&b.id)));
    let (mut left, mut assigned, mut strays) = (candidates, Assigned::default(), Vec::new());
    // Without a date heard before the backup no story is known to be older.
    let is_new = |story: &Story| due.backup_skew.is_none() || story.created_at >= since;
    for story in oldest_first {
        // Kakao shows whole seconds, on a clock of its own.
        let by = later(story.created_at, Duration::from_secs(5));
        let fits =
            |candidate: &PostCandidate| is_new(story) && candidate.occurs_at <= by && says(&candidate.content, story);
        let fitting = left.iter().enumerate().filter(|(_, candidate)| fits(candidate));
        match fitting.max_by_key(|(index, candidate)| (nearness(candidate.state), *index)).map(|(index, _)| index) {
            Some(index) => {
                let candidate = left.remove(index);
                assigned.adoptions.push(Adoption {
                    post: candidate.post,
                    story_id: story.id.clone(),
                    created_at: story.created_at,
                });
            }
            None => strays.push(story),
        }
    }
    for story in &strays {
        let may_be = |candidate: &PostCandidate| {
            (is_new(story) || candidate.occurs_at <= due.restored_at) && says(&candidate.content, story)
        };
        if let Some(index) = left.iter().position(may_be) {
            let candidate = left.remove(index);
            assigned.holds.push((candidate.post, may_be_it(story, due, is_new(story))));
        }
    }
    let new = strays.iter().filter(|story| story.created_at >= since).map(|story| story.id.as_str());
    let named: Vec<&str> = new.chain(free.named.iter().map(String::as_str)).collect();
    let unnamed = free.others - free.named.len();
    assigned.hold_due = (!named.is_empty()).then(|| unexplained(&named, unnamed, due));
    assigned
}

/// Why a post waits for a person beside a story that says what it says.
fn may_be_it(story: &Story, due: RestoreDue, is_new: bool) -> String {
    let (id, backup_at) = (&story.id, due.backup_at);
    let when = if is_new { "was posted" } else { "is nobody's, and seems older: it may have been posted" };
    format!(
        "a story with this text ({id}) {when} after the backup of {backup_at} was made; look whether it is this one, then release or cancel it"
    )
}

/// How near a post is to going out: the nearest has the first claim on a story, since it would go out a second time.
fn nearness(state: PostState) -> u8 {
    match state {
        PostState::Scheduled => 2,
        PostState::Held => 1,
        _ => 0,
    }
}

/// Why posts that were due wait for a person, beside stories that no post explains.
fn unexplained(strays: &[&str], unnamed: usize, due: RestoreDue) -> String {
    let named = strays.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    let more = strays.len().saturating_sub(NAMED_MAX) + unnamed;
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!(
        "it was due by the restore, and stories that say what no post says ({named}{more}) were posted after the backup of {} was made; \
         look whether one of them is this one with another text, then release or cancel it",
        due.backup_at
    )
}

/// The list could not be read. Without the consent to read nothing can be proved: what may have gone out is left to a person.
async fn not_listed(ctx: &Ctx, account: &str, due: RestoreDue, fault: Fault) -> Result<TaskOutcome> {
    let hopeless = matches!(&fault.class, FaultClass::Permanent)
        || matches!(&fault.class, FaultClass::Blocked(block) if matches!(block.cure, Remedy::Consent(_)));
    if hopeless || between(due.restored_at, ctx.clock.now()) >= patience(ctx) {
        return give_up(ctx, account, due, &fault.reason).await;
    }
    if let FaultClass::Blocked(block) = &fault.class {
        block_account(ctx, account, block, &fault).await?;
    }
    let proof = Proof { absences: 0, odd: None, ..due.proof };
    again(ctx, account, proof, AGAIN, &format!("the list could not be read: {fault}")).await
}

async fn give_up(ctx: &Ctx, account: &str, due: RestoreDue, why: &str) -> Result<TaskOutcome> {
    let held = ctx.store.give_up_restore(account, due, why, ctx.clock.now()).await?;
    Ok(TaskOutcome::Restored { found: 0, held: usize::try_from(held).unwrap_or(usize::MAX) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(number: i64, text: &str) -> Story {
        Story {
            id: format!("_a.{number}"),
            url: Some("x".repeat(10_000)),
            media_type: MediaType::Other("y".repeat(10_000)),
            created_at: Timestamp::from_second(1_796_000_000 + number).expect("in range"),
            content: Some(text.into()),
            audience: Audience::Other("z".repeat(10_000)),
            images: 10_000,
            comment_count: 0,
            like_count: 0,
        }
    }

    #[test]
    fn of_a_list_of_any_size_no_more_is_kept_than_can_match() {
        let said = UnpublishedTexts::from_iter(["우리 글"]);
        let since = Timestamp::from_second(1_796_000_000).expect("in range");
        let mut free = Free::default();
        for number in 0..300 {
            free.take(story(number, &"다른 글 ".repeat(1_000)), &said, since);
            free.take(story(-number - 1, "더 오래된 글"), &said, since);
        }
        assert_eq!((free.alike.len(), free.others, free.named.len()), (0, 300, NAMED_MAX));
        for number in 0..=KEPT_MAX as i64 {
            assert!(!free.is_cut, "{number}");
            free.take(story(number, "우리 글"), &said, since);
        }
        assert!(free.is_cut && free.alike.len() == KEPT_MAX);
        let unreadable = |id: Option<&str>, created_at| Unreadable {
            id: id.map(str::to_owned),
            created_at,
            content: None,
            comment_count: 0,
            like_count: 0,
            why: "x".into(),
        };
        let mut other = Free::default();
        other.take_unreadable(unreadable(Some("_a.1"), Some(since)), since);
        other.take_unreadable(unreadable(Some("_a.2"), None), since);
        other.take_unreadable(unreadable(None, None), since);
        other.take_unreadable(unreadable(None, Some(Timestamp::UNIX_EPOCH)), since);
        let named = ["_a.1, which cannot be read", "_a.2, which cannot be read", "one without an ID"];
        assert_eq!((other.others, other.named.as_slice()), (3, named.map(str::to_owned).as_slice()));
        let kept = &free.alike[0];
        let word = if let MediaType::Other(word) = &kept.media_type { word.len() } else { 1 };
        assert_eq!((kept.url.is_none(), word), (true, 0));
    }
}
