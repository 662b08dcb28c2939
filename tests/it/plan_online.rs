//! What `check --online` finds: each of its codes, brought about in the sandbox.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::engine::preflight::PreflightClient;
use storyd::yaml::problem::{Paint, render};

use crate::support::world::World;

const JOBS: &str = "notice:\n  at: 2026-12-20 09:00\n  type: note\n  content: 글\n\
                    menu:\n  at: 2026-12-21 09:00\n  type: link\n  url: https://example.com/menu\n";

/// What is found of these jobs, as a person reads it, without the folder's name.
async fn found(world: &World) -> String {
    world.jobs(JOBS);
    let ctx = world.ctx();
    let plan = ctx.plan.get().0.unwrap();
    let ask =
        PreflightClient { kakao: &ctx.kakao, tokens: &ctx.tokens, keys: &ctx.credentials, now: world.clock.now() };
    render(&ask.ask(&plan).await, Paint::Plain).replace(&world.path("").display().to_string(), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_all_consents_has_nothing_to_mend() {
    let world = World::new().await;
    let found = found(&world).await;
    assert!(found.starts_with("note[N080]: the card of https://example.com/menu says “"), "{found}");
    assert_eq!(found.matches("]: ").count(), 1, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_missing_consent_is_named() {
    let world = World::new().await;
    world.sandbox.set_scopes("cafe", &["story_read"]).unwrap();
    let publish = found(&world).await;
    assert!(publish.starts_with("error[E081]: the account `cafe` has not agreed to `story_publish`\n"), "{publish}");
    world.sandbox.set_scopes("cafe", &["story_publish"]).unwrap();
    let read = found(&world).await;
    assert!(read.starts_with("warning[W082]: the account `cafe` has not agreed to `story_read`\n"), "{read}");
    for said in [publish, read] {
        assert!(said.contains("= help: log the account in again, and agree to `story_"), "{said}");
        assert!(said.contains("jobs.yaml:5:3"), "the first job of the account: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_ends_before_a_post_is_due_is_told_with_both_times() {
    let world = World::new().await;
    world.hand_in_access_token_alone("cafe", Duration::from_secs(21_599));
    let said = found(&world).await;
    insta::assert_snapshot!(said.split("\n\n").next().unwrap(), @"
    warning[W080]: the login of `cafe` ends Tue 2026-12-01 13:59 KST, before this job posts on Sun 2026-12-20 09:00 KST
    --> jobs.yaml:5:3
     = help: hand in a refresh token too: `storyd account add-token` with --refresh-token-file
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_be_scraped_is_a_warning_that_says_what_to_look_at() {
    let world = World::new().await;
    world.fault(vec![FaultRule::new(FaultName::Code(-604)).on(&[Call::LinkInfo])]);
    insta::assert_snapshot!(found(&world).await, @r#"
    warning[W081]: https://example.com/menu cannot be posted on `cafe` as things stand: Kakao could not scrape the page: "failed to scrape the given url"
    --> jobs.yaml:9:3
     = help: open the page in a browser without being logged in; it must be there before the post is due
    "#);
}
