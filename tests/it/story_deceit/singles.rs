//! Every deceit alone.
//!
//! The suite plays each deceit once: one from the start on, the next from the doubt on, and so by turns. `STORYD_DECEITS=all` plays each both
//! ways. The kept tables hold what the suite plays.

use kakao_sandbox::{AnswerLie, Deceit, FaultRule, ListLie, TextLie};

use super::scene::{DECEIVED, Since, lie, play};

/// What no protocol can see that has nothing but answers to go by. `docs/reliability.md` says of each what comes of it.
const BEYOND: [Deceit; 4] = [
    // The list hides this one story at every look, and is whole otherwise.
    Deceit::List(ListLie::LacksRecent),
    // The list shows the post's text on a story that is not its own.
    Deceit::List(ListLie::TextsSwapped),
    // The answer to a post names a story that is not its own, or one that is none.
    Deceit::Answer(AnswerLie::NamesOlder),
    Deceit::Answer(AnswerLie::Invented),
];

/// Whether each deceit is played both ways.
fn plays_all() -> bool {
    std::env::var("STORYD_DECEITS").is_ok_and(|which| which == "all")
}

/// Plays each of these deceits alone and gives what became of the posts.
async fn alone(deceits: impl Iterator<Item = Deceit>) -> String {
    let (mut table, mut complaints, mut plays) = (String::new(), Vec::new(), 0);
    let chosen = deceits.filter(|deceit| !BEYOND.contains(deceit));
    for (at, deceit) in chosen.enumerate() {
        for (turn, since) in [Since::Ever, Since::TheDoubt].into_iter().enumerate() {
            let is_kept = at % 2 == turn;
            if !is_kept && !plays_all() {
                continue;
            }
            let end = play(&[lie(deceit)], since).await;
            plays += 1;
            complaints.extend(end.complaints.iter().map(|complaint| format!("{deceit}, {since:?}: {complaint}")));
            if !is_kept {
                continue;
            }
            let fates = DECEIVED.map(|account| format!("{account}: {:<10}", end.fates[account].word())).join(" ");
            let since = if since == Since::Ever { "ever" } else { "doubt" };
            table.push_str(format!("{:<30} {since:<5} {fates}", deceit.to_string()).trim_end());
            table.push('\n');
        }
    }
    println!("deceits: {plays} plays, each with {} accounts deceived: {} complaints", DECEIVED.len(), complaints.len());
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    table
}

fn of(family: impl Fn(Deceit) -> bool) -> impl Iterator<Item = Deceit> {
    Deceit::all().into_iter().filter(move |deceit| family(*deceit))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_date_of_an_answer_says_nothing_is_posted_twice() {
    insta::assert_snapshot!(alone(of(|deceit| matches!(deceit, Deceit::Date(_)))).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_time_of_a_story_says_nothing_is_posted_twice() {
    insta::assert_snapshot!(alone(of(|deceit| matches!(deceit, Deceit::Created(_)))).await);
}

/// The two halves of the texts run side by side.
fn is_of_first_half(lie: TextLie) -> bool {
    let all: Vec<Deceit> = of(|deceit| matches!(deceit, Deceit::Text(_))).collect();
    all[..all.len() / 2].contains(&Deceit::Text(lie))
}

#[tokio::test(flavor = "multi_thread")]
async fn however_texts_are_shown_nothing_is_posted_twice() {
    let first = |deceit| matches!(deceit, Deceit::Text(lie) if is_of_first_half(lie));
    insta::assert_snapshot!(alone(of(first)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_else_texts_are_shown_nothing_is_posted_twice() {
    let second = |deceit| matches!(deceit, Deceit::Text(lie) if !is_of_first_half(lie));
    insta::assert_snapshot!(alone(of(second)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_kind_images_and_audience_are_shown_nothing_is_posted_twice() {
    insta::assert_snapshot!(alone(of(|deceit| matches!(deceit, Deceit::Shape(_)))).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_stories_are_called_nothing_is_posted_twice() {
    insta::assert_snapshot!(alone(of(|deceit| matches!(deceit, Deceit::Id(_)))).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_list_shows_nothing_is_posted_twice() {
    insta::assert_snapshot!(alone(of(|deceit| matches!(deceit, Deceit::List(_)))).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_post_is_answered_nothing_is_posted_twice() {
    insta::assert_snapshot!(alone(of(|deceit| matches!(deceit, Deceit::Answer(_)))).await);
}

/// The same deceits by other amounts, once, and by chance.
#[tokio::test(flavor = "multi_thread")]
async fn by_whatever_amount_and_however_often_it_lies_nothing_is_posted_twice() {
    let rules = [
        "date-ahead,by=90s,count=1",
        "date-ahead,by=2m,count=1",
        "date-ahead,by=1h",
        "date-ahead,by=9h,count=2",
        "date-ahead=0.5,by=1440h",
        "date-ahead,by=87600h,count=1",
        "date-ahead,by=87600h",
        "date-behind,by=2m,count=1",
        "date-behind,by=9h",
        "date-behind=0.3,by=87600h",
        "date-missing=0.5",
        "created-ahead,by=40s",
        "created-ahead,by=9h",
        "created-behind,by=40s",
        "created-behind,by=9h",
        "created-behind=0.5,by=9h",
        "created-scattered,by=9h",
        "text-cut,size=1",
        "text-cut,size=200",
        "text-entities=0.5",
        "list-lacks-newest,size=5",
        "list-lacks-newest=0.5,size=2",
        "list-halved=0.5",
        "list-empty=0.5",
        "list-mixes-accounts=0.5",
        "id-long,size=256",
        "id-long,size=4096",
        "id-repeated=0.5",
    ];
    let (mut complaints, mut plays) = (Vec::new(), 0);
    for (at, text) in rules.into_iter().enumerate() {
        let rule: FaultRule = text.parse().unwrap_or_else(|error| panic!("{error}"));
        for (turn, since) in [Since::Ever, Since::TheDoubt].into_iter().enumerate() {
            if at % 2 != turn && !plays_all() {
                continue;
            }
            plays += 1;
            let end = play(std::slice::from_ref(&rule), since).await;
            complaints.extend(end.complaints.iter().map(|complaint| format!("{rule}, {since:?}: {complaint}")));
        }
    }
    println!("deceits: {plays} plays by other amounts: {} complaints", complaints.len());
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}
