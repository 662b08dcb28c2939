//! The calls that read stories back, and the one that deletes one.
//!
//! Owns the shape of a story on the wire, the paging and the lag of the list. Must not know how stories are made.

use serde_json::{Map, Value, json};

use super::answer::{Answer, JSON, Refusal, Reply};
use super::clock::rfc3339;
use super::event::{Event, Story};
use super::exchange::Visit;
use super::host::Host;
use super::memory::Account;

/// Stories of one page of the list.
const PAGE: usize = 18;
const NO_SUCH_STORY: Refusal = Refusal::Code(-605);

/// One story with its comments and likes, of which the sandbox has none.
pub(super) fn my_story(host: &Host, visit: &Visit<'_>, account: &Account) -> Reply {
    let id = visit.incoming.param("id").filter(|id| !id.is_empty()).ok_or(Refusal::Code(-2))?;
    let story = host.memory.story(&account.name, id).filter(|story| story.exists(visit.now)).ok_or(NO_SUCH_STORY)?;
    let mut shape = shape(host, visit, story);
    shape.insert("comments".to_owned(), json!([]));
    shape.insert("likes".to_owned(), json!([]));
    Ok(Answer::json(&Value::Object(shape)))
}

/// A page of the list: newest first, from behind `last_id` on. A story that was deleted still marks its place.
pub(super) fn my_stories(host: &Host, visit: &Visit<'_>, account: &Account) -> Reply {
    let last_id = visit.incoming.param("last_id").filter(|id| !id.is_empty());
    let stories = host.memory.newest_first(&account.name);
    let from = match last_id {
        None => 0,
        Some(id) => {
            let known = |story: &&Story| story.entry.id == id && story.entry.created_at <= visit.now;
            stories.iter().position(known).ok_or(NO_SUCH_STORY)? + 1
        }
    };
    let page =
        stories[from..].iter().filter(|story| story.exists(visit.now) && story.listed_at <= visit.now).take(PAGE);
    Ok(Answer::json(&page.map(|story| Value::Object(shape(host, visit, story))).collect()))
}

/// Deletes: 200 with an empty body, as documented.
pub(super) fn delete(host: &mut Host, visit: &Visit<'_>, account: &Account) -> Reply {
    let id = visit.incoming.param("id").filter(|id| !id.is_empty()).ok_or(Refusal::Code(-2))?;
    host.memory.story(&account.name, id).filter(|story| story.exists(visit.now)).ok_or(NO_SUCH_STORY)?;
    host.commit(vec![Event::StoryDeleted { id: id.to_owned(), at: visit.now, request: visit.number }])?;
    Ok(Answer::new(200, JSON, ""))
}

/// What both reads have in common. A link story is `NOT_SUPPORTED`; `content` is absent when there is none.
fn shape(host: &Host, visit: &Visit<'_>, story: &Story) -> Map<String, Value> {
    let entry = &story.entry;
    let media_type = match entry.kind.as_str() {
        "photo" => "PHOTO",
        "note" => "NOTE",
        _ => "NOT_SUPPORTED",
    };
    let mut shape = Map::new();
    let mut put = |key: &str, value: Value| shape.insert(key.to_owned(), value);
    put("id", json!(entry.id));
    put("url", json!(format!("https://story.kakao.com/{}", entry.id.replacen('.', "/", 1))));
    put("media_type", json!(media_type));
    put("created_at", json!(rfc3339(story.shown_created_at)));
    put("comment_count", json!(0));
    put("like_count", json!(0));
    if let Some(text) = story.shown() {
        put("content", json!(text));
    }
    if media_type == "PHOTO" {
        let base = visit.incoming.host.clone().unwrap_or_else(|| host.address.to_string());
        put("media", entry.images.iter().map(|image| media(&base, &image.path)).collect());
    }
    put("permission", json!(entry.permission));
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
