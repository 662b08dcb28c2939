//! The life of an account over seventy days: tokens are renewed and replaced, Kakao has its moods, and a person is needed once.
//! Every post goes out, and each trouble reaches the webhook once, and so does its end.

use std::time::Duration;

use jiff::ToSpan;
use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::policy::Preflight;
use storyd::domain::post::PostState;
use storyd::engine::tasks::maintenance::token_upkeep;

use crate::support::receiver::Receiver;
use crate::support::world::{START, World};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
/// What everything of an account's posts goes through.
const ALL: [Call; 5] = [Call::Note, Call::MyStories, Call::TokenInfo, Call::Scopes, Call::IsStoryUser];

/// The account as a login leaves it: with the ends of its tokens known.
fn log_in(world: &World) {
    world.log_in("cafe", Duration::from_secs(21_599), Duration::from_secs(5_183_999));
}

fn refresh_token(world: &World) -> String {
    let text = std::fs::read_to_string(world.path("data/tokens/cafe.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["refresh_token"].as_str().unwrap().to_owned()
}

/// Days with the daemon's own upkeep four times in each.
async fn days(world: &mut World, days: u32) {
    for _ in 0..days * 4 {
        token_upkeep(world.ctx()).await;
        world.pass(6 * HOUR).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seventy_days_lose_no_post_need_one_login_and_tell_each_trouble_once() {
    let receiver = Receiver::start().await;
    let mut world = World::new().await;
    log_in(&world);
    world.settings.preflight = Preflight::default();
    world.tell(receiver.settings()).await;
    // A post on each day of the busy weeks; two weeks in between without any.
    let start: jiff::Timestamp = START.parse().unwrap();
    let jobs: String = (0..70)
        .filter(|day| !(11..25).contains(day))
        .map(|day| {
            let date = start.to_zoned(jiff::tz::TimeZone::get("Asia/Seoul").unwrap()).date() + day.days();
            format!("d{day:02}:\n  at: {date} 12:00\n  type: note\n  content: {day}일째\n  late: {{within: 2d, then: skip}}\n")
        })
        .collect();
    world.jobs(&jobs);
    let first = refresh_token(&world);
    let told = |receiver: &Receiver, from: usize| receiver.notices().split_off(from);
    let mut heard = 0;

    days(&mut world, 4).await;
    // The access token is refused before its time: refreshed once, and the post goes out.
    world.sandbox.expire_access_token("cafe").unwrap();
    days(&mut world, 2).await;
    // The network has its moments, at the token call too: nobody is told, nobody logs in.
    let blips = [FaultName::BadGatewayBeforeEffect, FaultName::RequestDropped, FaultName::EmptyAfterEffect];
    for (name, call) in blips.into_iter().zip([Call::Token, Call::Token, Call::Note]) {
        world.fault(vec![FaultRule::new(name).on(&[call]).times(1)]);
        days(&mut world, 1).await;
    }
    // Maintenance at noon.
    world.fault(vec![FaultRule::new(FaultName::Code(-9798)).on(&[Call::Note]).times(1)]);
    days(&mut world, 2).await;
    assert_eq!(told(&receiver, heard), Vec::<String>::new(), "day 11: nothing that a person needs to hear of");

    // Idle weeks.
    days(&mut world, 14).await;
    assert_eq!(refresh_token(&world), first, "a refresh token with more than a month left stays");
    assert!(world.requests("token") > 4, "an idle account is kept alive");

    // Too many tokens: Kakao says wait, the post waits.
    // After the last look ahead, which would have had the wait behind it when the post is due.
    world.pass(4 * HOUR - 10 * MINUTE).await;
    world.sandbox.expire_access_token("cafe").unwrap();
    world.fault(vec![FaultRule::new(FaultName::Koe(237)).on(&[Call::Token]).times(1)]);
    world.pass(20 * HOUR + 10 * MINUTE).await;
    days(&mut world, 1).await;
    assert_eq!(
        told(&receiver, heard),
        ["blocked began: 1 account is blocked (cafe)", "blocked ended: 1 account posts again (cafe)"]
    );
    heard += 2;

    // The last month: the refresh token is replaced, on the way.
    days(&mut world, 8).await;
    assert_ne!(refresh_token(&world), first, "day 35: replaced");

    // Unlinked, suspended, and the consent withdrawn, for a day each: the account waits, says so, and comes back by itself.
    for trouble in [-101, -12, -402] {
        if trouble == -402 {
            world.sandbox.set_scopes("cafe", &["story_read"]).unwrap();
        } else {
            world.fault(vec![FaultRule::new(FaultName::Code(trouble)).on(&ALL)]);
        }
        days(&mut world, 1).await;
        assert_eq!(told(&receiver, heard).len(), 1, "{trouble}: {:#?}", receiver.notices());
        world.fault(vec![]);
        world.sandbox.set_scopes("cafe", &["story_read", "story_publish"]).unwrap();
        days(&mut world, 2).await;
        assert_eq!(
            told(&receiver, heard),
            ["blocked began: 1 account is blocked (cafe)", "blocked ended: 1 account posts again (cafe)"],
            "{trouble}"
        );
        heard += 2;
    }

    // The grant is revoked: the one time that a person has to log in.
    world.sandbox.expire_all_tokens("cafe").unwrap();
    days(&mut world, 1).await;
    assert_eq!(told(&receiver, heard).len(), 1, "{:#?}", receiver.notices());
    let notice = receiver.heard().last().unwrap().json();
    assert!(notice["text"].as_str().unwrap().contains("storyd account login cafe"), "{notice}");
    log_in(&world);
    world.ctx().store.unblock("cafe").await.unwrap();
    days(&mut world, 2).await;
    assert_eq!(told(&receiver, heard)[1], "blocked ended: 1 account posts again (cafe)");
    heard += 2;

    days(&mut world, 24).await;
    assert_eq!(told(&receiver, heard), Vec::<String>::new());
    let posts = world.posts().await;
    assert_eq!(posts.len(), 56);
    for post in posts {
        assert_eq!(post.state, PostState::Published, "{}: {}", post.job, post.reason);
        assert_eq!(post.publish_failures, 0, "{}: a blocked account uses up no attempt", post.job);
    }
}
