//! `storyd admin delete`: stories are taken down at Kakao. The order goes into the queue; the running daemon carries it out, or,
//! when none runs, this command does.

use std::time::Duration;

use super::super::failure::{DONE, Failure};
use super::super::flags::Common;
use super::filter::Filter;
use super::target;
use super::{refusal, steering};
use crate::cli::context::{self, CommandContext, CommandEngine};
use crate::cli::terminal::format::{confirm, counted, excerpt, print_json};
use crate::cli::terminal::output::{note, say, steer};
use crate::domain::clock::{Clock, later};
use crate::domain::duration;
use crate::domain::telling;
use crate::engine::daemon;
use crate::engine::sleep;
use crate::store::queue::DeleteOrder;
use crate::store::view::{Deletions, ROWS_MAX, StoryFilter, StoryKey, StoryRow, StoryStands};
use crate::store::{Access, Store, StoreError};

/// How long the command waits without anything happening.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The same for a large order, which is counted each time.
const LOOK_EVERY_LARGE: Duration = Duration::from_secs(2);
/// From here on an order is large.
const LARGE: usize = 500;
/// Orders that share a transaction.
const BATCH: usize = 200;
/// Stories that a preview shows, and that a report names one by one.
const SHOWN: usize = 20;
/// Without a daemon: how long the next try may be away.
const SOON: Duration = Duration::from_secs(30);
/// Most stories of one order.
const STORIES_MAX: usize = 1_000_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Posts by their number, job, or job and day as in sale@2026-12-24; or stories by their ID
    #[arg(value_name = "POST|STORY")]
    targets: Vec<String>,
    /// Every story that is up and fits the flags below, all of them together
    #[command(flatten)]
    filter: Filter,
    /// Every story that is up
    #[arg(long, conflicts_with = "targets")]
    all: bool,
    /// Between two deletions, so that a large order is no salvo
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = read_duration)]
    every: Duration,
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Only show what would be taken down
    #[arg(long)]
    dry_run: bool,
}

fn read_duration(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|error| error.advised(text))
}

pub(super) async fn run(common: &Common, home: &CommandContext, args: Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let stories = chosen(home, &store, &args).await?;
    let zone = home.zone(&store).await?;
    let (gone, up): (Vec<_>, Vec<_>) = stories.into_iter().partition(|story| story.deleted_at.is_some());
    for story in &gone {
        note!("story {} of post {} is deleted already", story.story_id, story.post);
    }
    if args.dry_run || up.is_empty() {
        store.close().await;
        return dry(common, home, &up, args.dry_run, &zone);
    }
    if !args.yes {
        preview(&up);
        let question = format!("take {} down at Kakao? this cannot be undone", counted(up.len(), "story"));
        if !confirm(&question)? {
            return Err(Failure::not_possible("nothing was taken down"));
        }
    }
    let executor = Executor::new(home).await?;
    let clock = Clock::system();
    let actor = steering::actor();
    let order = DeleteOrder { actor: &actor, reason: &args.reason };
    let posts: Vec<i64> = up.iter().map(|story| story.post).collect();
    let mut at = clock.now();
    for batch in posts.chunks(BATCH) {
        store.order_deletes(batch, order, (at, args.every), clock.now()).await?;
        at = later(at, args.every * u32::try_from(batch.len()).unwrap_or(u32::MAX));
    }
    if posts.len() > 1 {
        note!(
            "{} ordered; an interruption stops this command, not the order: the daemon goes on with it",
            counted(posts.len(), "deletion")
        );
    }
    executor.carry_out(home, &store, &up).await?;
    let after = standing(&store, &up).await?;
    store.close().await;
    report(common, home, &after)
}

/// What was named, or what the flags leave.
async fn chosen(home: &CommandContext, store: &Store, args: &Args) -> Result<Vec<StoryRow>, Failure> {
    if !args.targets.is_empty() {
        if !args.filter.is_empty() {
            return Err(Failure::usage("name posts and stories, or choose them by flags; both at once is not clear"));
        }
        return find(home, store, &args.targets).await;
    }
    if args.filter.is_empty() && !args.all {
        return Err(Failure::usage(
            "nothing was chosen: name posts or stories, or use --job, --tag, --account, --since, --until; --all means every story",
        ));
    }
    super::names::check_filter(home, store, &args.filter).await?;
    let zone = home.zone(store).await?;
    let (from, until) = args.filter.period(&telling::zone(&zone), Clock::system().now())?;
    let Filter { account, job, tag, .. } = args.filter.clone();
    let filter = StoryFilter { account, job, tag, from, until, stands: StoryStands::Up };
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let (page, end) = store.story_page(&filter, after, ROWS_MAX).await?;
        found.extend(page);
        if found.len() > STORIES_MAX {
            return Err(Failure::usage(format!("more than {STORIES_MAX} stories: choose fewer, as with --until")));
        }
        if end.is_none() {
            break;
        }
        after = end;
    }
    if found.is_empty() {
        note!("no such story is up");
    }
    Ok(found)
}

/// Says what is about to go, before the question.
fn preview(up: &[StoryRow]) {
    for story in up.iter().take(SHOWN) {
        let says = excerpt(&story.content, 40);
        note!("story {} of post {} on {}: {says}", story.story_id, story.post, story.account);
    }
    if up.len() > SHOWN {
        note!("… and {} more", counted(up.len() - SHOWN, "story"));
    }
    for account in distinct_accounts(up) {
        let stories = up.iter().filter(|story| story.account == account).count();
        note!("{} on {account}", counted(stories, "story"));
    }
}

/// Shows what would be taken down.
fn dry(common: &Common, home: &CommandContext, up: &[StoryRow], asked: bool, zone: &str) -> Result<u8, Failure> {
    if common.json {
        print_json(&up)?;
    } else if !up.is_empty() {
        super::stories::columns(up, zone, &home.settings.titles()).print();
    }
    if asked {
        note!("nothing was taken down; without --dry-run, {} would be", counted(up.len(), "story"));
    }
    Ok(DONE)
}

async fn find(home: &CommandContext, store: &Store, targets: &[String]) -> Result<Vec<StoryRow>, Failure> {
    let mut found = Vec::new();
    for target in targets {
        let (name, posts) = target::of_job(home, store, target).await?;
        let (mut stories, mut up) = (Vec::new(), Vec::new());
        for post in posts {
            if let Some(story) = store.stories(None, Some(&StoryKey::Post(post.post)), 1).await?.pop() {
                if story.deleted_at.is_none() {
                    up.push(post);
                }
                stories.push(story);
            }
        }
        match (stories.as_slice(), up.as_slice()) {
            ([], _) => {
                let (post, _) = target::to_show(home, store, target).await?;
                return Err(Failure::no_such_thing(if store.post(post).await?.is_none() {
                    refusal::no_such_post(home, post)
                } else {
                    let show = home.command(&format!("admin show {post}"));
                    format!("post {post} has no story; `{show}` tells where it stands")
                }));
            }
            ([only], _) => found.push(only.clone()),
            (_, [one]) => found.extend(stories.iter().find(|story| story.post == one.post).cloned()),
            (_, []) => found.extend(stories.into_iter().next_back()),
            (_, several) => return Err(target::choice(home, store, &name, several).await?),
        }
    }
    Ok(found)
}

/// Who carries the orders out. Chosen before they are given, so that no order is left behind by a command that cannot go on.
enum Executor {
    /// The daemon that runs.
    Daemon,
    /// This process, which holds the daemon's lock meanwhile.
    Here(Box<CommandEngine>),
}

impl Executor {
    async fn new(home: &CommandContext) -> Result<Self, Failure> {
        match Store::open(&home.data_dir, Access::Daemon).await {
            Ok(store) => {
                let engine = context::engine(home, store, &[]).await?;
                daemon::sweep_at_start(&engine.ctx).await?;
                Ok(Self::Here(Box::new(engine)))
            }
            Err(StoreError::Running { .. }) => Ok(Self::Daemon),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until every story is gone or given up, or nothing happens any more.
    async fn carry_out(self, home: &CommandContext, store: &Store, ordered: &[StoryRow]) -> Result<(), Failure> {
        let clock = Clock::system();
        let posts: Vec<i64> = ordered.iter().map(|story| story.post).collect();
        let look_every = if posts.len() >= LARGE { LOOK_EVERY_LARGE } else { LOOK_EVERY };
        let (mut last, mut until) = (Deletions::default(), later(clock.now(), PATIENCE));
        home.wake_daemon();
        loop {
            let begun_at = clock.now();
            if let Self::Here(engine) = &self {
                for account in distinct_accounts(ordered) {
                    daemon::take_down_due(&engine.ctx, account).await?;
                }
            }
            let now = clock.now();
            let done = store.deletions(&posts).await?;
            if (done.deleted, done.failed) != (last.deleted, last.failed) {
                progress(&done, posts.len());
                until = later(now, PATIENCE);
            }
            last = done;
            // Without a daemon nobody waits for a try that is far away; the next daemon makes it.
            let far = matches!(self, Self::Here(_)) && done.next_at.is_some_and(|at| at > later(now, SOON));
            // What fell due while another account was served is for the next round.
            let stuck = matches!(self, Self::Here(_)) && done.next_at.is_some_and(|at| at <= begun_at);
            if done.next_at.is_none() || far || stuck || now >= until {
                break;
            }
            sleep::pause(look_every).await;
        }
        if let Self::Here(engine) = self {
            engine.stop().await;
        }
        Ok(())
    }
}

/// One line that is written anew, on a terminal alone.
fn progress(done: &Deletions, all: usize) {
    use std::io::IsTerminal;
    if all > 1 && std::io::stderr().is_terminal() {
        let failed = if done.failed > 0 { format!(", {} given up", done.failed) } else { String::new() };
        steer(std::io::stderr(), "\x1b[1A\x1b[2K");
        note!("{} of {all} taken down{failed}", done.deleted);
    }
}

fn distinct_accounts(stories: &[StoryRow]) -> std::collections::BTreeSet<&str> {
    stories.iter().map(|story| story.account.as_str()).collect()
}

async fn standing(store: &Store, ordered: &[StoryRow]) -> Result<Vec<StoryRow>, Failure> {
    let mut after = Vec::new();
    for story in ordered {
        after.extend(store.stories(None, Some(&StoryKey::Post(story.post)), 1).await?);
    }
    Ok(after)
}

fn report(common: &Common, home: &CommandContext, after: &[StoryRow]) -> Result<u8, Failure> {
    if common.json {
        print_json(&after)?;
    }
    let open = after.iter().filter(|story| story.deleted_at.is_none()).count();
    let (mut named, mut deleted) = (0, 0);
    for story in after.iter().filter(|_| !common.json) {
        let what = format!("story {} of post {} on {}", story.story_id, story.post, story.account);
        match (&story.deleted_at, &story.delete_fault) {
            (Some(_), _) if named >= SHOWN => deleted += 1,
            (Some(_), _) => {
                named += 1;
                say!("deleted   {what}");
            }
            (None, Some(fault)) => say!("still up  {what}: {fault}"),
            (None, None) => {
                let show = home.command(&format!("admin show {}", story.post));
                say!("ordered   {what}: not confirmed yet; `{show}` tells what happens");
            }
        }
    }
    if deleted > 0 {
        say!("deleted   {deleted} more");
    }
    if open == 0 {
        Ok(DONE)
    } else {
        Err(Failure::needs_attention(format!("{} not confirmed to be gone", counted(open, "story"))))
    }
}
