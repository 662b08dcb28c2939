//! `storyd admin delete`: stories are taken down at Kakao. The order goes into the queue; the running daemon carries it out, or,
//! when none runs, this command does.

use std::time::Duration;

use super::super::Common;
use super::super::failure::{DONE, Failure};
use super::super::output::{note, say};
use super::super::setup::{self, Engine, Home};
use super::super::show::{confirm, counted, excerpt, print_json};
use crate::domain::clock::{Clock, later};
use crate::engine::daemon;
use crate::store::queue::DeleteOrder;
use crate::store::view::{StoryKey, StoryRow};
use crate::store::{Access, Store, StoreError, Written};

/// How long the command waits for the daemon to confirm.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Posts by their number, or stories by their ID
    #[arg(required = true, value_name = "POST|STORY")]
    targets: Vec<String>,
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

pub(super) async fn run(common: &Common, home: &Home, args: Args) -> Result<u8, Failure> {
    let store = home.open().await?;
    let stories = find(home, &store, &args.targets).await?;
    let (gone, up): (Vec<_>, Vec<_>) = stories.into_iter().partition(|story| story.deleted_at.is_some());
    for story in &gone {
        note!("story {} of post {} is deleted already", story.story_id, story.post);
    }
    if args.dry_run || up.is_empty() {
        store.close().await;
        return dry(common, &up, args.dry_run);
    }
    if !args.yes {
        for story in &up {
            let says = excerpt(&story.content, 40);
            note!("story {} of post {} on {}: {says}", story.story_id, story.post, story.account);
        }
        let question = format!("take {} down at Kakao? this cannot be undone", counted(up.len(), "story"));
        if !confirm(&question)? {
            return Err(Failure::not_possible("nothing was taken down"));
        }
    }
    let executor = Executor::new(home).await?;
    let clock = Clock::system();
    let actor = super::actor();
    for story in &up {
        let order = DeleteOrder { actor: &actor, reason: &args.reason };
        if store.order_delete(story.post, order, clock.now(), clock.now()).await? == Written::Lost {
            note!("story {} was deleted meanwhile", story.story_id);
        }
    }
    let after = executor.carry_out(home, &store, &up).await?;
    store.close().await;
    report(common, home, &after)
}

/// Shows what would be taken down.
fn dry(common: &Common, up: &[StoryRow], asked: bool) -> Result<u8, Failure> {
    if common.json {
        print_json(&up)?;
    } else if !up.is_empty() {
        super::stories::columns(up).print();
    }
    if asked {
        note!("nothing was taken down; without --dry-run, {} would be", counted(up.len(), "story"));
    }
    Ok(DONE)
}

async fn find(home: &Home, store: &Store, targets: &[String]) -> Result<Vec<StoryRow>, Failure> {
    let mut found = Vec::new();
    for target in targets {
        let key = target.parse().map_or_else(|_| StoryKey::Story(target.clone()), StoryKey::Post);
        let rows = store.stories(None, Some(&key), 2).await?;
        match rows.as_slice() {
            [row] => found.push(row.clone()),
            [] => {
                return Err(Failure::no_such_thing(match key {
                    StoryKey::Post(post) if store.post(post).await?.is_none() => super::no_such_post(home, post),
                    StoryKey::Post(post) => {
                        let show = home.command(&format!("admin show {post}"));
                        format!("post {post} has no story; `{show}` tells where it stands")
                    }
                    StoryKey::Story(id) => {
                        format!("no story {id} is on record; `{}` lists them", home.command("admin stories"))
                    }
                }));
            }
            _ => {
                return Err(Failure::usage(format!("several accounts have a story {target}; name the post instead")));
            }
        }
    }
    Ok(found)
}

/// Who carries the orders out. Chosen before they are given, so that no order is left behind by a command that cannot go on.
enum Executor {
    /// The daemon that runs.
    Daemon,
    /// This process, which holds the daemon's lock meanwhile.
    Here(Box<Engine>),
}

impl Executor {
    async fn new(home: &Home) -> Result<Self, Failure> {
        match Store::open(&home.data_dir, Access::Daemon).await {
            Ok(store) => {
                let engine = setup::engine(home, store, &[]).await?;
                daemon::sweep_at_start(&engine.ctx).await?;
                Ok(Self::Here(Box::new(engine)))
            }
            Err(StoreError::Running { .. }) => Ok(Self::Daemon),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives the stories as they stand afterwards.
    async fn carry_out(self, home: &Home, store: &Store, ordered: &[StoryRow]) -> Result<Vec<StoryRow>, Failure> {
        match self {
            Self::Here(engine) => {
                for account in distinct_accounts(ordered) {
                    daemon::take_down_due(&engine.ctx, account).await?;
                }
                engine.stop().await;
                standing(store, ordered).await
            }
            Self::Daemon => {
                home.wake_daemon();
                let clock = Clock::system();
                let until = later(clock.now(), PATIENCE);
                loop {
                    let after = standing(store, ordered).await?;
                    let settled = after.iter().all(|story| story.deleted_at.is_some() || story.delete_fault.is_some());
                    if settled || clock.now() >= until {
                        return Ok(after);
                    }
                    daemon::pause(LOOK_EVERY).await;
                }
            }
        }
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

fn report(common: &Common, home: &Home, after: &[StoryRow]) -> Result<u8, Failure> {
    if common.json {
        print_json(&after)?;
    }
    let open = after.iter().filter(|story| story.deleted_at.is_none()).count();
    for story in after.iter().filter(|_| !common.json) {
        let what = format!("story {} of post {} on {}", story.story_id, story.post, story.account);
        match (&story.deleted_at, &story.delete_fault) {
            (Some(_), _) => say!("deleted   {what}"),
            (None, Some(fault)) => say!("still up  {what}: {fault}"),
            (None, None) => {
                let show = home.command(&format!("admin show {}", story.post));
                say!("ordered   {what}: not confirmed yet; `{show}` tells what happens");
            }
        }
    }
    if open == 0 {
        Ok(DONE)
    } else {
        Err(Failure::needs_attention(format!("{} not confirmed to be gone", counted(open, "story"))))
    }
}
