//! Deceits two at a time: where each alone is seen through, or leads to a person, both together must not lead to a second story.
//!
//! The suite plays each pair of [`CHOSEN`] once. `STORYD_DECEITS=all` plays the pairs of [`MORE`] as well, and each from the start on too.

use kakao_sandbox::FaultRule;

use super::scene::{Since, play};

/// One of each kind that could undo what another is seen through by: the time, the order, the text, the shape, the name, the completeness.
const CHOSEN: [&str; 14] = [
    "date-ahead,by=2m,count=1",
    "date-behind,by=1h",
    "date-missing=0.5",
    "created-behind,by=2m",
    "created-ahead,by=9h",
    "created-scattered,by=9h",
    "text-entities",
    "text-cut-ellipsis",
    "text-each-otherwise",
    "kind-missing",
    "list-pages-overlap",
    "list-doubles-altered",
    "list-unsorted",
    "list-mixes-accounts",
];
/// Further ones for the long run.
const MORE: [&str; 14] = [
    "date-scattered,by=60h",
    "date-frozen",
    "created-day",
    "created-offset",
    "text-blanks-collapsed",
    "text-masked",
    "text-missing",
    "images-none",
    "audience-missing",
    "id-other-case",
    "list-circle",
    "list-shows-deleted",
    "list-lacks-newest=0.5",
    "list-halved=0.5",
];
/// The tests that share the pairs, so that they run side by side.
const SHARES: usize = 4;

/// Plays the pairs of one share.
async fn share(number: usize) {
    let all = std::env::var("STORYD_DECEITS").is_ok_and(|which| which == "all");
    let names: Vec<&str> = CHOSEN.iter().chain(if all { &MORE[..] } else { &[] }).copied().collect();
    let rule = |text: &str| text.parse::<FaultRule>().unwrap_or_else(|error| panic!("{error}"));
    let pairs = names.iter().enumerate().flat_map(|(at, one)| names[at + 1..].iter().map(move |other| (*one, *other)));
    let moments = if all { &[Since::TheDoubt, Since::Ever][..] } else { &[Since::TheDoubt] };
    let (mut plays, mut complaints) = (0, Vec::new());
    for (one, other) in pairs.skip(number).step_by(SHARES) {
        for since in moments {
            let end = play(&[rule(one), rule(other)], *since).await;
            plays += 1;
            complaints.extend(end.complaints.iter().map(|complaint| format!("{one} {other} {since:?}: {complaint}")));
        }
    }
    println!("deceits: {plays} plays of two deceits: {} complaints", complaints.len());
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deceits_at_once_lead_to_no_second_story() {
    share(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deceits_at_once_lead_to_no_second_story_2() {
    share(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deceits_at_once_lead_to_no_second_story_3() {
    share(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deceits_at_once_lead_to_no_second_story_4() {
    share(3).await;
}
