//! The calls that read stories back, and the one that deletes one.
//!
//! Owns the shape of a story on the wire, the paging and the lag of the list. Must not know how stories are made.

use serde_json::{Map, Value, json};

use crate::faults::deceit::{self, AnswerLie, Deceit, ListLie, Stamp, Told, Whose};
use crate::http::answer::{Answer, JSON, Refusal, Reply};
use crate::server::host::Host;
use crate::server::visit::Visit;
use crate::state::event::{Event, Story};
use crate::state::memory::Account;

/// Stories of one page of the list.
const PAGE: usize = 18;
const NO_SUCH_STORY: Refusal = Refusal::Code(-605);

/// One story with its comments and likes, of which the sandbox has none.
pub(crate) fn my_story(host: &Host, visit: &Visit<'_>, account: &Account) -> Reply {
    let id = visit.incoming.param("id").filter(|id| !id.is_empty()).ok_or(Refusal::Code(-2))?;
    let lies: Vec<AnswerLie> = visit.fired.told(Deceit::answer).map(|told| told.lie).collect();
    if lies.contains(&AnswerLie::Denies) {
        return Err(NO_SUCH_STORY);
    }
    let exists = |story: &&Story| {
        story.exists(visit.now) || (lies.contains(&AnswerLie::Insists) && story.entry.created_at <= visit.now)
    };
    let stories = host.memory.newest_first(&account.name);
    let mut story = stories.iter().copied().filter(exists).find(|story| is_called(visit, story, id));
    if lies.contains(&AnswerLie::Another) {
        story = stories.iter().copied().filter(exists).find(|story| !is_called(visit, story, id));
    }
    let mut shape = shape(host, visit, story.ok_or(NO_SUCH_STORY)?);
    shape.insert("comments".to_owned(), json!([]));
    shape.insert("likes".to_owned(), json!([]));
    Ok(Answer::json(&Value::Object(shape)))
}

/// A page of the list: newest first, from behind `last_id` on. A story that was deleted still marks its place.
pub(crate) fn my_stories(host: &Host, visit: &Visit<'_>, account: &Account) -> Reply {
    let last_id = visit.incoming.param("last_id").filter(|id| !id.is_empty());
    let lies: Vec<Told<ListLie>> = visit.fired.told(Deceit::list).collect();
    let mut stories = listed(host, account, &lies);
    for lie in &lies {
        lie.choose(&mut stories, visit.now);
    }
    let mut from = match last_id {
        None => 0,
        Some(id) => behind(host, visit, account, &stories, id, &lies)?,
    };
    let mut length = PAGE;
    for lie in &lies {
        from = lie.from(from, last_id.is_some(), stories.len());
        length = lie.length(length, last_id.is_some());
    }
    let deleted_too = lies.iter().any(|told| told.lie == ListLie::ShowsDeleted);
    let is_shown = |story: &&&Story| {
        let exists = story.exists(visit.now) || (deleted_too && story.entry.created_at <= visit.now);
        exists && story.listed_at <= visit.now
    };
    let page = stories.get(from..).unwrap_or_default().iter().filter(is_shown).take(length);
    let mut page: Vec<Map<String, Value>> = page.map(|story| shape(host, visit, story)).collect();
    for lie in &lies {
        lie.doctor(&mut page, &account.profile, last_id, visit.now);
    }
    let page = Value::Array(page.into_iter().map(Value::Object).collect());
    Ok(Answer::json(&lies.iter().fold(page, |page, lie| lie.body(page))))
}

/// The stories that the list is made of, newest first: those of the account, unless the list lies.
fn listed<'a>(host: &'a Host, account: &Account, lies: &[Told<ListLie>]) -> Vec<&'a Story> {
    let whose = lies.iter().map(|told| told.lie.whose()).find(|whose| *whose != Whose::Own).unwrap_or(Whose::Own);
    let others = host.memory.accounts.iter().filter(|other| match whose {
        Whose::Own => other.name == account.name,
        Whose::Others => other.name != account.name,
        Whose::All => true,
    });
    let mut stories: Vec<&Story> = others.flat_map(|other| host.memory.newest_first(&other.name)).collect();
    stories.sort_by_key(|story| std::cmp::Reverse(story.entry.created_at));
    stories
}

/// The place in the list behind the story called `id`.
fn behind(
    host: &Host,
    visit: &Visit<'_>,
    account: &Account,
    stories: &[&Story],
    id: &str,
    lies: &[Told<ListLie>],
) -> Result<usize, Refusal> {
    if let Some(place) = stories.iter().position(|story| is_called(visit, story, id)) {
        return Ok(place + 1);
    }
    if lies.iter().any(|lie| lie.knows(id)) {
        return Ok(stories.len());
    }
    // One that this look does not show still marks its place.
    let gone = host.memory.story(&account.name, id).filter(|story| story.entry.created_at <= visit.now);
    let at = gone.ok_or(NO_SUCH_STORY)?.entry.created_at;
    Ok(stories.iter().position(|story| story.entry.created_at < at).unwrap_or(stories.len()))
}

/// Whether a client that was told what this request tells can mean `story` by `id`.
fn is_called(visit: &Visit<'_>, story: &Story, id: &str) -> bool {
    let shown = match shown_id(visit, &story.entry.id) {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    story.entry.created_at <= visit.now && (story.entry.id == id || shown == id)
}

/// What a story is called, right or not; `None`: nothing.
pub(crate) fn shown_id(visit: &Visit<'_>, right: &str) -> Option<Value> {
    // Of several lies about it the last one counts.
    match visit.fired.told(Deceit::id).last() {
        Some(lie) => lie.shown(right),
        None => Some(json!(right)),
    }
}

/// Deletes: 200 with an empty body, as documented.
pub(crate) fn delete(host: &mut Host, visit: &Visit<'_>, account: &Account) -> Reply {
    let id = visit.incoming.param("id").filter(|id| !id.is_empty()).ok_or(Refusal::Code(-2))?;
    host.memory.story(&account.name, id).filter(|story| story.exists(visit.now)).ok_or(NO_SUCH_STORY)?;
    host.commit(vec![Event::StoryDeleted { id: id.to_owned(), at: visit.now, request: visit.number }])?;
    Ok(Answer::new(200, JSON, ""))
}

/// What both reads have in common. A link story is `NOT_SUPPORTED`; `content` is absent when there is none.
fn shape(host: &Host, visit: &Visit<'_>, story: &Story) -> Map<String, Value> {
    let entry = &story.entry;
    let key = deceit::key(&entry.id);
    let media_type = match entry.kind.as_str() {
        "photo" => "PHOTO",
        "note" => "NOTE",
        _ => "NOT_SUPPORTED",
    };
    let mut shape = Map::new();
    let mut put = |key: &str, value: Option<Value>| value.map(|value| shape.insert(key.to_owned(), value));
    put("id", shown_id(visit, &entry.id));
    put("url", Some(json!(format!("https://story.kakao.com/{}", entry.id.replacen('.', "/", 1)))));
    put("media_type", Some(json!(media_type)));
    let created = visit.fired.told(Deceit::created).fold(Stamp::At(story.shown_created_at), |stamp, lie| match stamp {
        Stamp::At(at) => lie.stamp(at, visit.now, host.started_at, key),
        other => other,
    });
    put("created_at", created.value());
    put("comment_count", Some(json!(0)));
    put("like_count", Some(json!(0)));
    let right = story.shown().map(|text| json!(text));
    let content = visit.fired.told(Deceit::text).fold(right, |shown, lie| match shown {
        Some(Value::String(text)) => lie.shown(&text, key),
        other => other,
    });
    put("content", content);
    if media_type == "PHOTO" {
        let base = visit.incoming.host.clone().unwrap_or_else(|| host.address.to_string());
        put("media", Some(entry.images.iter().map(|image| media(&base, &image.path)).collect()));
    }
    put("permission", Some(json!(entry.permission)));
    for lie in visit.fired.told(Deceit::shape) {
        lie.lie.change(&mut shape);
    }
    shape
}

/// One image in its five sizes; the smaller ones are JPEG by name, as in the documents.
fn media(base: &str, path: &str) -> Value {
    let (file, query) = path.split_once('?').unwrap_or((path, ""));
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let sized = |size: &str| format!("http://{base}/dn{folder}/img_{size}.jpg?{query}");
    json!({
        "original": format!("http://{base}/dn{path}"),
        "xlarge": sized("xl"),
        "large": sized("l"),
        "medium": sized("m"),
        "small": sized("s"),
    })
}
