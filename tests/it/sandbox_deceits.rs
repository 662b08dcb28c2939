//! Every deceit of the sandbox changes what its name says, in the answers alone: the ledger tells the truth throughout.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::time::Duration;

use kakao_sandbox::{AnswerLie, Call, DateLie, Deceit, FaultName, FaultRule, IdLie, ListLie, TextLie};
use serde_json::{Value, json};

use crate::sandbox_support::{Bench, ids, png};

/// A text that every alteration has something to change in.
const TEXT: &str = "  Tom & \"Jerry\" <b>  ﬁn\u{200b} 'x'-“y”\n\n  #커피 ☕️ https://a.kr/x?y=1  é e\u{301} \\ 끝";
const LIST: &str = "/v1/api/story/mystories";

/// Twenty-five stories of every kind, a minute and a second apart, one of them deleted, and one of another account.
async fn bench() -> (Bench, Vec<String>) {
    let bench = Bench::with(|options| options.accounts = vec!["cafe".into(), "shop".into()]).await;
    let mut made = Vec::new();
    let paths = bench.upload(&[png(1, 1), png(2, 2)]).await.text;
    let info = bench.link_info("http://a.kr/").await.text;
    for number in 0..25 {
        bench.advance(Duration::from_secs(61));
        let text = format!("{TEXT} {number}");
        made.push(match number % 5 {
            0 => bench.photo(&[("image_url_list", &paths), ("content", &text)]).await.id(),
            1 => bench.link(&[("link_info", &info), ("content", &text)]).await.id(),
            2 => bench.form(Call::Note.path(), &[("content", &text), ("permission", "M")]).await.id(),
            3 => bench.form(Call::Note.path(), &[("content", &text), ("permission", "F")]).await.id(),
            _ => bench.note(&text).await.id(),
        });
    }
    bench.advance(Duration::from_secs(61));
    as_shop(&bench, "가게 글").await;
    bench.advance(Duration::from_secs(61));
    bench.delete(&made[20]).await;
    made.reverse();
    (bench, made)
}

async fn as_shop(bench: &Bench, text: &str) -> String {
    let token = &bench.sandbox.accounts()[1].access_token;
    let note = reqwest::Client::new().post(bench.url(Call::Note.path())).bearer_auth(token);
    let answer = note.form(&[("content", text)]).send().await.unwrap();
    answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

/// The pages of the list, at most four of them, each asked for from behind the last story of the one before.
async fn pages(bench: &Bench) -> Vec<Value> {
    let mut pages: Vec<Value> = Vec::new();
    let mut last_id = None;
    while pages.len() < 4 {
        let request = bench.request("GET", LIST);
        let request = match &last_id {
            Some(id) => request.query(&[("last_id", id)]),
            None => request,
        };
        let page = bench.send(request).await.json();
        last_id = page.as_array().and_then(|page| page.last()).map(|story| match &story["id"] {
            Value::String(id) => id.clone(),
            other => other.to_string(),
        });
        pages.push(page);
        if last_id.is_none() {
            break;
        }
    }
    pages
}

/// The IDs of each page.
async fn listed(bench: &Bench) -> Vec<Vec<String>> {
    pages(bench).await.iter().map(ids).collect()
}

/// All that a client gets to see by reading: dates, lists, single stories, one of which was deleted.
async fn view(bench: &Bench, made: &[String]) -> String {
    let mut seen = Vec::new();
    for id in [&made[0], &made[4]] {
        let answer = bench.get(&format!("{}?id={id}", Call::MyStory.path())).await;
        let dates: Vec<_> = answer.headers.get_all("date").iter().collect();
        seen.push(format!("{dates:?} {}", answer.text));
    }
    seen.push(format!("{:?}", pages(bench).await));
    seen.join("\n")
}

fn lie(deceit: Deceit) -> FaultRule {
    FaultRule::new(FaultName::Deceit(deceit))
}

#[tokio::test]
async fn every_deceit_about_what_is_read_changes_what_is_seen_and_nothing_that_is() {
    let (bench, made) = bench().await;
    let right = view(&bench, &made).await;
    let ledger = bench.sandbox.ledger();
    for deceit in Deceit::all() {
        if deceit.default_calls().contains(&Call::Note) && !matches!(deceit, Deceit::Date(_)) {
            continue;
        }
        // No reader of JSON takes the one; the other is about no story.
        if matches!(deceit, Deceit::Text(TextLie::HalfEmoji) | Deceit::Answer(AnswerLie::AnotherPage)) {
            continue;
        }
        let rule = if deceit.default_size() == Some(4 << 20) { lie(deceit).size(100_000) } else { lie(deceit) };
        bench.fault(rule);
        assert_ne!(view(&bench, &made).await, right, "{deceit} changes nothing");
        assert_eq!(bench.sandbox.ledger(), ledger, "{deceit}");
        let told = bench.sandbox.requests().pop().unwrap().faults;
        assert!(told == [deceit.to_string()] || matches!(deceit, Deceit::Answer(_)), "{deceit}: {told:?}");
        bench.sandbox.set_faults(Vec::new()).unwrap();
        assert_eq!(view(&bench, &made).await, right, "{deceit} stays");
    }
}

#[tokio::test]
async fn half_an_emoji_is_an_escape_that_no_text_can_hold() {
    let (bench, _) = bench().await;
    bench.fault(lie(Deceit::Text(TextLie::HalfEmoji)));
    let list = bench.get(LIST).await.text;
    assert!(list.contains("\\ud83d") && serde_json::from_str::<Value>(&list).is_err(), "{list}");
}

#[tokio::test]
async fn the_scrape_of_another_page_says_so() {
    let bench = Bench::new().await;
    bench.fault(lie(Deceit::Answer(AnswerLie::AnotherPage)));
    let info = bench.link_info("https://example.com/menu").await.json();
    assert_eq!(info["requested_url"], "https://other.example.com/menu");
}

#[tokio::test]
async fn a_date_is_off_by_what_the_rule_says_once_or_always_or_is_no_date() {
    let bench = Bench::new().await;
    bench.advance(Duration::from_secs(3600));
    let date = async || bench.get(LIST).await.header("date").to_owned();
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let cells = [
        (lie(Deceit::Date(DateLie::Ahead)), "Tue, 01 Dec 2026 01:01:30 GMT"),
        (lie(Deceit::Date(DateLie::Ahead)).by(hours(24 * 60)), "Sat, 30 Jan 2027 01:00:00 GMT"),
        (lie(Deceit::Date(DateLie::Behind)).by(hours(9)), "Mon, 30 Nov 2026 16:00:00 GMT"),
        (lie(Deceit::Date(DateLie::Frozen)), "Tue, 01 Dec 2026 00:00:00 GMT"),
        (lie(Deceit::Date(DateLie::Epoch)), "Thu, 01 Jan 1970 00:00:00 GMT"),
        (lie(Deceit::Date(DateLie::Zoned)), "Tue, 01 Dec 2026 10:00:00 +0900"),
        (lie(Deceit::Date(DateLie::Words)), "just now"),
        (lie(Deceit::Date(DateLie::Empty)), ""),
    ];
    for (rule, expected) in cells {
        bench.fault(rule.clone().times(1));
        assert_eq!(date().await, expected, "{rule}");
        assert_eq!(date().await, "Tue, 01 Dec 2026 01:00:00 GMT", "{rule}: once");
    }
    bench.fault(lie(Deceit::Date(DateLie::Missing)));
    assert!(!bench.get(LIST).await.headers.contains_key("date"));
    bench.fault(lie(Deceit::Date(DateLie::Twice)));
    assert_eq!(bench.get(LIST).await.headers.get_all("date").iter().count(), 2);
}

#[tokio::test]
async fn the_pages_of_a_list_are_what_each_deceit_makes_of_them() {
    let (bench, made) = bench().await;
    let all: Vec<String> = made.iter().filter(|id| **id != made[4]).cloned().collect();
    let (first, second) = (all[..18].to_vec(), all[18..].to_vec());
    assert_eq!(listed(&bench).await, [first.clone(), second.clone(), Vec::new()]);
    let shop = bench.sandbox.ledger().pop().unwrap().id;
    let with = |lie: ListLie| FaultRule::new(FaultName::Deceit(Deceit::List(lie)));
    let without = |gone: usize| -> Vec<String> {
        all.iter().enumerate().filter(|(place, _)| *place != gone).map(|(_, id)| id.clone()).collect()
    };
    let paged = |all: Vec<String>| vec![all[..18].to_vec(), all[18..].to_vec(), Vec::new()];
    let joined = |a: &[String], b: &[String]| [a, b].concat();
    let cells = [
        (with(ListLie::Empty), vec![Vec::new()]),
        (with(ListLie::LacksNewest), paged(without(0))),
        (with(ListLie::LacksNewest).size(3), paged(all[3..].to_vec())),
        (with(ListLie::LacksNth).size(2), paged(without(1))),
        (with(ListLie::OldestFirst), paged(all.iter().rev().cloned().collect())),
        (with(ListLie::MixesAccounts), paged(joined(std::slice::from_ref(&shop), &all))),
        (with(ListLie::OtherAccount), vec![vec![shop], Vec::new()]),
        (with(ListLie::ShowsDeleted), paged(made.clone())),
        (with(ListLie::PagesSkip), vec![first.clone(), second[1..].to_vec(), Vec::new()]),
        (with(ListLie::PageEmpty), vec![first.clone(), Vec::new()]),
        (with(ListLie::IgnoresLastId), vec![first.clone(); 4]),
        (with(ListLie::Stuck), [&[first.clone()][..], &vec![vec![first[17].clone()]; 3]].concat()),
        (with(ListLie::Circle), vec![first.clone(), second.clone(), first.clone(), second.clone()]),
    ];
    for (rule, expected) in cells {
        bench.fault(rule.clone());
        assert_eq!(listed(&bench).await, expected, "{rule}");
    }
    bench.fault(with(ListLie::PagesOverlap));
    assert_eq!(listed(&bench).await[1][0], first[17]);
    bench.fault(with(ListLie::Doubles));
    assert_eq!(listed(&bench).await[0][..4], [all[0].clone(), all[0].clone(), all[1].clone(), all[1].clone()]);
    bench.fault(with(ListLie::Endless));
    let endless = listed(&bench).await.concat();
    assert!(endless.len() > 50 && endless.starts_with(&all), "{endless:?}");
    assert!(endless.iter().skip(all.len()).all(|id| !made.contains(id)));
    bench.fault(with(ListLie::Large));
    assert!(bench.get(LIST).await.text.len() > 4 << 20);
    bench.fault(with(ListLie::LacksRecent).by(Duration::from_secs(61 * 5)));
    assert_eq!(listed(&bench).await[0][0], all[3]);
}

#[tokio::test]
async fn ids_are_what_each_deceit_makes_of_them_and_lead_on_all_the_same() {
    let (bench, made) = bench().await;
    let newest = &made[0];
    let shown = async |lie: IdLie| {
        bench.fault(FaultRule::new(FaultName::Deceit(Deceit::Id(lie))));
        bench.get(LIST).await.json()[0]["id"].clone()
    };
    assert_eq!(shown(IdLie::Long).await.as_str().unwrap().len(), 257);
    assert_eq!(shown(IdLie::LongHangul).await.as_str().unwrap().chars().count(), 257);
    assert_eq!(shown(IdLie::Nul).await, json!(format!("\0{newest}")));
    assert_eq!(shown(IdLie::Short).await, json!(newest.split_once('.').unwrap().1));
    assert!(shown(IdLie::Number).await.is_u64());
    assert!(shown(IdLie::Escape).await.as_str().unwrap().contains('\u{1b}'));
    assert_eq!(shown(IdLie::Empty).await, json!(""));
    assert!(shown(IdLie::Missing).await.is_null());
    for lie in [IdLie::OtherCase, IdLie::Unknown, IdLie::Newline, IdLie::Number] {
        bench.fault(FaultRule::new(FaultName::Deceit(Deceit::Id(lie))));
        let pages = pages(&bench).await;
        let lengths: Vec<usize> = pages.iter().map(|page| page.as_array().unwrap().len()).collect();
        assert_eq!(lengths, [18, 6, 0], "{lie:?}");
        let read = bench.request("GET", Call::MyStory.path());
        let id = pages[0][0]["id"].as_str().map_or_else(|| pages[0][0]["id"].to_string(), str::to_owned);
        let read = bench.send(read.query(&[("id", id)])).await.json();
        assert_eq!(read["id"], pages[0][0]["id"], "{lie:?}");
    }
}

#[tokio::test]
async fn a_story_can_be_kept_with_another_text_and_time_and_its_post_answered_with_another_id() {
    let bench = Bench::new().await;
    let altered = FaultName::Deceit(Deceit::Text(TextLie::UpperCase));
    let late = "created-behind,by=2m,calls=note".parse().unwrap();
    let named = "id-other-case,calls=note".parse().unwrap();
    let rules = vec![FaultRule::new(altered).on(&[Call::Note]).times(1), late, named];
    bench.sandbox.set_faults(rules).unwrap();
    let told = bench.note("latte").await.id();
    bench.advance(Duration::from_secs(600));
    let plain = bench.note("latte").await.id();
    bench.sandbox.set_faults(Vec::new()).unwrap();
    let list = bench.get(LIST).await.json();
    assert_eq!((&list[1]["content"], &list[0]["content"]), (&json!("LATTE"), &json!("latte")));
    assert_eq!(list[1]["created_at"], json!("2026-11-30T23:58:00Z"));
    let ledger = bench.sandbox.ledger();
    assert_eq!(ledger[0].content.as_deref(), Some("latte"), "what was received");
    assert_eq!(ledger[0].created_at.as_microsecond(), crate::sandbox_support::START_MICROS);
    assert!(told != ledger[0].id && told.eq_ignore_ascii_case(&ledger[0].id) && plain != ledger[1].id);
}

#[tokio::test]
async fn a_post_is_answered_with_what_did_not_become_of_it() {
    let bench = Bench::with(|options| options.accounts = vec!["cafe".into(), "shop".into()]).await;
    let older = bench.note("하나").await.id();
    let shops = as_shop(&bench, "가게 글").await;
    let with = |lie: AnswerLie| bench.fault(FaultRule::new(FaultName::Deceit(Deceit::Answer(lie))));
    with(AnswerLie::NamesOlder);
    assert_eq!(bench.note("둘").await.id(), older);
    with(AnswerLie::NamesOtherAccount);
    assert_eq!(bench.note("셋").await.id(), shops);
    let before = bench.sandbox.ledger().len();
    with(AnswerLie::Invented);
    let invented = bench.note("넷").await.id();
    assert!(bench.sandbox.ledger().iter().all(|story| story.id != invented));
    assert_eq!(bench.sandbox.ledger().len(), before);
    let refusals = [
        (AnswerLie::Refused, 400),
        (AnswerLie::NoPermission, 403),
        (AnswerLie::TokenRefused, 401),
        (AnswerLie::Quota, 400),
        (AnswerLie::TooMany, 429),
        (AnswerLie::NotFound, 404),
        (AnswerLie::Conflict, 409),
    ];
    for (number, (lie, status)) in refusals.into_iter().enumerate() {
        with(lie);
        assert_eq!(bench.note("다섯").await.status, status, "{lie:?}");
        assert_eq!(bench.sandbox.ledger().len(), before + 1 + number, "{lie:?}: the story exists");
        assert!(bench.sandbox.requests().pop().unwrap().story.is_some());
    }
}

#[tokio::test]
async fn a_rule_for_a_deceit_says_by_how_much_and_what_else_is_wrong_with_it() {
    let rule: FaultRule = "date-ahead=0.5,count=2,by=90s".parse().unwrap();
    assert_eq!(rule.to_string(), "date-ahead=0.5,count=2,by=1m30s");
    assert_eq!(rule.to_string().parse::<FaultRule>().unwrap(), rule);
    assert_eq!("date-ahead=0.5,count=2,after=90s".parse::<FaultRule>().unwrap(), rule, "as faults have it");
    let json = serde_json::to_value(&rule).unwrap();
    assert_eq!(json, json!({ "name": "date-ahead", "probability": 0.5, "count": 2, "by": "1m30s" }));
    assert_eq!(serde_json::from_value::<FaultRule>(json).unwrap(), rule);
    for (text, problem) in [
        ("text-cut,by=5s", "text-cut has no duration; leave `by` out"),
        ("text-nfd,size=5", "text-nfd is not about a number; leave `size` out"),
        ("answer-lost,size=5", "answer-lost is not about a number; leave `size` out"),
        ("list-large,size=900000000", "a `size` is at most 67108864"),
        ("list-empty,calls=note", "list-empty cannot happen on note, only on mystories"),
        ("text-entites", "did you mean \"text-entities\"?"),
    ] {
        let error = match text.parse::<FaultRule>() {
            Ok(rule) => rule.check().unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(problem), "{text}: {error}");
    }
}

#[tokio::test]
async fn the_sandbox_lists_every_name_that_a_rule_can_have() {
    let bench = Bench::new().await;
    let names = bench.bare("GET", "/_sandbox/faults/names").await.json();
    let names = names.as_array().unwrap();
    assert_eq!(names.len(), FaultName::all().len() + Deceit::all().len());
    for entry in names {
        let name = entry["name"].as_str().unwrap();
        assert!(name.parse::<FaultName>().is_ok(), "{name}");
    }
    let ahead = names.iter().find(|entry| entry["name"] == "date-ahead").unwrap();
    assert_eq!((&ahead["kind"], &ahead["by"]), (&json!("deceit"), &json!("1m30s")));
    assert_eq!(bench.bare("PUT", "/_sandbox/faults/names").await.status, 405);
}
