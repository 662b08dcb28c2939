//! The three calls that create a story.
//!
//! Owns the checks of what is posted, and the quirks of how a text is kept. Must not know how stories are read back.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use serde_json::{Map, Value, json};

use super::read::shown_id;
use super::upload::IMAGES_MAX;
use crate::faults::deceit::{self, AnswerLie, Claim, Deceit, Stamp};
use crate::faults::name::FaultName;
use crate::http::answer::{Answer, Refusal, Reply};
use crate::http::call::Call;
use crate::server::host::Host;
use crate::server::options::Normalisation;
use crate::server::visit::Visit;
use crate::state::event::{Event, LedgerEntry, LedgerImage, Story};
use crate::state::memory::{Account, Lane};

/// Longest text, counted in UTF-16 units, as the one known implementation does.
const CONTENT_MAX_UNITS: usize = 2048;

const INVALID: Refusal = Refusal::Code(-2);

/// Creates a story, or refuses with -2 what is missing or wrong.
pub(crate) fn post(host: &mut Host, visit: &Visit<'_>, account: &Account) -> Reply {
    let content = content(visit)?;
    let permission = permission(visit)?;
    let enable_share = enable_share(visit)?;
    let (kind, images, link_info) = match visit.call {
        Call::Photo => ("photo", images(host, visit, account)?, None),
        Call::Link => ("link", Vec::new(), Some(link(host, visit, account)?)),
        _ => ("note", Vec::new(), None),
    };
    let shown = content.map(|text| shown(host, visit, text));
    // Trimmed to nothing, a note is as empty as one sent empty.
    if visit.call == Call::Note && shown.as_deref() == Some("") {
        return Err(INVALID);
    }
    let param = |name| visit.incoming.param(name).map(str::to_owned);
    let id = format!("{}.{}", account.profile, host.memory.unique_text(Lane::Activity, 0));
    let key = deceit::key(&id);
    let shown = shown.map(|text| visit.fired.told(Deceit::text).fold(text, |text, lie| lie.altered(&text, key)));
    let entry = LedgerEntry {
        id: id.clone(),
        account: account.name.clone(),
        kind: kind.to_owned(),
        content: content.map(str::to_owned),
        shown_content: shown.filter(|shown| Some(shown.as_str()) != content),
        permission: permission.to_owned(),
        enable_share,
        images,
        link_info,
        android_exec_param: param("android_exec_param"),
        ios_exec_param: param("ios_exec_param"),
        android_market_param: param("android_market_param"),
        ios_market_param: param("ios_market_param"),
        created_at: visit.effect_at,
        deleted_at: None,
        request: visit.number,
        deleted_by_request: None,
    };
    if visit.fired.told(Deceit::answer).any(|told| told.lie == AnswerLie::Invented) {
        return Ok(Answer::json(&json!({ "id": id })));
    }
    let skewed = host.server_time(visit.effect_at);
    let skewed = skewed.saturating_add(host.options.quirks.created_at_skew).unwrap_or(skewed);
    let shown_created_at = visit.fired.told(Deceit::created).fold(skewed, |at, lie| {
        if let Stamp::At(lied) = lie.stamp(at, visit.now, host.started_at, key) { lied } else { at }
    });
    let listed_at = host.listed_at(visit.effect_at, visit.fired.after(FaultName::ListLag));
    host.commit(vec![Event::Story { story: Box::new(Story { entry, listed_at, shown_created_at }) }])?;
    let mut answer = answered(host, visit, account, &id);
    answer.story = Some(id);
    Ok(answer)
}

/// What a post whose story is `id` is answered with.
fn answered(host: &Host, visit: &Visit<'_>, account: &Account, id: &str) -> Answer {
    let mut named = id.to_owned();
    for lie in visit.fired.told(Deceit::answer) {
        match lie.claim(&host.memory, &account.name, id) {
            Claim::Story(other) => named = other,
            Claim::Refused(answer) => return answer,
        }
    }
    match shown_id(visit, &named) {
        Some(shown) => Answer::json(&json!({ "id": shown })),
        None => Answer::json(&json!({})),
    }
}

/// The text: needed and not empty on a note, optional elsewhere, where an empty one is none.
fn content<'a>(visit: &Visit<'a>) -> Result<Option<&'a str>, Refusal> {
    let content = visit.incoming.param("content").filter(|text| !text.is_empty());
    let too_long = content.is_some_and(|text| text.encode_utf16().count() > CONTENT_MAX_UNITS);
    if too_long || (content.is_none() && visit.call == Call::Note) {
        return Err(INVALID);
    }
    Ok(content)
}

fn permission(visit: &Visit<'_>) -> Result<&'static str, Refusal> {
    match visit.incoming.param("permission") {
        None | Some("A") => Ok("PUBLIC"),
        Some("F") => Ok("FRIEND"),
        Some("M") => Ok("ONLY_ME"),
        Some(_) => Err(INVALID),
    }
}

fn enable_share(visit: &Visit<'_>) -> Result<bool, Refusal> {
    visit.incoming.param("enable_share").map_or(Ok(false), |text| boolean(text).ok_or(INVALID))
}

/// A boolean as clients write it.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// The images: a JSON array of 1 to 10 paths that this account uploaded, as answered.
fn images(host: &Host, visit: &Visit<'_>, account: &Account) -> Result<Vec<LedgerImage>, Refusal> {
    let list = visit.incoming.param("image_url_list").ok_or(INVALID)?;
    let paths: Vec<String> = serde_json::from_str(list).map_err(|_| INVALID)?;
    if !(1..=IMAGES_MAX).contains(&paths.len()) {
        return Err(INVALID);
    }
    let mut images = Vec::new();
    for path in &paths {
        let upload = host.memory.uploads.get(path).filter(|upload| upload.account == account.name).ok_or(INVALID)?;
        let age = visit.now.duration_since(upload.at).unsigned_abs();
        if host.options.quirks.upload_lifetime.is_some_and(|lifetime| age > lifetime) {
            return Err(INVALID);
        }
        images.push(upload.image.clone());
    }
    if images.len() > 1 && images.iter().any(|image| image.format == "gif") {
        return Err(Refusal::Code(-606));
    }
    Ok(images)
}

/// The page: a JSON object that this account was answered by linkinfo, or some of its keys with the same values.
fn link(host: &Host, visit: &Visit<'_>, account: &Account) -> Result<Map<String, Value>, Refusal> {
    let text = visit.incoming.param("link_info").ok_or(INVALID)?;
    let info: Map<String, Value> = serde_json::from_str(text).map_err(|_| INVALID)?;
    if host.memory.knows_link(&account.name, &info) { Ok(info) } else { Err(INVALID) }
}

/// The text as Kakao will show it.
fn shown(host: &Host, visit: &Visit<'_>, content: &str) -> String {
    let quirks = &host.options.quirks;
    let mut text = content.to_owned();
    if quirks.trim_content || visit.fired.has(FaultName::TrimContent) {
        text = text.trim().to_owned();
    }
    if quirks.crlf_content || visit.fired.has(FaultName::CrlfContent) {
        text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    if quirks.normalisation == Some(Normalisation::Nfc) || visit.fired.has(FaultName::NfcContent) {
        text = ComposingNormalizerBorrowed::new_nfc().normalize(&text).into_owned();
    }
    if quirks.normalisation == Some(Normalisation::Nfd) || visit.fired.has(FaultName::NfdContent) {
        text = DecomposingNormalizerBorrowed::new_nfd().normalize(&text).into_owned();
    }
    text
}
