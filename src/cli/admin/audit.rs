//! `storyd admin audit`: the record, compared with what Kakao shows. The order goes into the queue; the running daemon carries it
//! out, or, when none runs, this command does. What was interrupted goes on where it stopped.

use std::time::Duration;

use serde::Serialize;

use super::super::failure::{DONE, Failure, NEEDS_ATTENTION};
use super::super::flags::Common;
use super::steering;
use crate::cli::context::{self, CommandContext};
use crate::cli::terminal::format::{counted, print_json, story_url, time};
use crate::cli::terminal::output::{note, say};
use crate::domain::clock::Clock;
use crate::engine::sleep;
use crate::engine::tasks::audit;
use crate::store::view::{AuditRow, FindingRow, NameKind};
use crate::store::{Access, Store, StoreError};

const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of this account only
    #[arg(long)]
    account: Option<String>,
    /// Begin nothing: tell what the last audits found
    #[arg(long)]
    last: bool,
    /// Do not wait for the end; needs a running daemon
    #[arg(long, conflicts_with = "last")]
    detach: bool,
    /// A difference that is in order: it is not told again unless it changes
    #[arg(long, value_name = "STORY", conflicts_with_all = ["last", "detach"], requires = "reason")]
    accept: Option<String>,
    /// Why, for the record
    #[arg(long)]
    reason: Option<String>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct AuditJson {
    /// The runs.
    audits: Vec<AuditRow>,
    /// What they found, settled or not.
    findings: Vec<FindingRow>,
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let accounts: Vec<String> = store.accounts().await?.into_iter().map(|row| row.account).collect();
    if let Some(account) = args.account.as_ref().filter(|account| !accounts.contains(account)) {
        super::names::check(home, &store, NameKind::Account, account).await?;
        return Err(Failure::no_such_thing(format!(
            "account {account} has no posts yet, so there is nothing to audit"
        )));
    }
    let accounts: Vec<String> =
        accounts.into_iter().filter(|name| args.account.as_ref().is_none_or(|only| only == name)).collect();
    if let Some(story) = &args.accept {
        return accept(common, &store, home, &args, story).await;
    }
    let mut runs = Vec::new();
    if args.last {
        for account in &accounts {
            runs.extend(store.audits(account, 1).await?.into_iter().map(|row| row.audit));
        }
    } else {
        let actor = steering::actor();
        let executor = Store::open(&home.data_dir, Access::Daemon).await;
        for account in &accounts {
            runs.push(store.order_audit(account, &actor, Clock::system().now()).await?);
        }
        carry_out(home, &store, executor, &accounts, &runs, args.detach).await?;
    }
    let told = tell(&store, &runs).await?;
    let zone = home.zone(&store).await?;
    store.close().await;
    if common.json {
        print_json(&told)?;
    } else {
        print(home, &told, &zone);
    }
    let open = told.findings.iter().any(|finding| finding.settled_at.is_none())
        || told.audits.iter().any(|row| row.fault.is_some());
    Ok(if open { NEEDS_ATTENTION } else { DONE })
}

async fn accept(
    common: &Common,
    store: &Store,
    home: &CommandContext,
    args: &Args,
    story: &str,
) -> Result<u8, Failure> {
    let open = store.open_findings(args.account.as_deref()).await?;
    let mut runs: Vec<i64> =
        open.iter().filter(|finding| finding.story_id == story).map(|finding| finding.audit).collect();
    runs.dedup();
    let reason = args.reason.as_deref().unwrap_or_default();
    let settled =
        store.settle_finding(args.account.as_deref(), story, &steering::actor(), reason, Clock::system().now()).await?;
    if settled == 0 {
        let list = home.command("admin audit --last");
        return Err(Failure::no_such_thing(format!("no open difference of a story {story}; `{list}` lists them")));
    }
    if common.json {
        let mut told = tell(store, &runs).await?;
        told.findings.retain(|finding| finding.story_id == story);
        print_json(&told)?;
    } else {
        say!("story {story}: noted as in order");
    }
    Ok(DONE)
}

/// Has the runs carried out, by the daemon or here.
async fn carry_out(
    home: &CommandContext,
    store: &Store,
    executor: Result<Store, StoreError>,
    accounts: &[String],
    runs: &[i64],
    detach: bool,
) -> Result<(), Failure> {
    let engine = match executor {
        Ok(own) => Some(context::engine(home, own, &[]).await?),
        Err(StoreError::Running { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    home.wake_daemon();
    if detach && engine.is_none() {
        return Ok(());
    }
    let mut told = 0;
    loop {
        if let Some(engine) = &engine {
            for account in accounts {
                audit::run_once(&engine.ctx, account).await?;
            }
        }
        let rows = rows(store, runs).await?;
        let pages: u32 = rows.iter().map(|row| row.pages).sum();
        if pages >= told + 10 {
            told = pages;
            note!("{} read so far; an interruption loses nothing", counted(pages as usize, "page"));
        }
        if rows.iter().all(|row| row.ended_at.is_some()) {
            break;
        }
        sleep::pause(LOOK_EVERY).await;
    }
    if let Some(engine) = engine {
        engine.stop().await;
    }
    Ok(())
}

async fn rows(store: &Store, runs: &[i64]) -> Result<Vec<AuditRow>, Failure> {
    let mut rows = Vec::new();
    for run in runs {
        rows.extend(store.audit(*run).await?);
    }
    Ok(rows)
}

async fn tell(store: &Store, runs: &[i64]) -> Result<AuditJson, Failure> {
    let mut findings = Vec::new();
    for run in runs {
        findings.extend(store.findings(*run).await?);
    }
    Ok(AuditJson { audits: rows(store, runs).await?, findings })
}

fn print(home: &CommandContext, told: &AuditJson, zone: &str) {
    let now = Clock::system().now();
    for row in &told.audits {
        let when = time(row.started_at, zone, now);
        let how = match (&row.fault, row.ended_at) {
            (Some(fault), _) => format!("given up: {fault}"),
            (None, None) => format!("goes on, {} so far", counted(row.pages as usize, "page")),
            (None, Some(_)) => format!(
                "{} as recorded, {}",
                counted(row.present as usize, "story"),
                counted(row.findings as usize, "difference")
            ),
        };
        say!("{}  {when}  {how}", row.account);
    }
    for finding in &told.findings {
        // The sandbox's stories have no page at Kakao.
        let page = story_url(&finding.story_id).filter(|_| !home.in_sandbox());
        let page = page.map_or_else(String::new, |url| format!("  {url}"));
        say!("{}  story {} on {}{page}", finding.kind, finding.story_id, finding.account);
        say!("  {}", finding.detail);
        match (&finding.settled_by, &finding.settled_reason) {
            (Some(by), Some(reason)) => say!("  settled by {by}: {reason}"),
            _ => say!("  → {}", next_step(home, finding)),
        }
    }
    if told.audits.is_empty() {
        note!("no audit yet");
    } else {
        note!("what was posted or taken down less than ten minutes before an audit is not judged by it");
    }
}

/// What a person can do about a difference.
pub(super) fn next_step(home: &CommandContext, finding: &FindingRow) -> String {
    let command = |words: String| format!("`{}`", home.command(&format!("admin {words}")));
    let story = &finding.story_id;
    let accept = command(format!("audit --accept {story} --reason WHY"));
    match (finding.kind.as_str(), finding.post) {
        ("missing", Some(post)) => {
            format!(
                "{} records it as deleted, after one more look; {accept} leaves it",
                command(format!("delete {post}"))
            )
        }
        ("unknown", _) => {
            format!("{} takes it into the record; {accept} leaves it", command(format!("adopt {story}")))
        }
        ("doubtful", Some(post)) => format!(
            "look at both: {} gives it to that post, {} makes it one of its own; a post in doubt is settled by {}",
            command(format!("adopt {story} --post {post}")),
            command(format!("adopt {story}")),
            command(format!("resolve {post} --story {story}"))
        ),
        ("still_up", Some(post)) => {
            format!("look at its page; it was taken down as post {post} and is listed again; {accept} leaves it")
        }
        _ => format!("look at its page; {accept} when that is in order"),
    }
}
