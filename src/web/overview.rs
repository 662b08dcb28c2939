//! `/`: what needs a person, what comes next, what went out last.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{RawQuery, State};

use super::case::{self, CaseView};
use super::entry::{CommandHint, PostEntry, StoryEntry, TimeCell, story_url};
use super::failed::Failed;
use super::filters;
use super::page::{Frame, Page, PageRefresh, made, query_of, write};
use super::pauses::PauseView;
use super::state::{House, ReadPermit};
use crate::domain::clock::earlier;
use crate::domain::notice::Trouble;
use crate::domain::post::PostState;
use crate::plan::Frozen;
use crate::store::view::{
    AccountRow, AuditRow, FindingRow, IncidentRow, PostFilter, PostRow, ROWS_MAX, StoryFilter, StoryStands,
};
use crate::yaml::problem::{Paint, Problems, render};

/// Posts that come next.
const COMING_MAX: usize = 100;
/// Posts in each list of those that need a person; a link leads to the others.
const ATTENTION_MAX: u32 = 10;
/// Stories that went out last.
const LATEST_MAX: u32 = 5;
/// Stories that could not be taken down.
const DELETIONS_MAX: u32 = 1_000;
/// Posts that were missed before are history, here as in `storyd admin failures`.
const MISSED_LATELY: Duration = Duration::from_secs(30 * 86_400);
/// Bytes of the report on job files; `storyd check` shows the rest.
const PROBLEMS_BYTES_MAX: usize = 20_000;

const WAITING_OR_UNDER_WAY: [PostState; 4] =
    [PostState::Scheduled, PostState::Claimed, PostState::Publishing, PostState::InDoubt];

#[derive(Template)]
#[template(path = "overview.html", config = "src/web/askama.toml")]
struct Overview {
    frame: Frame,
    counts: Vec<(&'static str, u32)>,
    disk_full: bool,
    plan: PlanNote,
    troubles: Vec<OverviewIncident>,
    blocked: Vec<Blocked>,
    pauses: Vec<PauseView>,
    attention: Vec<Attention>,
    deletions: Vec<StoryEntry>,
    findings: Vec<DifferenceView>,
    /// Differences that are not listed.
    more_findings: usize,
    audits: Vec<GivenUp>,
    days: Vec<Day>,
    more_to_come: bool,
    latest: Vec<StoryEntry>,
    flags: String,
}

impl Overview {
    fn is_calm(&self) -> bool {
        !self.disk_full
            && self.plan.broken.is_none()
            && self.troubles.is_empty()
            && self.blocked.is_empty()
            && self.attention.is_empty()
            && self.deletions.is_empty()
            && self.findings.is_empty()
            && self.audits.is_empty()
    }
}

/// What is known of the job files.
struct PlanNote {
    /// Jobs and files of the plan in force.
    in_force: Option<(usize, usize)>,
    broken: Option<OverviewReport>,
    /// The files of which the last good version stays in force.
    frozen: Vec<FrozenFile>,
    warnings: Option<OverviewReport>,
}

/// A job file, or a folder of them, that does not load.
struct FrozenFile {
    path: String,
    /// Since when; none until that is on record.
    since: Option<TimeCell>,
}

struct OverviewReport {
    count: usize,
    text: String,
    /// Something was left out at its end.
    cut: bool,
}

/// What is wrong with texts, the machine or posts to come.
struct OverviewIncident {
    title: String,
    reason: String,
    command: String,
    since: TimeCell,
}

struct Blocked {
    account: String,
    reason: String,
    code: String,
    remedy: String,
    since: Option<TimeCell>,
    probe: Option<TimeCell>,
    waiting: u32,
}

/// Posts of one kind of trouble.
struct Attention {
    state: &'static str,
    title: &'static str,
    total: usize,
    entries: Vec<PostEntry>,
    /// What a person compares, for each of them that only a person can settle.
    cases: Vec<(i64, CaseView)>,
    /// What settles all of them with one command, where there are several.
    all: Vec<CommandHint>,
}

impl Attention {
    fn case(&self, post: &i64) -> Option<&CaseView> {
        self.cases.iter().find(|(of, _)| of == post).map(|(_, case)| case)
    }
}

/// A story that stands otherwise at Kakao than on record.
struct DifferenceView {
    story_id: String,
    url: Option<String>,
    account: String,
    detail: String,
    steps: Vec<CommandHint>,
}

/// An audit that was given up.
struct GivenUp {
    account: String,
    fault: String,
    steps: Vec<CommandHint>,
}

/// A day with its posts, in the order of time.
struct Day {
    name: String,
    word: &'static str,
    entries: Vec<PostEntry>,
}

pub(super) async fn show(State(house): State<Arc<House>>, RawQuery(query): RawQuery) -> Page {
    let ctx = house.queue.turn().await?;
    let now = ctx.clock.now();
    let zone = ctx.zone();
    let counts = ctx.store.counts().await?;
    let coming = coming(&ctx).await?;
    let entry = |story| StoryEntry::new(&house, story, &zone, now);
    let latest = ctx.store.stories(None, None, LATEST_MAX).await?;
    let undeleted = StoryFilter { stands: StoryStands::Undeleted, ..StoryFilter::default() };
    let (deletions, _) = ctx.store.story_page(&undeleted, None, DELETIONS_MAX).await?;
    let more_to_come = coming.len() > COMING_MAX;
    let pauses = ctx.store.pauses(now).await?;
    let coming = coming.into_iter().take(COMING_MAX).map(|row| PostEntry::new(&house, row, &zone, now));
    let days = days(coming);
    let mut frame = Frame::new(&house, "/", "What comes next", made(now, &zone));
    frame.renewal = PageRefresh::asked("/", &query_of(query));
    let mut findings = ctx.store.open_findings(None).await?;
    let more_findings = findings.len().saturating_sub(ATTENTION_MAX as usize);
    findings.truncate(ATTENTION_MAX as usize);
    write(&Overview {
        frame,
        findings: findings.into_iter().map(|row| finding(&house, row)).collect(),
        more_findings,
        audits: ctx.store.failed_audits(None).await?.into_iter().map(|row| given_up(&house, row)).collect(),
        disk_full: ctx.store.is_short_of_room(),
        plan: plan_note(&ctx, &zone, now).await?,
        troubles: troubles(&ctx, &zone, now).await?,
        blocked: ctx.store.accounts().await?.into_iter().filter_map(|row| blocked(&house, row, &zone, now)).collect(),
        pauses: pauses.into_iter().map(|row| PauseView::new(&house, row, &zone, now)).collect(),
        attention: attention(&house, &ctx, &counts, &zone, now).await?,
        deletions: deletions.into_iter().map(entry).collect(),
        days,
        more_to_come,
        latest: latest.into_iter().map(entry).collect(),
        counts: counts.into_iter().map(|(state, count)| (state.as_str(), count)).collect(),
        flags: house.surroundings.command_flags.clone(),
    })
}

/// Posts that wait or are under way, one more than is shown. A parked doubt is no such post: it waits for a person.
async fn coming(ctx: &ReadPermit) -> Result<Vec<PostRow>, Failed> {
    let filter = PostFilter { states: WAITING_OR_UNDER_WAY.to_vec(), limit: Some(ROWS_MAX), ..PostFilter::default() };
    let mut rows = ctx.store.posts(&filter).await?;
    rows.retain(|row| row.parked_at.is_none());
    rows.truncate(COMING_MAX + 1);
    Ok(rows)
}

/// Posts that need a person, the newest of each kind.
async fn attention(
    house: &House,
    ctx: &ReadPermit,
    counts: &[(PostState, u32)],
    zone: &str,
    now: jiff::Timestamp,
) -> Result<Vec<Attention>, Failed> {
    let kinds = [
        (PostState::InDoubt, "Nobody knows whether these went out"),
        (PostState::Failed, "Failed"),
        (PostState::Held, "Held: they wait for a person"),
        (PostState::Missed, "Missed: too late for their window"),
    ];
    let mut attention = Vec::new();
    for (state, title) in kinds {
        let (total, rows) = match state {
            PostState::InDoubt => ctx.store.parked_posts(ATTENTION_MAX).await?,
            PostState::Missed => ctx.store.missed_posts(earlier(now, MISSED_LATELY), ATTENTION_MAX).await?,
            _ => {
                let filter = PostFilter { states: vec![state], limit: Some(ATTENTION_MAX), ..PostFilter::default() };
                let total = counts.iter().find(|(of, _)| *of == state).map_or(0, |(_, count)| *count);
                (total, ctx.store.latest_posts(&filter).await?)
            }
        };
        if !rows.is_empty() {
            let all = all_of(house, state, total, &rows);
            let parked: Vec<i64> = rows.iter().filter(|row| row.parked_at.is_some()).map(|row| row.post).collect();
            let cases = case::of(house, ctx, &parked, zone, now).await?;
            // The newest of them, in the order of time.
            let entries = rows.into_iter().rev().map(|row| PostEntry::new(house, row, zone, now)).collect();
            attention.push(Attention { state: state.as_str(), title, total: total as usize, entries, cases, all });
        }
    }
    Ok(attention)
}

/// One command for several posts in the same state: with their numbers where all are shown, else by their causes.
fn all_of(house: &House, state: PostState, total: u32, rows: &[PostRow]) -> Vec<CommandHint> {
    let flags = &house.surroundings.command_flags;
    let mut posts: Vec<i64> = rows.iter().map(|row| row.post).collect();
    posts.sort_unstable();
    let numbers = posts.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    let step = |words: &str, what| CommandHint { command: format!("storyd admin {words}{flags}"), what };
    match state {
        _ if total < 2 => Vec::new(),
        PostState::Held if rows.iter().any(PostRow::is_lost) => vec![step("failures", "tells what settles them")],
        _ if (total as usize) > rows.len() => {
            vec![step("failures", "groups them by cause, each with one command for all")]
        }
        PostState::Failed => vec![step(&format!("retry {numbers}"), "tries all of them again")],
        PostState::Missed => vec![step(&format!("retry {numbers}"), "posts all of them now")],
        PostState::Held => vec![step(&format!("release {numbers}"), "lets all of them go out")],
        _ => Vec::new(),
    }
}

/// What is told of by no other part of the page.
async fn troubles(ctx: &ReadPermit, zone: &str, now: jiff::Timestamp) -> Result<Vec<OverviewIncident>, Failed> {
    let mut open = ctx.store.standing_incidents().await?;
    let full = ctx.store.is_short_of_room();
    open.retain(|incident| {
        let told = incident.trouble == Trouble::BrokenFile || (full && incident.trouble == Trouble::DiskLow);
        incident.trouble.stands_alone() && !told
    });
    let standing = |incident: IncidentRow| OverviewIncident {
        title: incident.trouble.title(),
        reason: incident.reason,
        command: incident.command,
        since: TimeCell::new(incident.began_at, zone, now),
    };
    Ok(open.into_iter().map(standing).collect())
}

/// What a person can do about each kind of difference is for `audit --last` to say; any can be in order.
fn finding(house: &House, row: FindingRow) -> DifferenceView {
    let flags = &house.surroundings.command_flags;
    let step = |words: String, what| CommandHint { command: format!("storyd admin audit {words}{flags}"), what };
    DifferenceView {
        url: story_url(house, &row.story_id),
        steps: vec![
            step(format!("--last --account {}", row.account), "tells what helps"),
            step(format!("--accept {} --reason WHY", row.story_id), "when it is in order"),
        ],
        story_id: row.story_id,
        account: house.surroundings.shown(&row.account),
        detail: row.detail,
    }
}

fn given_up(house: &House, row: AuditRow) -> GivenUp {
    let command = format!("storyd admin audit --account {}{}", row.account, house.surroundings.command_flags);
    GivenUp {
        fault: row.fault.unwrap_or_default(),
        steps: vec![CommandHint { command, what: "tries again" }],
        account: house.surroundings.shown(&row.account),
    }
}

fn blocked(house: &House, row: AccountRow, zone: &str, now: jiff::Timestamp) -> Option<Blocked> {
    let moment = |at| TimeCell::new(at, zone, now);
    Some(Blocked {
        code: row.blocked_code?,
        account: house.surroundings.shown(&row.account),
        reason: row.blocked_reason.unwrap_or_default(),
        remedy: row.blocked_remedy.unwrap_or_default(),
        since: row.blocked_at.map(moment),
        probe: row.probe_at.map(moment),
        waiting: row.waiting,
    })
}

async fn plan_note(ctx: &ReadPermit, zone: &str, now: jiff::Timestamp) -> Result<PlanNote, Failed> {
    let (plan, _) = ctx.plan.get();
    let open = ctx.store.standing_incidents().await?;
    let since = |path: &str| {
        let of_file = |incident: &&IncidentRow| incident.trouble == Trouble::BrokenFile && incident.subject == path;
        open.iter().find(of_file).map(|incident| TimeCell::new(incident.began_at, zone, now))
    };
    let frozen_file = |file: &Frozen| {
        let path = file.path.display().to_string();
        FrozenFile { since: since(&path), path }
    };
    let broken = ctx.plan.broken();
    let report = |problems: &Problems| report(problems.errors(), problems.render(Paint::Plain));
    Ok(PlanNote {
        frozen: ctx.plan.frozen().iter().map(frozen_file).collect(),
        in_force: plan.as_ref().map(|plan| (plan.jobs.len(), plan.files.len())),
        broken: broken.as_deref().map(report),
        warnings: plan
            .filter(|plan| !plan.warnings.is_empty())
            .map(|plan| self::report(plan.warnings.len(), render(&plan.warnings, Paint::Plain))),
    })
}

fn report(count: usize, mut text: String) -> OverviewReport {
    let cut = text.len() > PROBLEMS_BYTES_MAX;
    text.truncate(text.floor_char_boundary(PROBLEMS_BYTES_MAX));
    OverviewReport { count, text, cut }
}

/// Groups by the day.
fn days(entries: impl Iterator<Item = PostEntry>) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for entry in entries {
        match days.iter_mut().find(|day| day.name == entry.day) {
            Some(day) => day.entries.push(entry),
            None => days.push(Day { name: entry.day.clone(), word: entry.day_word, entries: vec![entry] }),
        }
    }
    days
}
