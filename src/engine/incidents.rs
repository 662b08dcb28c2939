//! Finds out what is wrong, and since when, and writes what people are to be told into the outbox. One path for every bad state.
//!
//! Derives from what is committed: from the events of posts, and from how accounts, stories and the machine stand now. So it can run
//! late or twice, and a crash between a fact and its notice loses nothing. One notice tells of all that began, or ended, of one kind
//! since the last one: for an account at once when nothing was told lately, else together after a while.

pub(crate) mod conditions;
mod item;
pub(super) mod last_look;
pub mod outlook;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use self::conditions::{clock_in_doubt, conditions};
use self::item::{describe, item, publication, tell_cases};
use super::context::Ctx;
use super::report::Result;
use super::rules::Telling;
use crate::domain::clock::{earlier, later};
use crate::domain::notice::{Notice, Phase, Trouble};
use crate::domain::telling::instant;
use crate::store::queue::{Findings, IncidentEnd, NewIncident};
use crate::store::view::{IncidentRow, PostNews, Tally};

/// Between two notices of one kind for one account: whatever happens in between is told together.
const GATHER: Duration = Duration::from_secs(600);
/// How long a missed post counts as an open trouble, and one that waits for a person.
const MISSED_AGE: Duration = Duration::from_secs(86_400);
const WAITING_AGE: Duration = Duration::from_secs(7 * 86_400);
/// So many events without anything to tell are passed over without a note of it.
const EVENTS_LAZY: i64 = 200;
/// Looks in one run: each takes in a few hundred events.
const LOOKS_MAX: usize = 20;

/// Looks at everything once, and tells what is to be told.
pub async fn run_once(ctx: &Ctx) -> Result<()> {
    for _ in 0..LOOKS_MAX {
        if !look(ctx).await? {
            break;
        }
    }
    let withheld = tell(ctx, |_| true).await?;
    let digest = digest(ctx).await?;
    let next = [withheld, digest].into_iter().flatten().min();
    if next != ctx.store.told().await?.next_at {
        ctx.store.set_next_telling(next).await?;
    }
    Ok(())
}

/// While the clock is in doubt people are told of that, and of nothing else: whatever is derived from the time would be wrong.
pub async fn in_doubt(ctx: &Ctx) -> Result<()> {
    let Some(doubt) = clock_in_doubt(ctx) else { return Ok(()) };
    let mut findings = Findings::default();
    let open = ctx.store.standing_incidents().await?;
    let open: Vec<IncidentRow> = open.into_iter().filter(|row| row.trouble == Trouble::ClockDoubt).collect();
    of_conditions(&open, vec![doubt], &mut findings);
    if findings != Findings::default() {
        ctx.store.record_findings(&findings, &ctx.sinks.names(), ctx.clock.now()).await?;
    }
    tell(ctx, |trouble| trouble == Trouble::ClockDoubt).await.map(drop)
}

/// The daemon has started after a life that did not end cleanly.
pub(super) async fn restarted(ctx: &Ctx, since: Timestamp) -> Result<()> {
    let now = ctx.clock.now();
    let telling = &ctx.rules.telling;
    let began = NewIncident {
        trouble: Trouble::Restarted,
        subject: "storyd".into(),
        post: None,
        job: None,
        account: None,
        reason: format!(
            "the run that began on {} ended without a stop: a crash, a kill or a power cut. What was under way is settled from \
             Kakao's own list; nothing is sent twice",
            instant(since, &telling.zone)
        ),
        command: "journalctl -u storyd -b".into(),
        began_at: now,
    };
    let findings = Findings { began: vec![began], ..Findings::default() };
    ctx.store.record_findings(&findings, &ctx.sinks.names(), now).await
}

/// One look. Whether there is more to see.
async fn look(ctx: &Ctx) -> Result<bool> {
    let told = ctx.store.told().await?;
    let (news, upto) = ctx.store.post_news(told.events_seen, told.last_event).await?;
    let posts: Vec<i64> = news.iter().map(|event| event.post).collect();
    let (open, now) = (ctx.store.open_incidents_of(&posts).await?, ctx.clock.now());
    let mut findings = of_posts(&open, &news, &ctx.rules.telling, now);
    // A missed post is over unless a person wants it back; the others wait for a person.
    let left = ctx.store.incidents_left_alone(earlier(now, MISSED_AGE), earlier(now, WAITING_AGE)).await?;
    of_age(&left, &mut findings);
    if upto == told.last_event {
        of_conditions(&ctx.store.standing_incidents().await?, conditions(ctx).await?, &mut findings);
    }
    findings.events_seen = upto;
    let nothing = findings.began.is_empty()
        && findings.ended.is_empty()
        && findings.changed.is_empty()
        && findings.news.is_empty();
    if !nothing || !news.is_empty() || upto - told.events_seen >= EVENTS_LAZY {
        ctx.store.record_findings(&findings, &ctx.sinks.names(), ctx.clock.now()).await?;
    }
    Ok(upto < told.last_event || !left.is_empty())
}

/// What the events of posts begin and end. Pure.
fn of_posts(open: &[IncidentRow], news: &[PostNews], telling: &Telling, now: Timestamp) -> Findings {
    let mut findings = Findings::default();
    let mut open: BTreeMap<i64, Vec<i64>> = open
        .iter()
        .filter(|incident| incident.trouble.is_of_post())
        .filter_map(|incident| Some((incident.post?, incident.incident)))
        .fold(BTreeMap::new(), |mut posts, (post, incident)| {
            posts.entry(post).or_insert_with(Vec::new).push(incident);
            posts
        });
    let mut published = Vec::new();
    for event in news {
        if let Some(trouble) = trouble_of(event) {
            end_all(&mut open, event, "another trouble took its place", false, &mut findings);
            findings.began.push(began(event, trouble, telling));
            continue;
        }
        match event.event.as_str() {
            "publish" | "adopt" => {
                let story = event.story_id.clone().unwrap_or_default();
                end_all(&mut open, event, &format!("published as story {story}"), true, &mut findings);
                if telling.published && event.event == "publish" {
                    published.push(publication(event, telling));
                }
            }
            "delete" => end_all(&mut open, event, "its story was taken down", true, &mut findings),
            "cancel" => {
                let why = if event.reason.is_empty() { String::new() } else { format!(": {}", event.reason) };
                end_all(&mut open, event, &format!("cancelled by {}{why}", who(&event.actor)), true, &mut findings);
            }
            // Whatever was told of it is dealt with: it waits for its time like any other. Should that go wrong, that is another trouble.
            "release" => {
                end_all(&mut open, event, &format!("{} let it go ahead", who(&event.actor)), true, &mut findings);
            }
            "repost" => {
                end_all(&mut open, event, "it is not at Kakao, and waits to be posted again", true, &mut findings)
            }
            _ => {}
        }
    }
    if !published.is_empty() {
        let title = if published.len() == 1 {
            "1 story published".into()
        } else {
            format!("{} stories published", published.len())
        };
        findings.news.push(Notice::new(Phase::Published, None, title, published, now));
    }
    findings
}

/// Who did it, in words: the program's own names are none for a person.
fn who(actor: &str) -> &str {
    match actor {
        "plan" => "the job files",
        "clock" => "the right clock",
        "reconcile" | "daemon" => "storyd",
        person => person,
    }
}

/// Ends what nobody has done anything about for long: a person knows of it, and has let it be. Pure.
fn of_age(left: &[IncidentRow], findings: &mut Findings) {
    for incident in left {
        if !findings.ended.iter().any(|end| end.incident == incident.incident) {
            let outcome = "left as it is".to_owned();
            findings.ended.push(IncidentEnd { incident: incident.incident, outcome, told: false });
        }
    }
}

/// The trouble that an event of a post is, if it is one.
fn trouble_of(event: &PostNews) -> Option<Trouble> {
    match event.event.as_str() {
        "fail" => Some(Trouble::Failed),
        "miss" => Some(Trouble::Missed),
        // Told of all posts of the account at once.
        "hold" if event.lost => None,
        "hold" => Some(Trouble::Held),
        "park" => Some(Trouble::InDoubt),
        _ => None,
    }
}

/// Ends the incidents of a post: those that were open, and those that began earlier in the same look.
fn end_all(open: &mut BTreeMap<i64, Vec<i64>>, event: &PostNews, outcome: &str, told: bool, findings: &mut Findings) {
    for incident in open.remove(&event.post).unwrap_or_default() {
        findings.ended.push(IncidentEnd { incident, outcome: outcome.to_owned(), told });
    }
    // Begun and over within one look: nobody needs to hear of either.
    findings.began.retain(|new| new.post != Some(event.post));
}

fn began(event: &PostNews, trouble: Trouble, telling: &Telling) -> NewIncident {
    let post = event.post;
    let command = match trouble {
        Trouble::Failed => telling.command(&format!("admin retry {post}")),
        Trouble::InDoubt => telling.command(&format!("admin show {post}")),
        _ => telling.command(&format!("admin release {post}")),
    };
    NewIncident {
        trouble,
        subject: format!("post {post}"),
        post: Some(post),
        job: Some(event.job.clone()),
        account: Some(event.account.clone()),
        reason: event.reason.clone(),
        command,
        began_at: event.at,
    }
}

/// Begins what is found and not open, ends what is open and not found. Pure.
fn of_conditions(open: &[IncidentRow], found: Vec<NewIncident>, findings: &mut Findings) {
    let standing = |trouble: Trouble| !trouble.is_of_post() && !trouble.is_news();
    let key = |trouble: Trouble, subject: &str| (trouble, subject.to_owned());
    let keys: BTreeSet<_> = found.iter().map(|new| key(new.trouble, &new.subject)).collect();
    for incident in open.iter().filter(|incident| standing(incident.trouble)) {
        if !keys.contains(&key(incident.trouble, &incident.subject)) {
            let outcome = over(incident.trouble).to_owned();
            findings.ended.push(IncidentEnd { incident: incident.incident, outcome, told: true });
        }
    }
    for new in found {
        match open.iter().find(|old| old.trouble == new.trouble && old.subject == new.subject) {
            None => findings.began.push(new),
            // What is told of a beginning stays as it was told; until then the latest words count.
            Some(old) if old.reason != new.reason || old.command != new.command => {
                findings.changed.push((old.incident, new.reason, new.command));
            }
            Some(_) => {}
        }
    }
}

fn over(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Blocked => "Kakao serves it again; what waits goes out as its late policy says",
        Trouble::NotDeleted => "the story is gone, or stays on order",
        Trouble::Differences => "each difference was seen to",
        Trouble::NotAudited => "an audit since then went through to its end",
        Trouble::Withdrawal => "the job files name the posts again, or somebody accepted that they are withdrawn",
        Trouble::BrokenFile => "the plan that they make is in force",
        Trouble::ClockOff => "it agrees with Kakao's",
        Trouble::ClockDoubt => "what is known of the time agrees with it",
        Trouble::NoText => "every text to come can be made",
        Trouble::DiskLow => "there is room to write",
        Trouble::Preflight => "nothing stands in the way any more",
        Trouble::Refused => "it was written down since, or storyd was started anew",
        Trouble::Failed | Trouble::Missed | Trouble::Held | Trouble::InDoubt | Trouble::Restarted => "over",
    }
}

/// Writes what is untold and not held back into the outbox. When what is held back may be told.
async fn tell(ctx: &Ctx, which: impl Fn(Trouble) -> bool) -> Result<Option<Timestamp>> {
    let mut untold = ctx.store.untold_incidents().await?;
    untold.retain(|incident| which(incident.trouble));
    let now = ctx.clock.now();
    let (mut notices, mut begun, mut ended, mut next) = (Vec::new(), Vec::new(), Vec::new(), None::<Timestamp>);
    for phase in [Phase::Began, Phase::Ended] {
        let of_phase = untold.iter().filter(|incident| (phase == Phase::Began) == incident.told_at.is_none());
        let mut groups: BTreeMap<Trouble, BTreeMap<Option<&str>, Vec<&IncidentRow>>> = BTreeMap::new();
        for incident in of_phase {
            let accounts = groups.entry(incident.trouble).or_default();
            accounts.entry(incident.account.as_deref()).or_default().push(incident);
        }
        for (trouble, accounts) in groups {
            let mut items = Vec::new();
            for (account, incidents) in accounts {
                let (began_at, ended_at) = ctx.store.last_told(trouble, account).await?;
                // What seems to be told later than now was told by a wrong clock.
                let last = if phase == Phase::Began { began_at } else { ended_at }.filter(|last| *last <= now);
                let free_at = last.map(|last| later(last, GATHER));
                if let Some(free_at) = free_at.filter(|free_at| *free_at > now) {
                    next = Some(next.map_or(free_at, |next| next.min(free_at)));
                    continue;
                }
                let numbers = incidents.iter().map(|incident| incident.incident);
                if phase == Phase::Began {
                    begun.extend(numbers)
                } else {
                    ended.extend(numbers)
                };
                items.extend(incidents.into_iter().map(|incident| item(incident, phase, &ctx.rules.telling)));
                if trouble == Trouble::InDoubt && phase == Phase::Began {
                    tell_cases(ctx, &mut items).await?;
                }
            }
            if !items.is_empty() {
                notices.push(Notice::of(trouble, phase, items, now));
            }
        }
    }
    if !notices.is_empty() {
        describe(ctx, &mut notices).await?;
        ctx.store.tell(&notices, &ctx.sinks.names(), (&begun, &ended), now).await?;
    }
    Ok(next)
}

/// Once a day, at the time that the settings say: what happened, what is still open, what comes. When the next one is due.
async fn digest(ctx: &Ctx) -> Result<Option<Timestamp>> {
    let telling = &ctx.rules.telling;
    let sinks = ctx.sinks.names();
    let Some(time) = telling.digest.filter(|_| !sinks.is_empty()) else { return Ok(None) };
    let now = ctx.clock.now();
    let zone = TimeZone::get(&telling.zone).unwrap_or(TimeZone::UTC);
    let today = now.to_zoned(zone.clone()).date();
    let due_on = |day: Option<Date>| Some(day?.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp());
    let days = [due_on(today.yesterday().ok()), due_on(Some(today)), due_on(today.tomorrow().ok())];
    let passed = days.into_iter().flatten().filter(|due| *due <= now).max();
    let next = days.into_iter().flatten().find(|due| *due > now);
    match ctx.store.told().await?.digest_at {
        // The first day has nothing to look back on.
        None => ctx.store.tell_digest(None, &sinks, now).await?,
        Some(last) if passed.is_some_and(|due| last < due) => {
            let since = last.max(earlier(now, Duration::from_secs(7 * 86_400)));
            let tally = ctx.store.tally(since, now).await?;
            let open = ctx.store.count_open_incidents().await?.iter().map(|(_, incidents)| incidents).sum();
            let mut notices = [day(&tally, open, &ctx.store.open_incidents().await?, telling, now)];
            describe(ctx, &mut notices).await?;
            ctx.store.tell_digest(notices.first(), &sinks, now).await?;
        }
        Some(_) => {}
    }
    Ok(next)
}

/// `listed` are those of the `open` troubles that can be listed.
fn day(tally: &Tally, open: usize, listed: &[IncidentRow], telling: &Telling, now: Timestamp) -> Notice {
    let title = format!(
        "since the last digest: {} published, {} failed, {} missed, {} taken down; {} to come within a day; {} open",
        tally.published,
        tally.failed,
        tally.missed,
        tally.deleted,
        tally.to_come,
        if open == 1 { "1 trouble".to_owned() } else { format!("{open} troubles") },
    );
    let items = listed.iter().map(|incident| item(incident, Phase::Began, telling)).collect();
    let mut notice = Notice::new(Phase::Digest, None, title, items, now);
    notice.more = open.saturating_sub(notice.items.len());
    notice
}
