//! `storyd admin post`: a note, a photo or a link goes into the queue without a job file, through the same checks.

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::super::tell::broken;
use super::caveat::{self, Faced};
use super::filter::to_come;
use super::steering;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{excerpt, print_json, time};
use crate::cli::terminal::output::{note, say};
use crate::domain::clock::{Clock, earlier};
use crate::domain::policy::{BlackoutThen, FallsIn};
use crate::domain::post::PostState;
use crate::domain::telling::{self, shell_word};
use crate::engine::{Rules, planned};
use crate::plan::LoadInputs;
use crate::plan::schedule::past::is_far_ahead;
use crate::plan::{self, Job};
use crate::store::Store;
use crate::store::queue::JobPosts;
use crate::store::view::{PostFilter, PostRow};
use crate::yaml::problem::Source;

/// Longest text that is read from standard input, in bytes: far more than Kakao takes.
const TEXT_BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What it says; `-` reads it from standard input. A text that begins like an option, as in --so, goes behind `--`
    #[arg(value_name = "TEXT", allow_hyphen_values = true, value_parser = no_option)]
    text: Option<String>,
    /// What it says, as it stands
    #[arg(last = true, value_name = "TEXT", conflicts_with = "text")]
    verbatim: Option<String>,
    /// A picture; repeated for several. Makes it a photo
    #[arg(long = "image", value_name = "FILE", conflicts_with = "url")]
    images: Vec<PathBuf>,
    /// The page to link to. Makes it a link
    #[arg(long)]
    url: Option<String>,
    /// The account that posts it [default: the only one of the settings]
    #[arg(long)]
    account: Option<String>,
    /// When: now, "2026-12-01 09:00" (in the zone of the settings), RFC 3339, or +2h
    #[arg(long, value_name = "TIME", default_value = "now")]
    at: String,
    /// Who sees it: public, friends or private
    #[arg(long, default_value = "public")]
    permission: String,
    /// With --permission friends: they may share it
    #[arg(long)]
    enable_share: bool,
    /// A word to filter and pause by; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Take the story down after this long, as in 7d
    #[arg(long, value_name = "DURATION")]
    delete_after: Option<String>,
    /// A name: whatever is posted under it is posted once, however often this is called
    #[arg(long)]
    name: Option<String>,
    /// Only check it, and say what would happen
    #[arg(long)]
    dry_run: bool,
}

/// Takes every text but one that looks like an option: a slip such as `--dryrun` must not be posted.
fn no_option(text: &str) -> Result<String, String> {
    let name = text.strip_prefix("--").or_else(|| text.strip_prefix('-').filter(|rest| rest.chars().count() == 1));
    let is_option = name.is_some_and(|name| {
        let word = name.split('=').next().unwrap_or_default();
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    });
    if is_option {
        return Err(format!(
            "this is no option of `admin post`; a text that begins so goes behind `--`, as in `storyd admin post -- {}`",
            shell_word(text)
        ));
    }
    Ok(text.to_owned())
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: Args) -> Result<u8, Failure> {
    let now = Clock::system().now();
    let store = home.open().await?;
    let account = account(home, &store, args.account.clone()).await?;
    let name = args.name.clone().unwrap_or_else(|| format!("post-{}", now.strftime("%Y%m%d-%H%M%S-%6f")));
    let zone = home.zone(&store).await?;
    let job = check(&args, &name, &account, &zone, now)?;
    let rules = Rules::new(&home.settings)?;
    let mut posts = planned::posts(&job, None, &rules, now);
    if let Some(unmade) = posts.unmade.first() {
        return Err(Failure::usage(unmade.why.clone()));
    }
    // No job file can write such a name, so none can withdraw or change it.
    posts.job = format!("@{}", job.name);
    posts.source = format!("`storyd admin post` by {}", steering::actor());
    let already = PostFilter { job: Some(posts.job.clone()), limit: Some(1), ..PostFilter::default() };
    let mut post = store.posts(&already).await?.pop();
    let known = post.is_some();
    if !known {
        unused(&store, &posts.job, &name).await?;
        timely(&args, &posts, &job, now)?;
    }
    if !known && !args.dry_run {
        for (image, file) in job.all_images() {
            store.media().take(image, file)?;
        }
        store.set_paces(&[(&account, rules.pace_for(&account))], now).await?;
        store.enqueue_by_hand(&posts, &steering::actor(), now).await?;
        post = store.posts(&already).await?.pop();
        home.wake_daemon();
    }
    let occurs_at = posts.occurrences.first().map_or(now, |occurrence| occurrence.occurs_at);
    let faced = Faced { account: &account, job: &posts.job, tags: &job.tags, due_at: occurs_at };
    let caveat = match &post {
        Some(post) if post.state == PostState::Scheduled => caveat::caveat(home, &store, post).await?,
        Some(_) => String::new(),
        None => caveat_of_new(home, &store, faced).await?,
    };
    store.close().await;
    let falls_in = posts.occurrences.first().and_then(|occurrence| occurrence.falls_in.as_ref());
    let kept_back = match &post {
        Some(post) => kept_back(home, post),
        None => falls_in.and_then(would_be_kept_back),
    };
    match post {
        Some(post) if common.json => print_json(&post.at(now))?,
        None if common.json => print_json(&serde_json::json!({
            "job": posts.job, "account": account, "kind": job.content.kind(), "occurs_at": occurs_at, "content": job.content,
        }))?,
        _ if kept_back.is_some() => {}
        Some(post) => {
            let what = if known { "is in the queue already" } else { "is in the queue" };
            let waits = post.state == PostState::Scheduled;
            let state = if waits { String::new() } else { format!(", {}", post.state) };
            let when = time(post.due_at, &zone, now);
            say!("post {} {what}: {} on {}, {when}{state}{caveat}", post.post, post.kind, post.account);
            note!("`{}` tells what becomes of it", home.command(&format!("admin show {}", post.post)));
        }
        None => say!(
            "would post a {} on {account}, {}{caveat}: {}",
            job.content.kind(),
            time(occurs_at, &zone, now),
            excerpt(&job.content, 60)
        ),
    }
    if args.dry_run {
        steering::end_dry_run(!known);
    }
    kept_back.map_or(Ok(DONE), Err)
}

/// Refuses a name whose post was taken out of the record: it is no other post's.
async fn unused(store: &Store, job: &str, name: &str) -> Result<(), Failure> {
    if store.was_pruned(job).await? {
        return Err(Failure::not_possible(format!(
            "the name {name} was used before, and its post was pruned from the record since; whatever is posted under a name is posted \
             once: choose another one"
        )));
    }
    Ok(())
}

/// So late a time is still meant as "now".
const JUST_NOW: Duration = Duration::from_secs(60);

/// Refuses a time that has passed, or that is years away: the person who mistyped it is still there.
fn timely(args: &Args, posts: &JobPosts, job: &Job, now: Timestamp) -> Result<(), Failure> {
    let at = posts.occurrences.first().map(|one| one.nominal_at).filter(|_| args.at != "now");
    let Some(at) = at else { return Ok(()) };
    let shown = time(at, &job.zone, now);
    if at < earlier(now, JUST_NOW) {
        return Err(Failure::not_possible(format!(
            "{shown} has passed, so nothing would be posted then; correct --at, or leave it out to post at once"
        )));
    }
    if is_far_ahead(at, &job.time_zone, now) {
        return Err(Failure::not_possible(format!("{shown} is years ahead; correct the year in --at")));
    }
    Ok(())
}

/// What keeps a post back that would be new to the queue.
async fn caveat_of_new(home: &CommandContext, store: &Store, post: Faced<'_>) -> Result<String, Failure> {
    let accounts = store.accounts().await?;
    let row = accounts.into_iter().find(|row| row.account == post.account);
    caveat::caveat_of(home, store, post, row.and_then(|row| row.blocked_reason).as_deref()).await
}

/// Why a post in the queue does not go out by itself, if it does not.
fn kept_back(home: &CommandContext, post: &PostRow) -> Option<Failure> {
    let number = post.post;
    let command = |verb: &str| format!("`{}`", home.command(&format!("admin {verb} {number}")));
    let why = if post.reason.is_empty() { String::new() } else { format!(": {}", post.reason) };
    let is = format!("post {number} is {}{why}", post.state);
    match post.state {
        PostState::Cancelled => Some(Failure::not_possible(format!("{is}; {} lets it go ahead", command("retry")))),
        PostState::Missed | PostState::Failed => {
            Some(Failure::needs_attention(format!("{is}; {} lets it go ahead", command("retry"))))
        }
        PostState::Held => Some(Failure::needs_attention(format!(
            "{is}; {} lets it go ahead, {} withdraws it",
            command("release"),
            command("cancel")
        ))),
        PostState::InDoubt if post.parked_at.is_some() => Some(Failure::needs_attention(format!(
            "{is}; look at the account's page, then {} settles it",
            command("resolve")
        ))),
        _ => None,
    }
}

/// Why a post would not go out by itself, by the blackout that it falls into.
fn would_be_kept_back(falls_in: &FallsIn) -> Option<Failure> {
    let reason = &falls_in.reason;
    match falls_in.then {
        BlackoutThen::Move => None,
        BlackoutThen::Hold => {
            Some(Failure::needs_attention(format!("it would be held: its time falls into a blackout: {reason}")))
        }
        BlackoutThen::Skip => {
            Some(Failure::not_possible(format!("it would not be posted: its time falls into a blackout: {reason}")))
        }
    }
}

/// The account that is meant, if it is one that can post.
async fn account(home: &CommandContext, store: &Store, given: Option<String>) -> Result<String, Failure> {
    let known: Vec<String> = if home.in_sandbox() {
        store.accounts().await?.into_iter().map(|row| row.account).collect()
    } else {
        home.settings.accounts.keys().cloned().collect()
    };
    let list = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    match (given, known.as_slice()) {
        (Some(account), _) if known.contains(&account) => Ok(account),
        (Some(account), _) => Err(Failure::no_such_thing(format!("there is no account {account}; there are: {list}"))),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(Failure::usage(format!("name the account with --account; there are: {list}"))),
    }
}

/// Puts it in the words of a job file, and reads that as any other.
fn check(args: &Args, name: &str, account: &str, zone: &str, now: Timestamp) -> Result<Job, Failure> {
    let text = text(args)?;
    let kind = match (args.images.is_empty(), &args.url) {
        (false, _) => "photo",
        (true, Some(_)) => "link",
        (true, None) => "note",
    };
    let at = match args.at.as_str() {
        "now" => "now".to_owned(),
        text => to_come(text, &telling::zone(zone), now)?
            .to_zoned(telling::zone(zone))
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string(),
    };
    // JSON's quotes are YAML's.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut file = format!(
        "version: 1\nzone: {zone}\naccount: {}\njobs:\n  {}:\n    at: {at}\n    type: {kind}\n",
        quoted(account),
        quoted(name)
    );
    let mut add = |key: &str, value: String| {
        let _ = writeln!(file, "    {key}: {value}");
    };
    if let Some(text) = text {
        add("content", quoted(&text));
    }
    let list = |items: Vec<String>| format!("[{}]", items.join(", "));
    if !args.images.is_empty() {
        add("images", list(args.images.iter().map(|image| quoted(&image.to_string_lossy())).collect()));
    }
    if let Some(url) = &args.url {
        add("url", quoted(url));
    }
    add("permission", quoted(&args.permission));
    if args.enable_share {
        add("enable_share", "true".into());
    }
    if !args.tags.is_empty() {
        add("tags", list(args.tags.iter().map(|tag| quoted(tag)).collect()));
    }
    if let Some(after) = &args.delete_after {
        add("delete_after", quoted(after));
    }
    let dir = std::env::current_dir().map_err(|error| Failure::unexpected(error.to_string()))?;
    let source = Arc::new(Source::new(Path::new("what was given"), &dir, file));
    // Whoever gives the command could copy the file as well.
    let beside = LoadInputs { texts: vec![source], image_dirs: vec![PathBuf::from("/")], ..LoadInputs::default() };
    let plan = plan::load_with(&[], &beside, now).map_err(|problems| broken(&problems))?;
    for warning in &plan.warnings {
        let (message, help) = for_a_shell(&warning.message, warning.help.first().map(String::as_str));
        note!("{}: {message}{help}", warning.severity().as_str());
    }
    plan.jobs.into_values().next().ok_or_else(|| Failure::unexpected("nothing was read"))
}

/// A warning in the words of a command line: what it says of quotes and keys holds for job files.
fn for_a_shell<'a>(message: &'a str, help: Option<&str>) -> (&'a str, String) {
    let Some(help) = help else { return (message, String::new()) };
    if !help.contains("double quotes") && !help.contains("`content: ") {
        return (message, format!("; {help}"));
    }
    let what = message.split(": it is ").next().unwrap_or(message);
    let example = r"storyd admin post $'안녕\n하세요'";
    (
        what,
        format!(
            "; for a line break press Enter within the quotes, or write `{example}`, or `-` and the text on standard input"
        ),
    )
}

fn text(args: &Args) -> Result<Option<String>, Failure> {
    if args.text.as_deref() != Some("-") {
        return Ok(args.text.clone().or_else(|| args.verbatim.clone()));
    }
    let mut text = String::new();
    std::io::stdin()
        .take(TEXT_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("standard input cannot be read as UTF-8 text: {error}")))?;
    Ok(Some(text.trim_end_matches('\n').to_owned()))
}
