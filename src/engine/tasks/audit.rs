//! Compares the recorded stories of an account with what Kakao shows: one page of the list, or a few stories that the list lacked,
//! at a time. Changes nothing at Kakao, and nothing in the record but what the audit itself writes down.
//!
//! A list that contradicts itself, shows another account's stories or leads in a circle is given up, with the reason: what it shows is no
//! difference. That a story is missing is believed only when Kakao, asked for it by itself, says that it does not exist.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::clock::{between, earlier, later};
use crate::domain::content::{AppParams, Body, Content, Permission, comparable};
use crate::domain::fault::{Fault, FaultClass, Remedy};
use crate::domain::post::PostState;
use crate::domain::retry::{AfterFailure, after_failure};
use crate::domain::told_as::ToldAs;
use crate::engine::context::Ctx;
use crate::engine::doubt::alike::told::Forms;
use crate::engine::doubt::listing::order::Order;
use crate::engine::doubt::listing::{PageFacts, circle, page};
use crate::engine::failure::block_account;
use crate::engine::report::{Result, TaskOutcome, TaskReport};
use crate::engine::with_token;
use crate::network::kakao::error::is_gone;
use crate::network::kakao::list::ListEntry;
use crate::network::kakao::story::{Audience, MediaType, Story};
use crate::store::Written;
use crate::store::queue::{self, AuditRun, AuditedStory, FindingKind, NewFinding, Recorded};
use crate::store::view::TaskKind;

/// Between two requests of an audit: nobody waits for it, and Kakao's patience is for the posts.
const STEP_GAP: Duration = Duration::from_secs(1);
/// What was published, or taken down, less than this before the audit began is not judged: the list may lag.
const TOO_FRESH: Duration = Duration::from_secs(600);
/// Most pages of one audit: about 18 stories a page.
const PAGES_MAX: u32 = 20_000;
/// An audit that has gone on for longer is not tried again when a step fails.
const TIME_MAX: Duration = Duration::from_secs(200_000);

/// Makes the next step of the account's audit, if one is due.
pub async fn run_once(ctx: &Ctx, account: &str) -> Result<TaskReport> {
    let Some(run) = ctx.store.audit_due(account, ctx.clock.now()).await? else {
        return Ok(TaskReport::idle(TaskKind::Audit, account));
    };
    let outcome = if run.listed { ask(ctx, run).await? } else { list(ctx, run).await? };
    Ok(TaskReport { deed: TaskKind::Audit, account: account.into(), post: None, outcome })
}

/// Reads the next page of the list.
async fn list(ctx: &Ctx, run: AuditRun) -> Result<TaskOutcome> {
    let account = run.account.clone();
    let mut order = Order::new(ctx.store.profile(&account).await?);
    let page = match page(ctx, &account, &mut order, run.last_id.as_deref()).await? {
        Ok(page) => page,
        Err(fault) => return set_back(ctx, run, fault).await,
    };
    ctx.store.unblock(&account).await?;
    let PageFacts { stories, unreadable, unreadable_owned, .. } = page.shown;
    if let Some(nameless) = unreadable.iter().find(|story| story.id.is_none()) {
        let why = format!("the list shows a story that cannot be read ({})", nameless.why);
        return set_back(ctx, run, Fault::transient("list", why)).await;
    }
    let mut entries: Vec<ListEntry> = stories.into_iter().map(|listed| ListEntry::Story(listed.story)).collect();
    entries.extend(unreadable_owned.into_iter().chain(unreadable).map(ListEntry::Unreadable));
    let ids: Vec<&str> = entries.iter().filter_map(ListEntry::id).collect();
    let before = ctx.store.seen_before(run.audit, &ids).await?;
    if !ids.is_empty() && before.len() == ids.len() {
        return set_back(ctx, run, circle()).await;
    }
    if let Some(flaw) = order.flaws().first() {
        let why = format!("the list {flaw}, so that it proves nothing");
        return set_back(ctx, run, Fault::transient("list", why)).await;
    }
    if page.last_id.is_some() && run.pages >= PAGES_MAX {
        let why = format!("the list of stories is longer than {PAGES_MAX} pages");
        return set_back(ctx, run, Fault::permanent("list", why, "")).await;
    }
    entries.retain(|entry| entry.id().is_some_and(|id| before.iter().all(|before| before != id)));
    let (seen, findings) = judge(ctx, &run, &entries).await?;
    let now = ctx.clock.now();
    let times = (later(now, STEP_GAP), now);
    let found = u32::try_from(findings.len()).unwrap_or(u32::MAX);
    match ctx.store.record_page(&run, &seen, &findings, page.last_id.as_deref(), times).await? {
        Written::Done => Ok(TaskOutcome::Audited { found, ended: false }),
        Written::Lost => Ok(TaskOutcome::Lost),
    }
}

/// Asks for the next recorded story that the list lacked.
async fn ask(ctx: &Ctx, run: AuditRun) -> Result<TaskOutcome> {
    let account = run.account.clone();
    let Some(recorded) = ctx.store.unlisted(&run, earlier(run.started_at, TOO_FRESH), 1).await?.pop() else {
        let written = ctx.store.end_audit(&run, None, ctx.clock.now()).await?;
        return Ok(match written {
            Written::Done => TaskOutcome::Audited { found: 0, ended: true },
            Written::Lost => TaskOutcome::Lost,
        });
    };
    let answer =
        with_token::repeatable(ctx, &account, async |token| ctx.kakao.story(&token, &recorded.story_id).await).await;
    let finding = match answer {
        Ok(story) => altered(&recorded, story.content.as_deref(), &story.audience, ctx.store.told_as(&account).await?),
        Err(fault) if is_gone(&fault) => Some(NewFinding {
            story_id: recorded.story_id.clone(),
            kind: FindingKind::Missing,
            post: Some(recorded.post),
            detail: "it is on record as up, and Kakao says that it does not exist".into(),
            shown: None,
        }),
        Err(fault) => return set_back(ctx, run, fault).await,
    };
    let now = ctx.clock.now();
    let found = u32::from(finding.is_some());
    match ctx.store.record_asked(&run, &recorded, finding.as_ref(), (later(now, STEP_GAP), now)).await? {
        Written::Done => Ok(TaskOutcome::Audited { found, ended: false }),
        Written::Lost => Ok(TaskOutcome::Lost),
    }
}

/// Holds a page against the record. At most one finding a story.
async fn judge(ctx: &Ctx, run: &AuditRun, entries: &[ListEntry]) -> Result<(Vec<AuditedStory>, Vec<NewFinding>)> {
    let ids: Vec<&str> = entries.iter().filter_map(ListEntry::id).collect();
    let recorded = ctx.store.recorded(&run.account, &ids).await?;
    let told_as = ctx.store.told_as(&run.account).await?;
    let fresh_from = earlier(run.started_at, TOO_FRESH);
    let (mut seen, mut findings) = (Vec::new(), Vec::new());
    for entry in entries {
        let Some(id) = entry.id() else { continue };
        let on_record = recorded.iter().find(|recorded| recorded.story_id == id);
        let (finding, comments, moods) = match (entry, on_record) {
            (ListEntry::Story(story), on_record) => {
                let finding = match on_record {
                    Some(recorded) => match recorded.deleted_at {
                        Some(deleted_at) => still_up(recorded, id, deleted_at, fresh_from),
                        None => altered(recorded, story.content.as_deref(), &story.audience, told_as),
                    },
                    // A post that is being published, or was a moment ago, is not on record yet.
                    None if story.created_at >= fresh_from => None,
                    None => Some(stranger(ctx, &run.account, story).await?),
                };
                (finding, story.comment_count, story.like_count)
            }
            (ListEntry::Unreadable(story), on_record) => {
                let finding = match on_record {
                    Some(Recorded { deleted_at: Some(deleted_at), .. }) => {
                        on_record.and_then(|recorded| still_up(recorded, id, *deleted_at, fresh_from))
                    }
                    None if story.created_at.is_some_and(|at| at >= fresh_from) => None,
                    _ => match (on_record, &story.content) {
                        (Some(recorded), Some(says)) => altered(recorded, Some(says), &Audience::Unsaid, told_as),
                        _ => Some(unread(on_record, id, &story.why)),
                    },
                };
                (finding, story.comment_count, story.like_count)
            }
        };
        let as_recorded = finding.is_none() && on_record.is_some();
        seen.push(AuditedStory { story_id: id.to_owned(), comments, moods, as_recorded });
        findings.extend(finding);
    }
    Ok((seen, findings))
}

/// A story that stands, and of which nobody knows what it says.
fn unread(recorded: Option<&Recorded>, id: &str, why: &str) -> NewFinding {
    let (kind, detail) = match recorded {
        Some(_) => (FindingKind::Altered, format!("what it says cannot be read: {why}")),
        None => (FindingKind::Unknown, format!("it is not on record, and cannot be read: {why}")),
    };
    let post = recorded.map(|recorded| recorded.post);
    NewFinding { story_id: id.to_owned(), kind, post, detail: detail.replace('\n', " "), shown: None }
}

fn still_up(recorded: &Recorded, id: &str, deleted_at: Timestamp, fresh_from: Timestamp) -> Option<NewFinding> {
    (deleted_at < fresh_from).then(|| NewFinding {
        story_id: id.to_owned(),
        kind: FindingKind::StillUp,
        post: Some(recorded.post),
        detail: "it is on record as deleted, and Kakao lists it".into(),
        shown: None,
    })
}

/// What the story shows otherwise than recorded. A text in the one form in which all stories of the account come back is as recorded.
fn altered(
    recorded: &Recorded,
    says: Option<&str>,
    audience: &Audience,
    told_as: Option<ToldAs>,
) -> Option<NewFinding> {
    let (said, says) = (recorded.content.text().unwrap_or_default(), says.unwrap_or_default());
    let mut differs = Vec::new();
    let as_all_are = || told_as.is_some_and(|told_as| Forms::of(said).told_in(says).contains(&told_as));
    if comparable(said) != comparable(says) && !as_all_are() {
        differs.push("its text is another one".to_owned());
    }
    if let Audience::Known(audience) = audience
        && *audience != recorded.content.permission
    {
        differs.push(format!("its audience is {}, not {}", audience.as_str(), recorded.content.permission.as_str()));
    }
    (!differs.is_empty()).then(|| NewFinding {
        story_id: recorded.story_id.clone(),
        kind: FindingKind::Altered,
        post: Some(recorded.post),
        detail: differs.join("; "),
        shown: None,
    })
}

/// A story that is not on record: that of a post which was sent and is not recorded as published, or nobody's.
async fn stranger(ctx: &Ctx, account: &str, story: &Story) -> Result<NewFinding> {
    let content = content_of(story);
    let text = content.text().unwrap_or_default();
    let owners = ctx.store.may_own(account, text).await?;
    let owner = owners.iter().find(|(_, _, owner)| owner.kind() == content.kind());
    let says: String = text.chars().take(40).collect();
    let (kind, post, detail) = match owner {
        Some((post, PostState::InDoubt, _)) => {
            (FindingKind::Doubtful, Some(*post), format!("it may be that of post {post}, which is in doubt: {says}"))
        }
        Some((post, state, _)) => {
            (FindingKind::Doubtful, Some(*post), format!("it may be that of post {post}, which is {state}: {says}"))
        }
        None => (FindingKind::Unknown, None, format!("it is not on record: {says}")),
    };
    let shown = Some(queue::ShownStory { created_at: story.created_at, content });
    Ok(NewFinding { story_id: story.id.clone(), kind, post, detail: detail.replace('\n', " "), shown })
}

/// What a listed story says, as far as the list tells: not which images, and not where a link leads.
fn content_of(story: &Story) -> Content {
    let text = story.content.clone().filter(|text| !text.is_empty());
    let body = match story.media_type {
        MediaType::Photo => Body::Photo { images: Vec::new(), text },
        MediaType::NotSupported => Body::Link { url: story.url.clone().unwrap_or_default(), text },
        MediaType::Note | MediaType::Other(_) => Body::Note { text: text.unwrap_or_default() },
    };
    let permission = match &story.audience {
        Audience::Known(permission) => *permission,
        Audience::Unsaid => Permission::Public,
        Audience::Other(_) => Permission::Private,
    };
    Content { body, permission, enable_share: None, app: AppParams::default() }
}

/// What a person can do about an audit that Kakao refuses.
const OWN_REMEDY: &str = "No post is at fault: an audit only asks for lists and stories. Order it again; report this if it is refused again.";

/// A step failed: made again, or the audit is given up and says why. The posts of an account that may not be listed go on.
async fn set_back(ctx: &Ctx, run: AuditRun, fault: Fault) -> Result<TaskOutcome> {
    let now = ctx.clock.now();
    let give_up = async |mut fault: Fault| {
        if fault.class == FaultClass::Permanent {
            // What Kakao's code would advise is about what a post says.
            fault.remedy = OWN_REMEDY.into();
        }
        let written = ctx.store.end_audit(&run, Some(&fault.to_string()), now).await?;
        Ok(crate::engine::failure::unless_lost(written, TaskOutcome::Failed { fault }))
    };
    if let FaultClass::Blocked(block) = &fault.class {
        if matches!(block.cure, Remedy::Consent(_)) {
            return give_up(fault).await;
        }
        block_account(ctx, &run.account, block, &fault).await?;
        let _ = ctx.store.retry_audit(&run, later(now, STEP_GAP)).await?;
        return Ok(TaskOutcome::Blocked { fault });
    }
    let too_long = between(run.started_at, now) > TIME_MAX;
    match after_failure(&ctx.rules.retry, run.failures.saturating_add(1), run.audit, &fault) {
        AfterFailure::Retry(wait) if !too_long => {
            let at = later(now, wait);
            let written = ctx.store.retry_audit(&run, at).await?;
            Ok(crate::engine::failure::unless_lost(written, TaskOutcome::Retry { at, fault }))
        }
        _ => give_up(fault).await,
    }
}
