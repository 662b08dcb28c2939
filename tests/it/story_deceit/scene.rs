//! One play, under any deceits: five accounts of which four are deceived, twins, stories posted by hand, lost answers, lost requests; and
//! the judge of how it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use kakao_sandbox::{Call, Deceit, FaultName, FaultRule, LedgerEntry, ListLie};
use storyd::domain::post::PostState;
use storyd::store::view::PostRow;

use crate::support::world::{World, png};

/// Three accounts whose answers are lost, one whose request is lost.
pub(super) const DECEIVED: [&str; 4] = ["note", "photo", "link", "gone"];
/// One that nothing is wrong with.
const CALM: &str = "calm";
const MINUTE: Duration = Duration::from_secs(60);

/// On the first three accounts, the post of nine o'clock meets a lost answer. Twins of it are due before and after.
const JOBS: &str = r##"
note-twin:
  at: [2026-12-01 08:05, 2026-12-01 11:00]
  account: note
  type: note
  content: &note "겨울 신메뉴 & \"따끈한\"  라떼 <한정>  ☕\n\n 12월 1일부터! 자세히: https://cafe.example.com/menu?id=3 - 'ok'  #카페 #라떼"
note:
  at: 2026-12-01 09:00
  account: note
  type: note
  content: *note
photo-other:
  at: 2026-12-01 08:05
  account: photo
  type: photo
  images: [a.png]
  content: 오늘의 원두 - 케냐 "AA" & 브라질입니다. 산미가 좋아요!
photo:
  at: 2026-12-01 09:00
  account: photo
  type: photo
  images: [a.png, b.png]
  content: 크리스마스 케이크 예약을 시작합니다 🎄 <선착순 50개> & 초코/딸기/밤
  permission: friends
link-other:
  at: 2026-12-01 08:05
  account: link
  type: link
  url: https://example.com/before
  content: 지난주 공연 사진을 "홈페이지"에 올렸습니다 & 영상도 곧 올려요
link:
  at: 2026-12-01 09:00
  account: link
  type: link
  url: https://example.com/jazz
  content: |
    Tonight's "Jazz & Wine": doors open at 7 pm 🎷
    Free for members; <sold out> soon! #jazz #seoul
gone-other:
  at: 2026-12-01 08:05
  account: gone
  type: note
  content: 이번 주도 잘 부탁드려요. "안녕하세요" & 반갑습니다!
gone:
  at: 2026-12-01 09:00
  account: gone
  type: note
  content: 이번 주 목요일은 쉽니다. 금요일 오전 10시에 만나요 :)
calm:
  at: [2026-12-01 08:05, 2026-12-01 09:00, 2026-12-01 09:01, 2026-12-01 11:00]
  account: calm
  type: note
  content: 조용한 가게의 매일 같은 글
"##;

/// What a person posts on each deceived account, before the lost request and after it.
const BY_HAND: [&str; 2] =
    ["오늘 점심은 비빔밥입니다. 11시 30분부터 드려요 #점심", "비가 오네요. 우산 빌려 드립니다, 편하게 말씀하세요"];

/// Since when the server lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// From the first answer on.
    Ever,
    /// From the moment on at which the answer was lost.
    TheDoubt,
}

/// How a play ended.
pub(super) struct End {
    /// What became of the post of nine o'clock, for each deceived account.
    pub(super) fates: BTreeMap<&'static str, Fate>,
    pub(super) complaints: Vec<String>,
}

/// What became of a post.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// Its story was found, or its answer named it; nothing was sent again.
    Published,
    /// It was sent again, because no story had come of it.
    SentAgain,
    /// It is not planned yet, since the clock is in doubt.
    NotPlanned,
    /// A person decides, and is told this.
    Parked(String),
    /// Another state, and why.
    Other(PostState, String),
}

impl Fate {
    /// In a word, for a table.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::SentAgain => "sent again",
            Self::NotPlanned => "waits",
            Self::Parked(_) => "parked",
            Self::Other(state, _) => state.as_str(),
        }
    }
}

/// A rule for one deceit, as a client of the deceived accounts meets it.
pub(super) fn lie(deceit: Deceit) -> FaultRule {
    let rule = FaultRule::new(FaultName::Deceit(deceit));
    match deceit {
        // Each look at such a list reads two hundred pages.
        Deceit::List(ListLie::Endless) => rule.probability(0.2),
        // Whole pages of this size are tried by themselves.
        Deceit::List(ListLie::Large | ListLie::LargeTexts) => rule.size(20_000),
        _ => rule,
    }
}

/// Plays it under these deceits.
pub(super) async fn play(lies: &[FaultRule], since: Since) -> End {
    let mut world = World::with(|options| {
        options.accounts = DECEIVED.iter().chain([&CALM]).map(|name| (*name).to_owned()).collect();
    })
    .await;
    world.condone("the play has a judge of its own");
    world.write("a.png", &png(1));
    world.write("b.png", &png(2));
    world.jobs(JOBS);
    let lie_about = lies;
    let lies: Vec<FaultRule> =
        lies.iter().flat_map(|rule| DECEIVED.map(|account| rule.clone().account(account))).collect();
    if since == Since::Ever {
        world.fault(lies.clone());
    }
    world.pass(20 * MINUTE).await;
    let mut hands = BTreeSet::new();
    for account in DECEIVED {
        hands.insert(by_hand(&world, account, BY_HAND[0]).await);
    }
    // Until a moment before nine.
    world.pass(Duration::from_secs(40 * 60 - 1)).await;
    let lost = |account: &str| FaultRule::new(FaultName::AnswerLost).account(account).times(1);
    let mut rules: Vec<FaultRule> = [("note", Call::Note), ("photo", Call::Photo), ("link", Call::Link)]
        .into_iter()
        .map(|(account, call)| lost(account).on(&[call]))
        .collect();
    rules.push(FaultRule::new(FaultName::RequestDropped).on(&[Call::Note]).account("gone").times(1));
    rules.extend(lies);
    world.fault(rules);
    world.pass(Duration::from_secs(10)).await;
    for account in DECEIVED {
        hands.insert(by_hand(&world, account, BY_HAND[1]).await);
    }
    world.pass(180 * MINUTE).await;
    let is_date = |rule: &FaultRule| matches!(rule.name, FaultName::Deceit(Deceit::Date(_)));
    let clocks = Clocks { lie: lie_about.iter().any(is_date), in_doubt: world.ctx().trust.doubt().is_some() };
    judge(&world, &hands, &clocks).await
}

/// What the dates of four accounts out of five did to the trust in this machine's clock: while that is in doubt everything waits.
struct Clocks {
    lie: bool,
    in_doubt: bool,
}

/// A person posts a note on the phone. Gives its ID, which the ledger knows, whatever the answer says.
pub(super) async fn by_hand(world: &World, account: &str, text: &str) -> String {
    let tokens = world.sandbox.accounts().iter().find(|tokens| tokens.account == account).unwrap().clone();
    let note = reqwest::Client::new()
        .post(format!("{}/v1/api/story/post/note", world.sandbox.url()))
        .bearer_auth(&tokens.access_token)
        .form(&[("content", text)]);
    let _whatever_it_says = note.send().await;
    let made = world.ledger().into_iter().filter(|story| story.account == account);
    made.filter(|story| story.content.as_deref() == Some(text)).map(|story| story.id).next_back().unwrap_or_default()
}

async fn judge(world: &World, hands: &BTreeSet<String>, clocks: &Clocks) -> End {
    let (posts, ledger) = (world.posts().await, world.ledger());
    let mut complaints = Vec::new();
    nothing_twice(&posts, &ledger, hands, &mut complaints);
    every_record_is_its_own(&posts, &ledger, hands, &mut complaints);
    nothing_vanishes(&posts, &ledger, hands, clocks, world.clock.now(), &mut complaints);
    let mut fates = BTreeMap::new();
    for account in DECEIVED {
        let Some(post) = posts.iter().find(|post| post.job == account) else {
            if !clocks.in_doubt {
                complaints.push(format!("lost: {account} never became a post"));
            }
            fates.insert(account, Fate::NotPlanned);
            continue;
        };
        let intents = world.events(post.post).await.iter().filter(|event| event.event == "intend").count();
        let fate = match post.state {
            PostState::Published if intents > 1 => Fate::SentAgain,
            PostState::Published => Fate::Published,
            PostState::InDoubt if post.parked_at.is_some() => Fate::Parked(post.reason.clone()),
            state => Fate::Other(state, post.reason.clone()),
        };
        fates.insert(account, fate);
    }
    End { fates, complaints }
}

type What<'a> = (&'a str, &'a str, Option<&'a str>);

fn nothing_twice(posts: &[PostRow], ledger: &[LedgerEntry], hands: &BTreeSet<String>, complaints: &mut Vec<String>) {
    let mut exist: BTreeMap<What<'_>, usize> = BTreeMap::new();
    for story in ledger.iter().filter(|story| !hands.contains(&story.id)) {
        *exist.entry((&story.account, &story.kind, story.content.as_deref())).or_default() += 1;
    }
    for ((account, kind, text), stories) in exist {
        let same = |post: &&PostRow| post.account == account && post.kind == kind && post.content.text() == text;
        let asked = posts.iter().filter(same).filter(|post| post.state != PostState::Scheduled).count();
        if stories > asked {
            complaints.push(format!("twice: {account} has {stories} stories of {asked} posts: {text:?}"));
        }
    }
}

/// No post is recorded under a twin's story, another account's, a person's, or one that says something else.
fn every_record_is_its_own(
    posts: &[PostRow],
    ledger: &[LedgerEntry],
    hands: &BTreeSet<String>,
    complaints: &mut Vec<String>,
) {
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for post in posts {
        let Some(id) = post.story_id.as_deref() else { continue };
        *owners.entry(id).or_default() += 1;
        // Under a name that only the answers gave it, no ledger knows it.
        let Some(story) = ledger.iter().find(|story| story.id == id) else { continue };
        if hands.contains(id) {
            complaints.push(format!("taken: {} is recorded under a person's story {id}", post.job));
        }
        if story.account != post.account || story.content.as_deref() != post.content.text() || story.kind != post.kind {
            complaints.push(format!("taken: {} is recorded under {id} of {}", post.job, story.account));
        }
        if story.created_at < post.occurs_at {
            complaints.push(format!("taken: {} is recorded under {id}, which is older than it", post.job));
        }
    }
    complaints
        .extend(owners.iter().filter(|(_, posts)| **posts > 1).map(|(id, posts)| format!("taken: {id} by {posts}")));
}

fn nothing_vanishes(
    posts: &[PostRow],
    ledger: &[LedgerEntry],
    hands: &BTreeSet<String>,
    clocks: &Clocks,
    now: Timestamp,
    complaints: &mut Vec<String>,
) {
    let is_parked = |post: &PostRow| post.state == PostState::InDoubt && (post.parked_at.is_some() || clocks.in_doubt);
    let says = |post: &PostRow, command: &str| post.reason.contains(&format!("storyd admin {command}"));
    for post in posts.iter().filter(|post| post.occurs_at <= now) {
        let waits = posts.iter().any(|other| is_parked(other) && other.account == post.account);
        let is_accounted_for = match post.state {
            PostState::Published => true,
            PostState::InDoubt if post.parked_at.is_some() => says(post, "resolve"),
            PostState::InDoubt => clocks.in_doubt,
            PostState::Scheduled => waits || post.blocked.is_some() || clocks.in_doubt,
            PostState::Failed | PostState::Missed | PostState::Held => !post.reason.is_empty(),
            _ => false,
        };
        if !is_accounted_for {
            complaints.push(format!("lost: {} is {} and says {:?}", post.job, post.state, post.reason));
        }
        if post.account == CALM && !clocks.lie && post.state != PostState::Published {
            complaints.push(format!("stopped: {} of {CALM} is {}: {}", post.job, post.state, post.reason));
        }
    }
    // Each story stands under its post, or under one that a person is asked about.
    let mut open: BTreeMap<What<'_>, usize> = BTreeMap::new();
    let known: BTreeSet<&str> = ledger.iter().map(|story| story.id.as_str()).collect();
    for post in posts {
        let under_another_name = post.story_id.as_deref().is_some_and(|id| !known.contains(id));
        // One that was refused is looked for when its account is asked again.
        let waits = post.state == PostState::Scheduled && post.blocked.is_some();
        if is_parked(post) || under_another_name || waits || matches!(post.state, PostState::Failed | PostState::Missed)
        {
            *open.entry((&post.account, &post.kind, post.content.text())).or_default() += 1;
        }
    }
    for story in ledger.iter().filter(|story| !hands.contains(&story.id)) {
        if posts.iter().any(|post| post.story_id.as_deref() == Some(story.id.as_str())) {
            continue;
        }
        match open.get_mut(&(story.account.as_str(), story.kind.as_str(), story.content.as_deref())) {
            Some(left) if *left > 0 => *left -= 1,
            _ => complaints.push(format!("lost: the story {} of {} stands under no post", story.id, story.account)),
        }
    }
}
