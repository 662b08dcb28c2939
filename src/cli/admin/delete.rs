//! `storyd admin delete`: stories are taken down at Kakao. The order goes into the queue; the running daemon carries it out, or,
//! when none runs, this command does.

use std::time::Duration;

use super::super::Common;
use super::super::failure::{DONE, Failure};
use super::super::setup::{self, Home};
use super::super::show::{confirm, counted, print_json};
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
    let store = super::open(home).await?;
    let stories = find(&store, &args.targets).await?;
    let (gone, up): (Vec<_>, Vec<_>) = stories.into_iter().partition(|story| story.deleted_at.is_some());
    for story in &gone {
        anstream::eprintln!("story {} of post {} is deleted already", story.story_id, story.post);
    }
    if !up.is_empty() && !common.json {
        super::stories::print(&up);
    }
    if args.dry_run || up.is_empty() {
        if common.json {
            print_json(&up)?;
        }
        store.close().await;
        return Ok(DONE);
    }
    let question = format!("take {} down at Kakao? this cannot be undone", counted(up.len(), "story"));
    if !args.yes && !confirm(&question)? {
        return Err(Failure::not_possible("nothing was taken down"));
    }
    let clock = Clock::system();
    let actor = super::actor();
    for story in &up {
        let order = DeleteOrder { actor: &actor, reason: &args.reason };
        if store.order_delete(story.post, order, clock.now(), clock.now()).await? == Written::Lost {
            anstream::eprintln!("story {} was deleted meanwhile", story.story_id);
        }
    }
    store.close().await;
    let after = carry_out(common, home, &up).await?;
    report(common, &after)
}

async fn find(store: &Store, targets: &[String]) -> Result<Vec<StoryRow>, Failure> {
    let mut found = Vec::new();
    for target in targets {
        let key = target.parse().map_or_else(|_| StoryKey::Story(target.clone()), StoryKey::Post);
        let rows = store.stories(None, Some(&key), 2).await?;
        match rows.as_slice() {
            [row] => found.push(row.clone()),
            [] => {
                return Err(Failure::no_such_thing(match key {
                    StoryKey::Post(post) => {
                        format!("post {post} has no story; `storyd admin show {post}` tells where it stands")
                    }
                    StoryKey::Story(id) => format!("no story {id} is on record; `storyd admin stories` lists them"),
                }));
            }
            _ => {
                return Err(Failure::usage(format!("several accounts have a story {target}; name the post instead")));
            }
        }
    }
    Ok(found)
}

/// Has the orders carried out, by the daemon or here, and gives the stories as they stand afterwards.
async fn carry_out(common: &Common, home: &Home, ordered: &[StoryRow]) -> Result<Vec<StoryRow>, Failure> {
    match Store::open(&home.data_dir, Access::Daemon).await {
        Ok(store) => {
            let engine = setup::engine(common, home, store, &[]).await?;
            daemon::sweep_at_start(&engine.ctx).await?;
            for account in distinct_accounts(ordered) {
                daemon::take_down_due(&engine.ctx, account).await?;
            }
            let after = standing(&engine.ctx.store, ordered).await?;
            engine.stop().await;
            Ok(after)
        }
        Err(StoreError::Running { .. }) => {
            home.wake_daemon();
            let store = super::open(home).await?;
            let clock = Clock::system();
            let until = later(clock.now(), PATIENCE);
            loop {
                let after = standing(&store, ordered).await?;
                let settled = after.iter().all(|story| story.deleted_at.is_some() || story.delete_fault.is_some());
                if settled || clock.now() >= until {
                    store.close().await;
                    return Ok(after);
                }
                daemon::pause(LOOK_EVERY).await;
            }
        }
        Err(error) => Err(error.into()),
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

fn report(common: &Common, after: &[StoryRow]) -> Result<u8, Failure> {
    if common.json {
        print_json(&after)?;
    }
    let open = after.iter().filter(|story| story.deleted_at.is_none()).count();
    for story in after.iter().filter(|_| !common.json) {
        match (&story.deleted_at, &story.delete_fault) {
            (Some(_), _) => anstream::println!("deleted  {}  (post {})", story.story_id, story.post),
            (None, Some(fault)) => anstream::println!("still up  {}  (post {}): {fault}", story.story_id, story.post),
            (None, None) => anstream::println!(
                "ordered  {}  (post {}): not confirmed yet; `storyd admin show {1}` tells what happens",
                story.story_id,
                story.post
            ),
        }
    }
    if open == 0 {
        Ok(DONE)
    } else {
        Err(Failure::needs_attention(format!("{} not confirmed to be gone", counted(open, "story"))))
    }
}
