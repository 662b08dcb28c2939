//! The scraping of a page: a description made up from the URL alone. Never fetches anything.
//!
//! Owns what a page "says". The page of the documents' sample is answered as they print it, so that their sample post works.

use serde_json::{Map, Value, json};
use url::Url;

use crate::faults::deceit::{AnswerLie, Deceit};
use crate::http::answer::{Answer, Refusal, Reply};
use crate::server::host::Host;
use crate::server::visit::Visit;
use crate::state::event::Event;
use crate::state::memory::Account;
use crate::state::numbers::{base62, mix};

/// Hosts whose first label is this cannot be scraped (-604).
const UNSCRAPABLE: &str = "unscrapable";
/// Hosts whose first label is this say something else on each day (UTC).
const CHANGING: &str = "changing";

const DAY_MICROS: i64 = 86_400_000_000;

/// Describes the page behind `url` and remembers that this account was told.
pub(crate) fn link_info(host: &mut Host, visit: &Visit<'_>, account: &Account) -> Reply {
    let requested = visit.incoming.param("url").ok_or(Refusal::Code(-2))?;
    let url = Url::parse(requested).map_err(|_| Refusal::Code(-2))?;
    let name = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")).ok_or(Refusal::Code(-2))?;
    if name.split('.').next() == Some(UNSCRAPABLE) {
        return Err(Refusal::Code(-604));
    }
    let mut info = if visit.fired.told(Deceit::answer).any(|told| told.lie == AnswerLie::AnotherPage) {
        let other = format!("https://other.example.com{}", url.path());
        match Url::parse(&other) {
            Ok(url) => describe(&other, &url, "other.example.com"),
            Err(_) => Map::new(),
        }
    } else {
        describe(requested, &url, name)
    };
    if name.split('.').next() == Some(CHANGING) {
        info.insert(
            "title".to_owned(),
            json!(format!("{name} on day {}", visit.now.as_microsecond().div_euclid(DAY_MICROS))),
        );
    }
    if !host.memory.knows_link(&account.name, &info) {
        host.commit(vec![Event::LinkInfo { account: account.name.clone(), at: visit.now, info: info.clone() }])?;
    }
    Ok(Answer::json(&Value::Object(info)))
}

fn describe(requested: &str, url: &Url, host: &str) -> Map<String, Value> {
    let info = if requested == "http://bit.ly/1wwLqDl" {
        documented_sample()
    } else {
        let seed = url.as_str().bytes().fold(0, |hash, byte| mix(hash ^ u64::from(byte)));
        let picture = format!(
            "http://dn-l1-story.kakao.co.kr/dn/{}/hy{}/img.jpg?height=630&width=1200",
            base62(seed, 6),
            base62(mix(seed), 11)
        );
        json!({
            "url": url.as_str(),
            "requested_url": requested,
            "host": host,
            "title": format!("{host}{}", url.path().trim_end_matches('/')),
            "image": [picture],
            "description": format!("A page of {host}, as the sandbox imagines it"),
            "section": "",
            "type": "website",
            "site_name": host,
        })
    };
    match info {
        Value::Object(info) => info,
        _ => Map::new(),
    }
}

/// The answer printed in the documents, with the `site_name` that real answers carry as well.
fn documented_sample() -> Value {
    json!({
        "url": "https://developers.kakao.com/",
        "requested_url": "http://bit.ly/1wwLqDl",
        "host": "developers.kakao.com",
        "title": "Kakao Developers_",
        "image": ["http://dn-l1-story.kakao.co.kr/dn/bc995u/hydnh8wbKi/dz59YCCjyZSXNmDgTPpPa0/img.jpg?height=630&width=1200"],
        "description": "더 나은 세상을 꿈꾸고 그것을 현실로 만드는 이를 위하여 카카오에서 앱 개발 플랫폼 서비스를 시작합니다.",
        "section": "",
        "type": "website",
        "site_name": "Kakao Developers_",
    })
}
