//! What a notice says of one incident, or of one story.

use super::super::context::Ctx;
use super::super::report::Result;
use super::super::rules::Telling;
use crate::domain::notice::{Item, Notice, Phase};
use crate::domain::telling::story_url;
use crate::store::view::{IncidentRow, PostNews};

/// So many posts in doubt are told with what a person compares; the others by name.
const CASES_MAX: usize = 5;

pub(super) fn item(incident: &IncidentRow, phase: Phase, telling: &Telling) -> Item {
    let over = phase == Phase::Ended;
    let outcome = incident.outcome.clone().unwrap_or_default();
    Item {
        post: incident.post,
        job: incident.job.clone(),
        account: incident.account.clone(),
        account_title: incident.account.as_ref().and_then(|account| telling.titles.get(account)).cloned(),
        at: if over { incident.ended_at } else { Some(incident.began_at) },
        reason: if over { outcome } else { incident.reason.clone() },
        command: if over { String::new() } else { incident.command.clone() },
        ..Item::default()
    }
}

pub(super) fn publication(event: &PostNews, telling: &Telling) -> Item {
    let story = event.story_id.clone().unwrap_or_default();
    Item {
        post: Some(event.post),
        job: Some(event.job.clone()),
        account: Some(event.account.clone()),
        account_title: telling.titles.get(&event.account).cloned(),
        at: Some(event.at),
        reason: format!("story {story}"),
        url: story_url(&story),
        ..Item::default()
    }
}

/// Adds to each item that is about a post what the post says, and when and where: its reader may have no terminal.
pub(super) async fn describe(ctx: &Ctx, notices: &mut [Notice]) -> Result<()> {
    let items = || notices.iter().flat_map(|notice| &notice.items);
    let numbers: Vec<i64> = items().filter_map(|item| item.post).collect();
    if numbers.is_empty() {
        return Ok(());
    }
    let posts = ctx.store.posts_numbered(&numbers).await?;
    for item in notices.iter_mut().flat_map(|notice| &mut notice.items) {
        let post = posts.iter().find(|post| Some(post.post) == item.post);
        item.about = post.map(|post| ctx.rules.telling.about(post));
    }
    Ok(())
}

/// Puts what a person compares with each post that only a person can settle.
pub(super) async fn tell_cases(ctx: &Ctx, items: &mut [Item]) -> Result<()> {
    let posts: Vec<i64> = items.iter().take(CASES_MAX).filter_map(|item| item.post).collect();
    let telling = &ctx.rules.telling;
    for case in ctx.store.cases(&posts).await? {
        let case = case.phrased(false, |words| telling.command(words));
        for item in items.iter_mut().filter(|item| item.post == Some(case.post)) {
            item.case = case.lines(&telling.zone);
        }
    }
    Ok(())
}
