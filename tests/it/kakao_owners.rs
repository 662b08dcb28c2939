//! A renewed token is used only once Kakao has said whose it is: a login service that mixes up accounts puts nothing on another's page.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::post::PostState;

use crate::kakao_tokens::{Home, at_once, fresh, refusal, token};
use crate::support::stub::{Act, Stub, answer, ok};
use crate::support::world::World;

const NEXT: &str = r#"{"access_token":"access-2","expires_in":21599}"#;
const REPLACED: &str = r#"{"access_token":"access-2","expires_in":21599,"refresh_token":"refresh-2"}"#;
const OWN: &str = r#"{"id":7,"expires_in":21599}"#;
const OTHERS: &str = r#"{"id":8,"expires_in":21599}"#;

fn trouble() -> Act {
    Act::Say(answer(502, "", "gateway"))
}

fn refused() -> Act {
    Act::Say(answer(401, "", r#"{"code":-401,"msg":"this access token does not exist"}"#))
}

#[tokio::test]
async fn a_new_token_is_used_once_kakao_has_said_that_it_is_the_same_users() {
    let (home, stub) = (Home::owned(), Stub::play([ok(REPLACED), ok(OWN)]).await);
    let tokens = home.tokens();
    assert!(fresh(&tokens, &stub.client(), "06:00:00").await.unwrap().is(&token("access-2")));
    let asked = stub.requests();
    assert!(asked[1].contains("/v1/user/access_token_info") && asked[1].contains("access-2"), "{asked:?}");
    assert!(!home.saved().contains("bought") && !home.saved().contains("refresh-1"), "{}", home.saved());
    assert!(fresh(&tokens, &stub.client(), "06:01:00").await.unwrap().is(&token("access-2")));
    assert_eq!(stub.requests().len(), 2, "one request more for each renewal");
}

#[tokio::test]
async fn a_token_of_another_user_is_never_used_and_a_person_is_told_whose_it_is() {
    let (home, stub) = (Home::owned(), Stub::play([ok(NEXT), ok(OTHERS), ok(OTHERS)]).await);
    // Another start finds it as it lies there.
    for time in ["06:00:00", "06:10:00"] {
        let fault = fresh(&home.tokens(), &stub.client(), time).await.unwrap_err();
        insta::allow_duplicates! {
            insta::assert_snapshot!(fault, @"Kakao's login service renewed the access token of Kakao user 7, and gave one of user 8: it is not used, so that nothing goes out on that user's page (other-user). Log the account in again with `storyd account login cafe`.");
        }
    }
    assert_eq!(stub.requests().len(), 3, "it is asked about again, and no further one is bought");
}

#[tokio::test]
async fn while_the_old_token_lives_that_of_another_user_is_not_used_either() {
    let (home, stub) = (Home::owned(), Stub::play([ok(NEXT), ok(OTHERS)]).await);
    let tokens = home.tokens();
    assert_eq!(fresh(&tokens, &stub.client(), "05:55:00").await.unwrap_err().code, "other-user");
    assert!(at_once(&tokens, &stub.client(), "05:55:01").await.unwrap().is(&token("access-1")));
}

#[tokio::test]
async fn a_question_that_is_not_answered_is_asked_again_and_blocks_nobody() {
    let plays = [trouble(), Act::SayAndClose(vec![]), refusal(500, "KOE003", "server_error")];
    for not_answered in plays {
        let (home, stub) = (Home::owned(), Stub::play([ok(REPLACED), not_answered, ok(OWN)]).await);
        let tokens = home.tokens();
        let old = fresh(&tokens, &stub.client(), "05:55:00").await.unwrap();
        assert!(old.is(&token("access-1")), "the old one lives");
        assert!(home.saved().contains("refresh-2"), "it may be the only copy: {}", home.saved());
        assert!(fresh(&home.tokens(), &stub.client(), "05:57:00").await.unwrap().is(&token("access-2")));
        assert_eq!(stub.requests().len(), 3, "nothing is bought twice");
    }
    // The old one is dead: it waits, and no person is asked.
    let (home, stub) = (Home::owned(), Stub::play([ok(NEXT), trouble(), ok(OWN)]).await);
    let fault = fresh(&home.tokens(), &stub.client(), "06:00:00").await.unwrap_err();
    assert_eq!(fault.class.as_str(), "transient", "{fault}");
    assert!(fresh(&home.tokens(), &stub.client(), "06:00:10").await.unwrap().is(&token("access-2")));
}

#[tokio::test]
async fn a_token_that_is_refused_before_it_was_known_is_replaced() {
    let plays = [ok(REPLACED), trouble(), refused(), ok(NEXT.replace("access-2", "access-3").as_str()), ok(OWN)];
    let (home, stub) = (Home::owned(), Stub::play(plays).await);
    fresh(&home.tokens(), &stub.client(), "06:00:00").await.unwrap_err();
    assert!(fresh(&home.tokens(), &stub.client(), "06:00:10").await.unwrap().is(&token("access-3")));
    assert!(stub.requests()[3].contains("refresh_token=refresh-2"), "{:?}", stub.requests());

    let (home, stub) = (Home::owned(), Stub::play([ok(NEXT), refused()]).await);
    let fault = fresh(&home.tokens(), &stub.client(), "06:00:00").await.unwrap_err();
    assert!(fault.reason.contains("a fresh one too") && !fault.wants_refresh(), "{fault}");
}

const NOTE: &str = "p:\n  at: 2026-12-01 12:00\n  type: note\n  content: 글\n  late: {within: 1d, then: post}\n";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_out_on_another_users_page() {
    let mut world = World::new().await;
    world.mix_up("cafe", "shop", Duration::from_secs(3_600));
    world.jobs(NOTE);
    world.pass(Duration::from_secs(5 * 3_600)).await;
    assert_eq!((world.ledger().len(), world.requests("note")), (0, 0));
    let account = world.account("cafe").await;
    let why = account.blocked_reason.unwrap_or_default();
    assert!(why.contains("it is not used"), "{why}");
    // A person logs it in again.
    world.log_in("cafe", Duration::from_secs(21_599), Duration::from_secs(5_183_999));
    world.pass(Duration::from_secs(1_200)).await;
    assert_eq!(world.post("p").await.state, PostState::Published);
    assert_eq!(world.ledger()[0].account, "cafe");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_waits_until_kakao_says_whose_its_token_is() {
    let mut world = World::new().await;
    world.log_in("cafe", Duration::from_secs(3_600), Duration::from_secs(5_183_999));
    world.fault(vec![FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::TokenInfo]).times(2)]);
    world.jobs(NOTE);
    world.pass(Duration::from_secs(4 * 3_600)).await;
    assert_eq!((world.requests("note"), world.post("p").await.state), (0, PostState::Scheduled));
    world.pass(Duration::from_secs(3_600)).await;
    assert_eq!(world.post("p").await.state, PostState::Published);
    assert_eq!(world.requests("token"), 1, "one token is bought");
}
