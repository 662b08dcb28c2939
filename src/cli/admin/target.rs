//! Which post a person means: its number, its job, its job with the day (`sale@2026-12-24`), or its story's ID. A name that means several
//! posts is answered with their list, since none of them is guessed.

use super::super::failure::Failure;
use super::names;
use crate::cli::context::CommandContext;
use crate::cli::terminal::format::{counted, excerpt, time};
use crate::cli::terminal::output::note;
use crate::domain::clock::Clock;
use crate::domain::content::composed;
use crate::domain::post::PostState;
use crate::store::Store;
use crate::store::queue::OperatorRefusal;
use crate::store::view::{NameKind, PostRow, StoryKey};

/// What the help says of such an argument.
pub(super) const HELP: &str = "The post: its number, its job, its job and day as in sale@2026-12-24, or its story's ID";
/// Posts that the answer to a name with several posts lists.
const LISTED: usize = 10;

/// What was named.
#[derive(Debug)]
enum Named {
    /// One post.
    One(i64),
    /// The posts of a job, or of one of its days, in the order of their times; not empty.
    OfJob { name: String, posts: Vec<PostRow> },
}

/// The post to look at: of a job the next one to go out, or the last one when none waits. Also says how many others the job has.
pub(super) async fn to_show(home: &CommandContext, store: &Store, text: &str) -> Result<(i64, usize), Failure> {
    match named(home, store, text).await? {
        Named::One(post) => Ok((post, 0)),
        Named::OfJob { posts, .. } => {
            let next = posts.iter().find(|post| is_open(post.state)).or_else(|| posts.last());
            let next = next.map(|post| post.post).ok_or_else(|| Failure::unexpected("a job without posts"))?;
            Ok((next, posts.len() - 1))
        }
    }
}

/// The post to act on: of a job the only one for which `may` allows it. Where it allows none, the next post, so that the refusal tells why.
pub(super) async fn to_steer(
    home: &CommandContext,
    store: &Store,
    text: &str,
    may: impl AsyncFn(&Store, i64) -> Result<(), OperatorRefusal>,
) -> Result<i64, Failure> {
    let (name, posts) = match named(home, store, text).await? {
        Named::One(post) => return Ok(post),
        Named::OfJob { name, posts } => (name, posts),
    };
    let mut possible = Vec::new();
    for post in &posts {
        match may(store, post.post).await {
            Ok(()) => possible.push(post.clone()),
            Err(OperatorRefusal::Store(error)) => return Err(error.into()),
            Err(_) => {}
        }
    }
    match possible.as_slice() {
        [only] => Ok(only.post),
        [] => {
            let next = posts.iter().find(|post| is_open(post.state)).or_else(|| posts.last());
            next.map(|post| post.post).ok_or_else(|| Failure::unexpected("a job without posts"))
        }
        several => Err(choice(home, store, &name, several).await?),
    }
}

/// The posts of a job that a take-down could mean: for what is chosen among stories.
pub(super) async fn of_job(
    home: &CommandContext,
    store: &Store,
    text: &str,
) -> Result<(String, Vec<PostRow>), Failure> {
    match named(home, store, text).await? {
        Named::One(post) => Ok((text.to_owned(), store.post(post).await?.into_iter().collect())),
        Named::OfJob { name, posts } => Ok((name, posts)),
    }
}

/// The failure that lists what a name could mean.
pub(super) async fn choice(
    home: &CommandContext,
    store: &Store,
    name: &str,
    posts: &[PostRow],
) -> Result<Failure, Failure> {
    let (now, zone) = (Clock::system().now(), home.zone(store).await?);
    let mut text = format!(
        "{name} could mean {}; name one by its number, or by its day as in `{name}@{}`:",
        counted(posts.len(), "post"),
        posts.first().map_or_else(String::new, day)
    );
    for post in posts.iter().take(LISTED) {
        let (when, says) = (time(post.due_at, &zone, now), excerpt(&post.content, 30));
        text.push_str(&format!("\n  {}  {when}  {}  {says}", post.post, post.state));
    }
    if posts.len() > LISTED {
        let list = home.command(&format!("admin queue --all --job {name}"));
        text.push_str(&format!("\n  … and {} more; `{list}` lists them all", posts.len() - LISTED));
    }
    Ok(Failure::usage(text))
}

fn is_open(state: PostState) -> bool {
    !matches!(
        state,
        PostState::Published | PostState::Deleted | PostState::Missed | PostState::Failed | PostState::Cancelled
    )
}

/// The day that its schedule named.
fn day(post: &PostRow) -> String {
    let zone = crate::domain::telling::zone(&post.zone);
    post.occurs_at.to_zoned(zone).strftime("%Y-%m-%d").to_string()
}

async fn named(home: &CommandContext, store: &Store, text: &str) -> Result<Named, Failure> {
    let text = composed(text.trim());
    if let Ok(number) = text.parse::<i64>() {
        return numbered(store, number, &text).await;
    }
    if let Some((job, nominal)) = day_of_job(&text) {
        let posts = posts_on(store, job, &nominal).await?;
        if let Some((name, posts)) = posts {
            return Ok(one_or_more(name, posts));
        }
        if let Some((name, _)) = posts_of(store, job, "").await? {
            let list = home.command(&format!("admin queue --all --job {name}"));
            return Err(Failure::no_such_thing(format!(
                "{name} has no post of {}; `{list}` lists those that it has",
                nominal.replace('T', " ")
            )));
        }
    }
    if let Some((name, posts)) = posts_of(store, &text, "").await? {
        return Ok(one_or_more(name, posts));
    }
    match store.stories(None, Some(&StoryKey::Story(text.clone())), 2).await?.as_slice() {
        [story] => return Ok(Named::One(story.post)),
        [] => {}
        _ => {
            return Err(Failure::usage(format!(
                "several accounts have a story {text}; name the post by its number instead"
            )));
        }
    }
    if store.knows(NameKind::Job, &text).await? {
        return Err(Failure::no_such_thing(format!("the job {text} has no posts in the queue")));
    }
    let asked = day_of_job(&text).map_or(text.as_str(), |(job, _)| job);
    let hint = names::did_you_mean(asked, &store.names(NameKind::Job).await?).unwrap_or_else(|| {
        format!("`{}` lists the posts with their numbers and jobs", home.command("admin queue --all"))
    });
    Err(Failure::no_such_thing(format!("there is no post, job or story {text}; {hint}")))
}

/// The post with a number. Where there is none, but a job with such a name, the job; where there are both, that is said.
async fn numbered(store: &Store, number: i64, text: &str) -> Result<Named, Failure> {
    let Some((name, posts)) = posts_of(store, text, "").await? else { return Ok(Named::One(number)) };
    match store.post(number).await? {
        None => Ok(one_or_more(name, posts)),
        Some(post) => {
            if let Some(other) = posts.iter().find(|other| other.post != number && post.job != name) {
                note!("{text} is read as post {number}; of the job {name} name the day, as in `{name}@{}`", day(other));
            }
            Ok(Named::One(number))
        }
    }
}

fn one_or_more(name: String, posts: Vec<PostRow>) -> Named {
    match posts.as_slice() {
        [only] => Named::One(only.post),
        _ => Named::OfJob { name, posts },
    }
}

/// The posts of a job, or of what was put into the queue by hand under that name.
async fn posts_of(store: &Store, job: &str, nominal: &str) -> Result<Option<(String, Vec<PostRow>)>, Failure> {
    for name in [job.to_owned(), format!("@{job}")] {
        let posts = store.posts_of(&name, nominal).await?;
        if !posts.is_empty() {
            return Ok(Some((name, posts)));
        }
    }
    Ok(None)
}

/// Those whose nominal time begins so; where none does, those that are shown under such a time: one of `at: now` names none itself.
async fn posts_on(store: &Store, job: &str, nominal: &str) -> Result<Option<(String, Vec<PostRow>)>, Failure> {
    if let Some(found) = posts_of(store, job, nominal).await? {
        return Ok(Some(found));
    }
    let Some((name, mut posts)) = posts_of(store, job, "").await? else { return Ok(None) };
    posts.retain(|post| {
        let zone = crate::domain::telling::zone(&post.zone);
        [post.occurs_at, post.due_at].into_iter().any(|at| zone.to_datetime(at).to_string().starts_with(nominal))
    });
    Ok((!posts.is_empty()).then_some((name, posts)))
}

/// `sale@2026-12-24` and `sale@2026-12-24 09:00`: the job, and how its nominal time begins.
fn day_of_job(text: &str) -> Option<(&str, String)> {
    let (job, day) = text.rsplit_once('@').filter(|(job, _)| !job.is_empty())?;
    let day = day.trim().replace(' ', "T");
    let date = day.get(..10)?;
    let time = &day[10..];
    date.parse::<jiff::civil::Date>().ok()?;
    let is_time =
        time.is_empty() || time.strip_prefix('T').is_some_and(|time| time.parse::<jiff::civil::Time>().is_ok());
    is_time.then_some((job, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_a_job_is_told_from_a_name() {
        let day = |text| day_of_job(text).map(|(job, day)| format!("{job} {day}"));
        assert_eq!(day("sale@2026-12-24").as_deref(), Some("sale 2026-12-24"));
        assert_eq!(day("세일@2026-12-24 09:00").as_deref(), Some("세일 2026-12-24T09:00"));
        assert_eq!(day("@by-hand@2026-12-24").as_deref(), Some("@by-hand 2026-12-24"));
        for none in [
            "sale",
            "@post-20261201",
            "sale@",
            "sale@tomorrow",
            "sale@2026-13-01",
            "@2026-12-24",
            "a@2026-12-24x",
            "a@2026-12-2한",
        ] {
            assert_eq!(day(none), None, "{none}");
        }
    }
}
