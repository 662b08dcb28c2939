//! `storyd admin`: see and steer the queue, beside a running daemon or without one.

mod accept;
mod adopt;
mod audit;
mod backup;
mod cancel;
mod case;
mod check_db;
mod clock;
mod delete;
mod export;
mod failures;
mod filter;
mod names;
mod pause;
mod post;
mod prune;
mod queue;
mod release;
mod reschedule;
mod resolve;
mod restore;
mod resume;
mod retry;
mod show;
mod stats;
mod stories;
mod target;

use clap::Subcommand;
use jiff::Timestamp;

use super::context::Home;
use super::failure::{DONE, Failure};
use super::terminal::format::{print_json, time};
use super::terminal::output::{note, say};
use super::{Common, context, rescue};
use crate::domain::case::Case;
use crate::domain::clock::Clock;
use crate::domain::post::PostState;
use crate::store::Store;
use crate::store::queue::Refusal;
use crate::store::view::{IncidentRow, PostRow, WaitKind, standing_waits};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The posts that wait, are under way, or need a person
    Queue(queue::Args),
    /// Everything about one post: what it says, its history, its attempts
    Show(show::Args),
    /// Put a note, a photo or a link into the queue, now or for later
    Post(post::Args),
    /// Let failed, missed or cancelled posts go ahead again
    Retry(retry::Args),
    /// Let held posts go ahead, and missed ones too
    Release(release::Args),
    /// Withdraw posts that have not been published
    Cancel(cancel::Args),
    /// Withdraw the posts that are held because most of an account's posts left the job files
    Accept(accept::Args),
    /// Give posts another time
    Reschedule(reschedule::Args),
    /// Settle a post in doubt, after looking at the account's page
    Resolve(resolve::Args),
    /// The stories on record
    Stories(stories::Args),
    /// What went wrong and needs a person, with the next step
    Failures(failures::Args),
    /// Take stories down at Kakao, confirmed by a read
    Delete(delete::Args),
    /// Stop everything, an account, a tag or a job, at once
    Pause(pause::Args),
    /// End a pause
    Resume(resume::Args),
    /// What came of the posts, by account and month
    Stats(stats::Args),
    /// Compare the record with what Kakao shows
    Audit(audit::Args),
    /// Take a story that an audit found into the record
    Adopt(adopt::Args),
    /// Copy the whole record and the images into a folder, and check the copy
    Backup(backup::Args),
    /// Put a backup in place of the queue
    Restore(restore::Args),
    /// Print the whole record, for other programs
    Export(export::Args),
    /// Take out what the settings no longer keep
    Prune(prune::Args),
    /// Whether this machine's clock is believed; or say that it is right
    Clock(clock::Args),
    /// Look for damage in the database
    CheckDb,
}

pub(super) async fn run(common: &Common, command: Command) -> Result<u8, Failure> {
    // What is decided by the settings themselves, such as how long a doubt lasts, is not done without them.
    let needs_settings =
        matches!(command, Command::Post(_) | Command::Resolve(_) | Command::Restore(_) | Command::Prune(_));
    let home = if needs_settings { context::home(common)? } else { rescue::home(common)? };
    match command {
        Command::Queue(args) => queue::run(common, &home, args).await,
        Command::Show(args) => show::run(common, &home, &args).await,
        Command::Retry(args) => retry::run(common, &home, &args).await,
        Command::Release(args) => release::run(common, &home, &args).await,
        Command::Cancel(args) => cancel::run(common, &home, &args).await,
        Command::Accept(args) => accept::run(common, &home, &args).await,
        Command::Resolve(args) => resolve::run(common, &home, &args).await,
        Command::Post(args) => post::run(common, &home, args).await,
        Command::Reschedule(args) => reschedule::run(common, &home, &args).await,
        Command::Stats(args) => stats::run(common, &home, &args).await,
        Command::Audit(args) => audit::run(common, &home, args).await,
        Command::Adopt(args) => adopt::run(common, &home, &args).await,
        Command::Backup(args) => backup::run(common, &home, &args).await,
        Command::Restore(args) => restore::run(common, &home, &args).await,
        Command::Export(args) => export::run(&home, &args).await,
        Command::Prune(args) => prune::run(common, &home, &args).await,
        Command::Clock(args) => clock::run(common, &home, &args).await,
        Command::CheckDb => check_db::run(common, &home).await,
        Command::Stories(args) => stories::run(common, &home, args).await,
        Command::Failures(args) => failures::run(common, &home, &args).await,
        Command::Delete(args) => delete::run(common, &home, args).await,
        Command::Pause(args) => pause::run(common, &home, args).await,
        Command::Resume(args) => resume::run(common, &home, args).await,
    }
}

/// What a command that steers does: to which posts, as a person names them, or only looks.
struct Steering<'a> {
    posts: &'a [String],
    dry_run: bool,
}

/// Does something to each of the posts and says what became of it; with `dry_run` it only says what would. A refusal does not keep
/// the others from it; the first one gives the exit code. With `--json`, the posts that were (or would be) moved, as they stand.
async fn steer(
    common: &Common,
    home: &Home,
    steering: Steering<'_>,
    may: impl AsyncFn(&Store, i64) -> Result<(), Refusal>,
    deed: impl AsyncFn(&Store, i64) -> Result<(), Refusal>,
    done: impl Fn(i64) -> String,
) -> Result<u8, Failure> {
    let store = home.open().await?;
    let mut moved = Vec::new();
    let (mut code, mut possible) = (DONE, false);
    for named in steering.posts {
        let post = match target::to_steer(home, &store, named, &may).await {
            Ok(post) => post,
            Err(failure) => {
                failure.tell();
                code = if code == DONE { failure.code() } else { code };
                continue;
            }
        };
        let result = if steering.dry_run { may(&store, post).await } else { deed(&store, post).await };
        possible |= result.is_ok();
        match result {
            Ok(()) if common.json => {
                moved.extend(store.post(post).await?.map(|post| post.at(Clock::system().now())));
            }
            Ok(()) if steering.dry_run => say!("would do: {}", done(post)),
            Ok(()) => {
                let caveat = match store.post(post).await? {
                    Some(row) if row.state == PostState::Scheduled => caveat(home, &store, &row).await?,
                    _ => String::new(),
                };
                say!("{}{caveat}", done(post));
            }
            Err(refusal) => {
                let failure = match refusal {
                    Refusal::BeforeItsJob { post, occurs_at } => {
                        let due = time(occurs_at, &home.zone(&store).await?, Clock::system().now());
                        Failure::not_possible(format!(
                            "post {post} is due {due} by its job file; it goes out earlier only when its job file says so"
                        ))
                    }
                    refusal => refused(home, refusal),
                };
                failure.tell();
                code = if code == DONE { failure.code() } else { code };
            }
        }
    }
    if steering.dry_run {
        end_dry_run(possible);
    } else {
        home.wake_daemon();
    }
    store.close().await;
    if common.json {
        print_json(&moved)?;
    }
    if code == DONE { Ok(DONE) } else { Err(Failure::told(code)) }
}

/// What keeps a waiting post from going out at its time, as things stand: begins with a comma, and is empty where nothing does.
async fn caveat(home: &Home, store: &Store, post: &PostRow) -> Result<String, Failure> {
    let faced = Faced { account: &post.account, job: &post.job, tags: &post.tags, due_at: post.due_at };
    let told = caveat_of(home, store, faced, post.blocked.as_deref()).await?;
    if !told.is_empty() {
        return Ok(told);
    }
    let now = Clock::system().now();
    let waits = standing_waits(&post.waits, now);
    let Some(wait) = waits.iter().find(|wait| wait.what != WaitKind::Blackout) else { return Ok(String::new()) };
    let until = match wait.until {
        Some(at) => format!(" until {}", time(at, &home.zone(store).await?, now)),
        None => String::new(),
    };
    Ok(format!(", but waits{until}: {}", wait.why))
}

/// A post, in the queue or not yet, as what would keep it back sees it.
struct Faced<'a> {
    account: &'a str,
    job: &'a str,
    tags: &'a [String],
    due_at: Timestamp,
}

/// The same of what holds for posts that are not in the queue yet, too.
async fn caveat_of(home: &Home, store: &Store, post: Faced<'_>, blocked: Option<&str>) -> Result<String, Failure> {
    let now = Clock::system().now();
    if !store.has_daemon().await? {
        return Ok(format!(", but no daemon runs: start `{}`", home.command("run")));
    }
    let mut pauses = store.pauses(now).await?;
    pauses.retain(|pause| pause.holds((post.account, post.job, post.tags), post.due_at));
    if let Some(pause) = pauses.first() {
        let until = match pause.until_at {
            Some(at) => format!("until {}", time(at, &home.zone(store).await?, now)),
            None => "until a person resumes it".to_owned(),
        };
        return Ok(format!(", but {} is paused {until}", pause.what()));
    }
    Ok(blocked.map_or_else(String::new, |why| format!(", but account {} is blocked: {why}", post.account)))
}

/// The last words of a dry run. `would`: whether the same command would change anything.
fn end_dry_run(would: bool) {
    match would {
        true => note!("nothing was changed; without --dry-run it would be"),
        false => note!("nothing was changed, and without --dry-run nothing would be"),
    }
}

/// A refusal, with the command that is possible instead.
fn refused(home: &Home, refusal: Refusal) -> Failure {
    let text = match &refusal {
        Refusal::NotPossible { post, state } => {
            let command = |words: &str| home.command(&format!("admin {words} {post}"));
            let instead = match state {
                PostState::Scheduled => format!("waits for its time; `{}` withdraws it", command("cancel")),
                PostState::Claimed => {
                    format!("is being prepared or about to leave; `{}` withdraws it", command("cancel"))
                }
                PostState::Publishing => "is being published; wait for the answer".into(),
                PostState::InDoubt => format!(
                    "is in doubt: nobody knows yet whether it was published; look at the account's page, then `{}`",
                    command("resolve")
                ),
                PostState::Published => format!("is published; `{}` takes its story down", command("delete")),
                PostState::Deleted => {
                    "was published and taken down; to publish it again, give it a new time in its job file".into()
                }
                PostState::Missed | PostState::Failed | PostState::Cancelled => {
                    format!("is {state}; `{}` lets it go ahead", command("retry"))
                }
                PostState::Held => {
                    format!("is held; `{}` lets it go ahead, `{}` withdraws it", command("release"), command("cancel"))
                }
            };
            format!("post {post} {instead}")
        }
        Refusal::NoSuchPost(post) => no_such_post(home, *post),
        Refusal::StoryTaken(story) => {
            let list = home.command("admin stories");
            format!("the story {story} is on record for another post; `{list}` lists them")
        }
        Refusal::NotFound(story) => {
            let audit = home.command("admin audit");
            format!("no audit has found a story {story} that is not on record; `{audit}` looks at the account's list")
        }
        Refusal::Lost(_)
        | Refusal::JobGone { .. }
        | Refusal::TooSoon { .. }
        | Refusal::BeforeItsJob { .. }
        | Refusal::TimeTaken(_)
        | Refusal::Store(_) => return refusal.into(),
    };
    Failure::from(refusal).saying(text)
}

fn no_such_post(home: &Home, post: i64) -> String {
    format!("there is no post {post}; `{}` lists them", home.command("admin queue --all"))
}

/// What a person compares, for those of these posts that only a person can settle.
async fn cases(home: &Home, store: &Store, posts: &[i64]) -> Result<Vec<Case>, Failure> {
    let cases = store.cases(posts).await?;
    Ok(cases.into_iter().map(|case| case.phrased(home.in_sandbox(), |words| home.command(words))).collect())
}

/// What is wrong beside posts, accounts and stories, which have lists of their own: the job files, texts, the machine, posts to come.
async fn standing(store: &Store) -> Result<Vec<IncidentRow>, Failure> {
    let mut open = store.standing_incidents().await?;
    open.retain(|incident| incident.trouble.stands_alone());
    Ok(open)
}

/// What a full disk means, and what to do.
fn disk_full(home: &Home) -> String {
    let dir = home.data_dir.display();
    format!(
        "the disk is full: nothing is posted until there is room for {dir}; free some space (`df -h {dir}` tells where)"
    )
}

/// Who gives the order: the name of the user, as the events record it.
fn actor() -> String {
    ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()))
}
