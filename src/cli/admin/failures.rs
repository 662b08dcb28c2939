//! `storyd admin failures`: what went wrong and needs a person, each with its next step.

use jiff::Timestamp;
use serde::Serialize;

use super::super::failure::{DONE, Failure, NEEDS_ATTENTION};
use super::super::flags::Common;
use super::case::{self, TextDetail};
use super::filter::moment;
use super::standing::{disk_full, standing};
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{counted, excerpt, print_json, time};
use crate::cli::terminal::output::{note, say};
use crate::cli::terminal::width::{self, fit};
use crate::cli::terminal::wrap::{self, wrapped};
use crate::domain::case::Case;
use crate::domain::clock::Clock;
use crate::domain::notice::Trouble;
use crate::domain::post::PostState;
use crate::domain::telling;
use crate::store::Store;
use crate::store::view::{
    AccountRow, AuditRow, CauseRow, FailureFilter, FindingRow, IncidentRow, NameKind, PostFilter, PostRow, StoryFilter,
    StoryRow, StoryStands,
};

/// Numbers of posts of a cause that fit into a line.
const POSTS_IN_A_LINE: usize = 10;
/// Of those, the ones whose job and text a person is shown.
const POSTS_SHOWN: usize = 3;
/// Posts that are due and wait, of those that come first.
const WAITING_MAX: u32 = 1_000;
/// Deletions that are told.
const DELETIONS_TOLD: u32 = 1_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of this account only
    #[arg(long)]
    account: Option<String>,
    /// Missed posts since then; those before are history
    #[arg(long, value_name = "TIME", default_value = "30d")]
    missed_since: String,
    /// End with exit code 6 when there is anything, for scripts
    #[arg(long)]
    fail: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Failures {
    /// Whether the disk was full when the daemon last looked, so that nothing is posted.
    disk_full: bool,
    /// What is wrong beside posts, accounts and stories, as the daemon last looked: job files that do not load, texts that cannot be made,
    /// the disk, the clock, posts to come that would not go out as things stand.
    troubles: Vec<IncidentRow>,
    /// Posts that are `failed`, `missed`, `held` or `in_doubt`: those whose numbers stand with the causes.
    posts: Vec<PostRow>,
    /// The same by cause.
    causes: Vec<Cause>,
    /// What a person compares, for each of the posts that only a person can settle.
    cases: Vec<Case>,
    /// Accounts that are blocked.
    accounts: Vec<AccountRow>,
    /// Stories that should be gone and are not.
    deletions: Vec<StoryRow>,
    /// Differences between the record and Kakao that nobody has seen to.
    findings: Vec<FindingRow>,
    /// Audits that were given up.
    audits: Vec<AuditRow>,
    /// Posts that are due, and wait for a pause, a gap, a limit or a doubt: nobody has to see to them.
    waiting: Vec<PostRow>,
}

/// Posts that wait for the same reason.
#[derive(Serialize)]
struct Cause {
    #[serde(flatten)]
    row: CauseRow,
    /// What to do, in words and commands.
    next_step: String,
}

impl Failures {
    fn any(&self) -> bool {
        self.disk_full
            || !(self.troubles.is_empty()
                && self.causes.is_empty()
                && self.accounts.is_empty()
                && self.deletions.is_empty()
                && self.findings.is_empty()
                && self.audits.is_empty())
    }
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: &Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    if let Some(account) = &args.account {
        super::names::check(home, &store, NameKind::Account, account).await?;
    }
    let zone = home.zone(&store).await?;
    let missed_since = moment(&args.missed_since, &telling::zone(&zone), Clock::system().now())?;
    let shown = if common.json { usize::MAX } else { POSTS_SHOWN };
    let filter = FailureFilter { account: args.account.as_deref(), missed_since };
    let failures = find(home, &store, filter, shown).await?;
    store.close().await;
    let any = failures.any();
    if common.json {
        print_json(&failures)?;
    } else if any {
        print(home, &failures, &zone);
    } else {
        note!("nothing needs a person");
    }
    if !common.json && !failures.waiting.is_empty() {
        note!("{}", waiting(home, &failures.waiting));
    }
    Ok(if any && args.fail { NEEDS_ATTENTION } else { DONE })
}

/// Posts whose time has come, and what they wait for.
async fn due_and_waiting(store: &Store, account: Option<&str>) -> Result<Vec<PostRow>, Failure> {
    let now = Clock::system().now();
    let filter = PostFilter {
        states: vec![PostState::Scheduled],
        account: account.map(str::to_owned),
        limit: Some(WAITING_MAX),
        ..PostFilter::default()
    };
    let posts = store.posts(&filter).await?.into_iter().take_while(|post| post.due_at <= now);
    Ok(posts.map(|post| post.at(now)).filter(|post| !post.waits.is_empty()).collect())
}

/// `shown` posts of each cause are looked up whole.
async fn find(
    home: &CommandContext,
    store: &Store,
    filter: FailureFilter<'_>,
    shown: usize,
) -> Result<Failures, Failure> {
    let causes = store.causes(filter).await?;
    let told: Vec<i64> = causes.iter().flat_map(|row| row.numbers.iter().take(shown).copied()).collect();
    let posts = store.posts_numbered(&told).await?;
    let parked: Vec<i64> = posts.iter().filter(|post| post.parked_at.is_some()).map(|post| post.post).collect();
    let cases = case::cases(home, store, &parked).await?;
    let cause = |row| Cause { next_step: next_step(home, &row, filter.account), row };
    let causes: Vec<Cause> = causes.into_iter().map(cause).collect();
    let mut accounts = store.accounts().await?;
    accounts.retain(|a| a.blocked_code.is_some() && filter.account.is_none_or(|name| *name == a.account));
    let undeleted = StoryFilter {
        account: filter.account.map(str::to_owned),
        stands: StoryStands::Undeleted,
        ..StoryFilter::default()
    };
    let (deletions, _) = store.story_page(&undeleted, None, DELETIONS_TOLD).await?;
    let findings = store.open_findings(filter.account).await?;
    let audits = store.failed_audits(filter.account).await?;
    let waiting = due_and_waiting(store, filter.account).await?;
    let disk_full = store.is_short_of_room();
    let mut troubles = standing(store).await?;
    troubles.retain(|trouble| {
        let of_account = filter.account.is_none_or(|name| trouble.account.as_deref().is_none_or(|of| of == name));
        of_account && !(disk_full && trouble.trouble == Trouble::DiskLow)
    });
    Ok(Failures { waiting, disk_full, troubles, posts, causes, cases, accounts, deletions, findings, audits })
}

/// Sentences are broken to the columns of the terminal; a command stands whole on a line of its own.
fn print(home: &CommandContext, failures: &Failures, zone: &str) {
    let (now, columns) = (Clock::system().now(), width::of_terminal());
    let tell = |lines: Vec<String>| lines.iter().for_each(|line| say!("{line}"));
    let title = |text: String| tell(wrapped(&text, "", 2, columns));
    let prose = |text: &str| tell(wrapped(text, "  ", 2, columns));
    let steps = |text: &str| tell(wrap::steps(text, columns));
    if failures.disk_full {
        title(disk_full(home));
    }
    for trouble in &failures.troubles {
        title(format!("{}, since {}", trouble.trouble.title(), time(trouble.began_at, zone, now)));
        prose(&trouble.reason);
        say!("{}", wrap::command(&trouble.command));
    }
    for account in &failures.accounts {
        let (reason, remedy) = (account.blocked_reason.as_deref(), account.blocked_remedy.as_deref());
        title(format!("account {} is blocked; {} waiting", account.account, counted(account.waiting as usize, "post")));
        prose(&format!("{} ({})", reason.unwrap_or_default(), account.blocked_code.as_deref().unwrap_or_default()));
        tell(wrap::advice(remedy.unwrap_or_default(), columns));
    }
    for cause in &failures.causes {
        let row = &cause.row;
        let or_more = if row.or_more { " or more" } else { "" };
        title(format!("{}{or_more} {}: {}", counted(row.posts as usize, "post"), words(row.state), why(row)));
        prose(&numbers(&row.numbers, row.posts));
        for post in failures.posts.iter().filter(|post| row.numbers.contains(&post.post)).take(POSTS_SHOWN) {
            let line = format!("{} · {} · {}", post.job, time(post.occurs_at, zone, now), excerpt(&post.content, 40));
            say!("  {}", fit(&line, columns.saturating_sub(2)));
        }
        if !row.reason.is_empty() {
            prose(&row.reason);
        }
        // What the attempt advised while the doubt was young is not what a person needs to hear.
        if row.state != PostState::InDoubt && !row.remedy.is_empty() && !row.reason.contains(&row.remedy) {
            prose(&row.remedy);
        }
        match told_cases(failures, row, zone, now) {
            lines if lines.is_empty() => steps(&cause.next_step),
            lines => tell(lines),
        }
    }
    for story in &failures.deletions {
        title(format!("story {} of post {} is still up", story.story_id, story.post));
        prose(story.delete_fault.as_deref().unwrap_or_default());
        say!("{}", wrap::command(&home.command(&format!("admin delete {}", story.post))));
    }
    for finding in &failures.findings {
        title(format!("story {} on {}: {}", finding.story_id, finding.account, finding.kind));
        prose(&finding.detail);
        steps(&super::audit::next_step(home, finding));
    }
    for audit in &failures.audits {
        title(format!("the audit of {} was given up", audit.account));
        prose(audit.fault.as_deref().unwrap_or_default());
        steps(&format!("`{}` tries again", home.command(&format!("admin audit --account {}", audit.account))));
    }
}

/// The cases of the posts of a cause that are shown.
fn told_cases(failures: &Failures, cause: &CauseRow, zone: &str, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    for case in failures.cases.iter().filter(|case| cause.numbers.contains(&case.post)) {
        if cause.posts > 1 {
            lines.push(format!("  post {}", case.post));
        }
        lines.extend(case::lines(case, TextDetail::InShort, zone, now));
    }
    lines
}

fn words(state: PostState) -> &'static str {
    match state {
        PostState::InDoubt => "in doubt",
        state => state.as_str(),
    }
}

/// What holds posts, in words; of others the word of their cause.
fn why(row: &CauseRow) -> &str {
    match (row.state, row.cause.as_str()) {
        (PostState::Held, "person") => "a person decides whether to go ahead",
        (PostState::Held, "late") => "the time had passed",
        (PostState::Held, "absent") => "Kakao's list showed no story",
        (PostState::Held, "restored") => "a copy of the queue was restored",
        (PostState::Held, "withdrawn") => "no longer in the job files",
        (_, cause) => cause,
    }
}

/// `3 posts are due and wait: 2 paused, 1 gap`.
fn waiting(home: &CommandContext, posts: &[PostRow]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for wait in posts.iter().filter_map(|post| post.waits.first()) {
        match kinds.iter_mut().find(|(word, _)| *word == wait.what.word()) {
            Some((_, count)) => *count += 1,
            None => kinds.push((wait.what.word(), 1)),
        }
    }
    let kinds: Vec<String> = kinds.into_iter().map(|(word, count)| format!("{count} {word}")).collect();
    let (all, verb) =
        (counted(posts.len(), "post"), if posts.len() == 1 { "is due and waits" } else { "are due and wait" });
    format!("{all} {verb}: {}; `{}` shows until when", kinds.join(", "), home.command("admin queue"))
}

/// `post 12`, `posts 12, 15 and 3 more`.
fn numbers(posts: &[i64], all: u32) -> String {
    let told: Vec<String> = posts.iter().take(POSTS_IN_A_LINE).map(i64::to_string).collect();
    let more = (all as usize).saturating_sub(told.len());
    let noun = if all == 1 { "post" } else { "posts" };
    if more == 0 {
        format!("{noun} {}", told.join(", "))
    } else {
        format!("{noun} {} and {more} more", told.join(", "))
    }
}

/// What lets the posts of a cause go on.
fn next_step(home: &CommandContext, row: &CauseRow, account: Option<&str>) -> String {
    let command = |words: &str| format!("`{}`", home.command(&format!("admin {words}")));
    let post = row.example;
    // All of them with one command: by their numbers, where they fit into a line.
    let all = row.numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    let few = row.posts > 1 && !row.or_more && row.numbers.len() <= POSTS_IN_A_LINE;
    let of = account.map_or_else(String::new, |account| format!(" --account {account}"));
    match (row.state, row.cause.as_str()) {
        (PostState::Held, "withdrawn") => format!(
            "put the job files back and they go on by themselves; {} withdraws them",
            command(&format!("accept{of}"))
        ),
        (PostState::Held, _) if few => format!(
            "{} lets all of them go ahead, {} withdraws them",
            command(&format!("release {all}")),
            command(&format!("cancel {all}"))
        ),
        (PostState::Held, cause) if row.posts > 1 => format!(
            "{} tells more, {} lets all of them go ahead",
            command(&format!("show {post}")),
            command(&format!("release --cause={cause}{of}"))
        ),
        (PostState::Held, _) => format!(
            "{} lets it go ahead, {} withdraws it",
            command(&format!("release {post}")),
            command(&format!("cancel {post}"))
        ),
        (PostState::InDoubt, "parked") => format!(
            "look at the account's page, then {} or {}",
            command(&format!("resolve {post} --story ID")),
            command(&format!("resolve {post} --absent"))
        ),
        (PostState::InDoubt, _) => "nothing yet: the account's list is being read".into(),
        (PostState::Missed, _) if few => {
            format!(
                "{} tells more, {} publishes all of them now",
                command(&format!("show {post}")),
                command(&format!("retry {all}"))
            )
        }
        (PostState::Failed | PostState::Missed, cause) if row.posts > 1 => format!(
            "{} tells more, {} publishes all of them now",
            command(&format!("show {post}")),
            command(&format!("retry --cause={cause}{of}"))
        ),
        _ => format!(
            "{} tells more, {} publishes it now",
            command(&format!("show {post}")),
            command(&format!("retry {post}"))
        ),
    }
}
