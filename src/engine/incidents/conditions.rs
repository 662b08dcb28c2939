//! How accounts, stories, job files and the machine stand now, as far as something is wrong with them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::outlook::outlook;
use crate::domain::notice::Trouble;
use crate::domain::telling::{instant, length, shell_word};
use crate::engine::context::Ctx;
use crate::engine::report::Result;
use crate::engine::rules::Telling;
use crate::engine::trust::{remedy, words};
use crate::plan::Frozen;
use crate::store::queue::{MissingText, NewIncident};
use crate::store::view::{AuditRow, BlockedAccount, Differences, Foreseen, NotDeleted, Withdrawal};
use crate::yaml::problem::{Problem, Problems};

/// A clock that is off by so much is told: a post comes out noticeably early or late.
const CLOCK_OFF: SignedDuration = SignedDuration::from_secs(60);

/// Most broken files that are told one by one.
const BROKEN_FILES_MAX: usize = 50;

/// How accounts, stories, job files and the machine stand now.
pub(crate) async fn conditions(ctx: &Ctx) -> Result<Vec<NewIncident>> {
    let telling = &ctx.rules.telling;
    let now = ctx.clock.now();
    let mut found: Vec<NewIncident> = clock_in_doubt(ctx).into_iter().collect();
    found.extend(ctx.store.blocked_accounts().await?.into_iter().map(|account| blocked(account, telling)));
    found.extend(ctx.store.not_deleted().await?.into_iter().map(|story| not_deleted(story, telling)));
    found.extend(ctx.store.differences().await?.into_iter().map(|found| differences(found, telling)));
    found.extend(ctx.store.failed_audits(None).await?.into_iter().map(|audit| not_audited(audit, telling)));
    found.extend(ctx.store.withdrawals().await?.into_iter().map(|lost| withdrawal(lost, telling)));
    if let Some(problems) = ctx.plan.broken() {
        found.extend(broken_files(&problems, &ctx.plan.frozen(), telling, now));
    }
    found.extend(no_text(&ctx.plan.unmade(), telling, now));
    found.extend(ctx.store.foreseen().await?.into_iter().map(|post| foreseen(post, telling, now)));
    if let Some((account, skew)) = ctx.store.largest_skew().await?
        && skew.abs() >= CLOCK_OFF
    {
        let off = length(skew.unsigned_abs());
        let word = if skew.is_negative() { "ahead of" } else { "behind" };
        let reason = format!(
            "this machine's clock is {off} {word} Kakao's, as the answers to {account} tell: posts come out so much too early or late"
        );
        found.push(of_machine(Trouble::ClockOff, "clock", reason, "timedatectl set-ntp true".into(), now));
    }
    found.extend(outlook(ctx).await?);
    found.extend(refused(ctx, now));
    let free = ctx.store.free_bytes()?;
    if free < telling.disk_low || ctx.store.is_short_of_room() {
        let reason = format!(
            "{} MB are free on the disk of the queue: when it is full, nothing more goes out",
            free / 1_000_000
        );
        found.push(of_machine(Trouble::DiskLow, "disk", reason, "df -h".into(), now));
    }
    Ok(found)
}

/// The job files that are not in force as they are on disk, each with its first error.
fn broken_files(problems: &Problems, frozen: &[Frozen], telling: &Telling, now: Timestamp) -> Vec<NewIncident> {
    let errors: Vec<&Problem> = problems.list().iter().filter(|problem| problem.severity().is_error()).collect();
    let reason = |errors: &[&Problem], what: &str| {
        let first = errors.first().map(|problem| in_a_line(problem)).unwrap_or_default();
        let more = errors.len().saturating_sub(1);
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        format!("{first}{more}; {what}")
    };
    let incident =
        |subject: &str, reason| of_machine(Trouble::BrokenFile, subject, reason, telling.command("check"), now);
    if frozen.is_empty() {
        return vec![incident("job files", reason(&errors, "the posts that are planned go out as they were"))];
    }
    let of_file = |file: &Frozen| {
        let own: Vec<&Problem> =
            errors.iter().copied().filter(|problem| problem.file().starts_with(&file.path)).collect();
        let own = if own.is_empty() { errors.clone() } else { own };
        incident(
            &file.path.display().to_string(),
            reason(&own, "its jobs stay as they were, the other files are in force"),
        )
    };
    frozen.iter().take(BROKEN_FILES_MAX).map(of_file).collect()
}

/// What the database refuses: steps of the upkeep, and posts whose rows take nothing.
fn refused(ctx: &Ctx, now: Timestamp) -> Vec<NewIncident> {
    let telling = &ctx.rules.telling;
    let step = |(step, why): (&'static str, String)| {
        let reason = format!("to {step} was refused, and everything else goes on: {why}");
        of_machine(Trouble::Refused, step, reason, telling.command("admin check-db"), now)
    };
    let post = |post: i64| NewIncident {
        post: Some(post),
        ..of_machine(
            Trouble::Refused,
            &format!("row of post {post}"),
            format!("the queue refuses every change of post {post}: it is left alone until the next start"),
            telling.command(&format!("admin show {post}")),
            now,
        )
    };
    let steps = ctx.refused.list().into_iter().map(step);
    steps.chain(ctx.store.untouchable().into_iter().map(post)).collect()
}

/// The clock is in doubt.
pub(crate) fn clock_in_doubt(ctx: &Ctx) -> Option<NewIncident> {
    let telling = &ctx.rules.telling;
    let reason = format!("{}. {}", words(&ctx.trust.doubt()?, &telling.zone), remedy(telling));
    Some(of_machine(Trouble::ClockDoubt, "clock", reason, telling.command("admin clock"), ctx.clock.now()))
}

/// `jobs.yaml:3:5: what is wrong`.
fn in_a_line(problem: &Problem) -> String {
    match problem.place() {
        Some(place) => format!("{}:{}:{}: {}", place.file.display(), place.line, place.column, problem.message),
        None => format!("{}: {}", problem.file().display(), problem.message),
    }
}

fn blocked(account: BlockedAccount, telling: &Telling) -> NewIncident {
    let waits = match account.waiting {
        0 => "nothing of it waits".to_owned(),
        1 => "1 post of it waits".to_owned(),
        posts => format!("{posts} posts of it wait"),
    };
    NewIncident {
        trouble: Trouble::Blocked,
        subject: account.account.clone(),
        post: None,
        job: None,
        reason: format!("{}. {} ({waits})", account.reason, account.remedy),
        command: telling.command(&format!("account doctor {}", account.account)),
        account: Some(account.account),
        began_at: account.since,
    }
}

fn not_deleted(story: NotDeleted, telling: &Telling) -> NewIncident {
    NewIncident {
        trouble: Trouble::NotDeleted,
        subject: format!("story {}", story.story_id),
        post: Some(story.post),
        job: Some(story.job),
        account: Some(story.account),
        reason: format!("story {} is still there: {}", story.story_id, story.reason),
        command: telling.command(&format!("admin delete {}", story.post)),
        began_at: story.at,
    }
}

fn differences(found: Differences, telling: &Telling) -> NewIncident {
    let kinds: Vec<String> =
        found.kinds.iter().map(|(kind, stories)| format!("{stories} {}", kind.replace('_', " "))).collect();
    let all: u32 = found.kinds.iter().map(|(_, stories)| stories).sum();
    let stories = if all == 1 { "1 story differs".to_owned() } else { format!("{all} stories differ") };
    NewIncident {
        trouble: Trouble::Differences,
        subject: format!("audit of {}", found.account),
        post: None,
        job: None,
        reason: format!("{stories} from the record: {}", kinds.join(", ")),
        command: telling.command(&format!("admin audit --last --account {}", found.account)),
        account: Some(found.account),
        began_at: found.since,
    }
}

fn not_audited(audit: AuditRow, telling: &Telling) -> NewIncident {
    NewIncident {
        trouble: Trouble::NotAudited,
        // Another run that is given up is the same trouble.
        subject: format!("audit of {}", audit.account),
        post: None,
        job: None,
        reason: format!("what Kakao shows could not be read to its end: {}", audit.fault.unwrap_or_default()),
        command: telling.command(&format!("admin audit --account {}", audit.account)),
        account: Some(audit.account),
        began_at: audit.ended_at.unwrap_or(audit.started_at),
    }
}

/// Most of what an account had waiting left the job files.
fn withdrawal(lost: Withdrawal, telling: &Telling) -> NewIncident {
    let Withdrawal { account, posts, jobs, job, since } = lost;
    let of = match jobs {
        0 | 1 => format!("of the job {job}"),
        2 => format!("of {job} and 1 other job"),
        _ => format!("of {job} and {} other jobs", jobs - 1),
    };
    NewIncident {
        trouble: Trouble::Withdrawal,
        subject: account.clone(),
        post: None,
        job: None,
        reason: format!(
            "the job files ask no more for {} of {account}, {of}, which is more than half of what it has waiting. None of them goes out. \
             Was a file moved, deleted or replaced? Put it back, and they go on by themselves; the command withdraws them",
            if posts == 1 { "1 post".to_owned() } else { format!("{posts} posts") }
        ),
        command: telling.command(&format!("admin accept --account {}", shell_word(&account))),
        account: Some(account),
        began_at: since,
    }
}

/// The jobs of which texts to come cannot be made.
fn no_text(unmade: &[MissingText], telling: &Telling, now: Timestamp) -> Vec<NewIncident> {
    let mut jobs: BTreeMap<&str, (&MissingText, usize)> = BTreeMap::new();
    for one in unmade {
        jobs.entry(&one.job).or_insert((one, 0)).1 += 1;
    }
    let incident = |(job, (first, count)): (&str, (&MissingText, usize))| {
        let more = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
        NewIncident {
            trouble: Trouble::NoText,
            subject: format!("job {job}"),
            post: None,
            job: Some(job.to_owned()),
            account: None,
            reason: format!("{}{more}; without a text there is no post. Mend the job file", first.why),
            command: telling.command("plan"),
            began_at: now,
        }
    };
    jobs.into_iter().map(incident).collect()
}

fn foreseen(post: Foreseen, telling: &Telling, now: Timestamp) -> NewIncident {
    NewIncident {
        trouble: Trouble::Preflight,
        subject: format!("link of post {}", post.post),
        post: Some(post.post),
        job: Some(post.job),
        account: Some(post.account),
        reason: format!("{}; the post is due on {}", post.finding, instant(post.due_at, &post.zone)),
        command: telling.command(&format!("admin show {}", post.post)),
        began_at: now,
    }
}

fn of_machine(trouble: Trouble, subject: &str, reason: String, command: String, began_at: Timestamp) -> NewIncident {
    let subject = subject.to_owned();
    NewIncident { trouble, subject, post: None, job: None, account: None, reason, command, began_at }
}
