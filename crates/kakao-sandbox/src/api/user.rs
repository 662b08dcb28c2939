//! The calls about the user: Kakao Story user or not, profile, token info, consents.
//!
//! Owns the list of consent items. Must not know how consents are given.

use serde_json::{Map, Value, json};

use super::post::boolean;
use crate::http::answer::{Answer, Refusal, Reply};
use crate::server::host::Host;
use crate::server::visit::Visit;
use crate::state::clock::seconds_until;
use crate::state::memory::Account;

/// The number of the one app that the sandbox emulates.
const APP_ID: i64 = 123_456;

/// A consent item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    pub(crate) id: &'static str,
    pub(crate) display_name: &'static str,
    kind: &'static str,
}

/// Every consent item of the app; an account starts with all of them agreed.
pub(crate) const ALL_SCOPES: [Scope; 7] = [
    Scope { id: "profile", display_name: "프로필 정보(닉네임/프로필 사진)", kind: "PRIVACY" },
    Scope { id: "profile_nickname", display_name: "닉네임", kind: "PRIVACY" },
    Scope { id: "profile_image", display_name: "프로필 사진", kind: "PRIVACY" },
    Scope { id: "birthday", display_name: "생일", kind: "PRIVACY" },
    Scope { id: "story_permalink", display_name: "카카오스토리 프로필 URL", kind: "PRIVACY" },
    Scope { id: "story_read", display_name: "카카오스토리 글 목록", kind: "SERVICE" },
    Scope { id: "story_publish", display_name: "카카오스토리 글 작성", kind: "SERVICE" },
];

pub(crate) fn is_story_user(account: &Account) -> Answer {
    Answer::json(&json!({ "isStoryUser": account.is_story_user }))
}

/// The profile, as far as the user agreed to show it; `{}` when to nothing.
pub(crate) fn profile(visit: &Visit<'_>, account: &Account) -> Reply {
    let secure = match visit.incoming.param("secure_resource") {
        None => false,
        Some(text) => boolean(text).ok_or(Refusal::Code(-2))?,
    };
    let scheme = if secure { "https" } else { "http" };
    let image = |name: &str| json!(format!("{scheme}://image.kakao.example/{}/{name}.jpg", account.profile));
    let agreed = |scope: &str| account.scopes.contains(scope);
    let mut profile = Map::new();
    let mut put = |key: &str, value: Value| profile.insert(key.to_owned(), value);
    if agreed("profile") || agreed("profile_nickname") {
        put("nickName", json!(account.name));
    }
    if agreed("profile") || agreed("profile_image") {
        put("profileImageURL", image("profile"));
        put("thumbnailURL", image("thumbnail"));
        put("bgImageURL", image("background"));
    }
    if agreed("story_permalink") {
        put("permalink", json!(format!("https://story.kakao.com/{}", account.profile)));
    }
    if agreed("birthday") {
        put("birthday", json!("1231"));
        put("birthdayType", json!("SOLAR"));
    }
    Ok(Answer::json(&Value::Object(profile)))
}

pub(crate) fn token_info(host: &Host, visit: &Visit<'_>, account: &Account) -> Reply {
    let token = visit.incoming.bearer.as_deref().and_then(|token| host.memory.access.get(token));
    let expires_at = token.ok_or(Refusal::Code(-401))?.expires_at;
    let expires_in = seconds_until(visit.now, expires_at);
    Ok(Answer::json(&json!({ "id": account.user_id, "expires_in": expires_in, "app_id": APP_ID })))
}

/// The consent items, all or those of the `scopes` parameter, a JSON array of their names.
pub(crate) fn scopes(visit: &Visit<'_>, account: &Account) -> Reply {
    let wanted: Option<Vec<String>> = match visit.incoming.param("scopes") {
        None => None,
        Some(text) => Some(serde_json::from_str(text).map_err(|_| Refusal::Code(-2))?),
    };
    let is_wanted = |scope: &&Scope| wanted.as_ref().is_none_or(|wanted| wanted.iter().any(|id| id == scope.id));
    let shape = |scope: &Scope| {
        let agreed = account.scopes.contains(scope.id);
        let mut shape = json!({
            "id": scope.id,
            "display_name": scope.display_name,
            "type": scope.kind,
            "using": true,
            "agreed": agreed,
        });
        if agreed {
            shape["revocable"] = json!(true);
        }
        shape
    };
    let scopes: Vec<Value> = ALL_SCOPES.iter().filter(is_wanted).map(shape).collect();
    Ok(Answer::json(&json!({ "id": account.user_id, "scopes": scopes })))
}
