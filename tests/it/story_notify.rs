//! People are told of every trouble once, and once that it is over; nothing that posts ever waits for that.

use std::time::Duration;

use kakao_sandbox::{Call, DateLie, Deceit, FaultName, FaultRule};
use storyd::domain::clock::ServerTimeSample;
use storyd::domain::fault::{Block, BlockScope, Fault, Remedy};
use storyd::domain::notice::Trouble;
use storyd::domain::post::PostState;
use storyd::settings::notify::Notify;
use storyd::store::queue::{DeleteOrder, Findings, NewIncident};
use storyd::web::{self, Surroundings};

use crate::story_refused::sql;
use crate::support::receiver::Receiver;
use crate::support::world::{World, png};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// A world whose notices a receiver takes.
pub(crate) async fn world() -> (World, Receiver) {
    let receiver = Receiver::start().await;
    let mut world = World::new().await;
    world.tell(receiver.settings()).await;
    (world, receiver)
}

fn at_nine(late: &str) -> String {
    format!("p:\n  at: 2026-12-01 09:00\n  type: note\n  content: 글\n  late: {late}\n")
}

/// So many posts that reading the file does not make all of their texts.
fn every_quarter_of_an_hour(content: &str) -> String {
    let long = "가".repeat(1_500);
    let content = content.replace("long * 2", "long ~ long");
    format!("p:\n  cron: '*/15 * * * *'\n  type: note\n  vars: {{long: {long}}}\n  content: \"{content}\"\n")
}

fn code(code: i32, calls: &[Call]) -> Vec<FaultRule> {
    vec![FaultRule::new(FaultName::Code(code)).on(calls)]
}

/// Lets the hour of the post pass while nobody runs.
async fn oversleep(world: &mut World, late: &str) {
    world.jobs(&at_nine(late));
    world.settle().await;
    world.stop().await;
    world.clock.advance(3 * HOUR);
    world.start().await;
    world.settle().await;
}

async fn release(world: &mut World) {
    let (ctx, now) = (world.ctx(), world.clock.now());
    let from = [PostState::Missed, PostState::Held, PostState::Failed];
    let post = world.post("p").await.post;
    ctx.store.release(post, &from, "tester", "", ctx.rules.prepare_ahead, now).await.unwrap();
}

/// A person posts without storyd.
async fn by_hand(world: &mut World) {
    world.condone("a person posted by hand");
    let token = world.sandbox.mint_tokens("cafe").unwrap().access_token;
    let url = format!("{}/v1/api/story/post/note", world.sandbox.url());
    let request = reqwest::Client::new().post(url).bearer_auth(token).form(&[("content", "손으로 쓴 글")]);
    assert!(request.send().await.unwrap().status().is_success());
}

/// Brings a trouble about.
async fn stage(trouble: Trouble, world: &mut World) {
    match trouble {
        Trouble::Failed => {
            world.fault(code(-2, &[Call::Note]));
            world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
        }
        Trouble::Missed => oversleep(world, "{within: 1h, then: skip}").await,
        Trouble::Held => oversleep(world, "{within: 1h, then: hold}").await,
        Trouble::InDoubt => {
            // Published, the answer lost, and no consent to look: only a person can settle it.
            world.sandbox.set_scopes("cafe", &["story_publish"]).unwrap();
            world.fault(vec![FaultRule::new(FaultName::AnswerLost).on(&[Call::Note])]);
            world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
        }
        Trouble::NotDeleted => {
            world.fault(code(-6, &[Call::Delete]));
            world.jobs("p:\n  at: now\n  type: note\n  content: 글\n  delete_after: 1h\n");
            world.pass(2 * HOUR).await;
        }
        Trouble::Differences => {
            world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
            world.settle().await;
            by_hand(world).await;
            // What is a few minutes old is not judged.
            world.pass(HOUR).await;
            world.ctx().store.order_audit("cafe", "tester", world.clock.now()).await.unwrap();
        }
        Trouble::NotAudited => {
            world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
            world.settle().await;
            world.fault(code(-2, &[Call::MyStories]));
            world.ctx().store.order_audit("cafe", "tester", world.clock.now()).await.unwrap();
        }
        Trouble::Blocked => {
            world.fault(code(-5, &[Call::Note]));
            world.jobs("p:\n  at: now\n  type: note\n  content: 글\n  late: {within: 2d, then: skip}\n");
        }
        Trouble::Withdrawal => {
            let job = |n: u32| format!("p{n}:\n  at: 2026-12-20 09:00\n  type: note\n  content: 글 {n}\n");
            world.jobs(&(0..7).map(job).collect::<String>());
            world.settle().await;
            world.jobs(&job(0));
        }
        Trouble::BrokenFile => {
            world.jobs(&at_nine("{within: 1h, then: skip}"));
            world.write("jobs.yaml", b"version: 1\njobs:\n  p:\n    at: whenever\n");
            let problems = world.load().unwrap_err();
            world.ctx().plan.set_broken(problems);
        }
        Trouble::NoText => {
            world.stop().await;
            world.settings.horizon = 11 * DAY;
            world.start().await;
            world.jobs(&every_quarter_of_an_hour("{{ long * 2 if date.day == 12 else '글' }} {{ time }} {{ date }}"));
        }
        Trouble::DiskLow => {
            world.stop().await;
            world.disk_low = u64::MAX;
            world.start().await;
        }
        Trouble::ClockOff => {
            let two = jiff::SignedDuration::from_mins(2);
            world.ctx().store.ensure_account("cafe").await.unwrap();
            let at = world.clock.now();
            world.ctx().store.hear("cafe", ServerTimeSample { at, server_at: at + two }).await.unwrap();
        }
        Trouble::ClockDoubt => {
            // Every account is told of another day, and nothing else is known of the time.
            let lie = FaultRule::new(FaultName::Deceit(Deceit::Date(DateLie::Ahead))).by(DAY);
            world.fault(vec![lie.on(&[Call::TokenInfo])]);
            world.stop().await;
            world.clock.reboot();
            world.start().await;
        }
        Trouble::Preflight => {
            world.hand_in_access_token_alone("cafe", DAY);
            world.jobs("p:\n  at: 2026-12-12 09:00\n  type: note\n  content: 글\n");
        }
        Trouble::Refused => {
            sql(world, "CREATE TRIGGER odd BEFORE INSERT ON post BEGIN SELECT RAISE(ABORT, 'as a test wants it'); END")
                .await;
            world.jobs("p:\n  at: 2026-12-02 09:00\n  type: note\n  content: 글\n");
        }
        Trouble::Restarted => world.crash().await,
    }
    world.pass(5 * MINUTE).await;
}

/// Mends what `stage` broke.
async fn mend(trouble: Trouble, world: &mut World) {
    world.fault(vec![]);
    match trouble {
        Trouble::Failed | Trouble::Missed | Trouble::Held => release(world).await,
        Trouble::InDoubt => {
            let (post, story) = (world.post("p").await.post, world.ledger()[0].id.clone());
            world.ctx().store.resolve_found(post, &story, "tester", world.clock.now()).await.unwrap();
        }
        Trouble::NotDeleted => {
            let post = world.post("p").await.post;
            let (order, now) = (DeleteOrder { actor: "tester", reason: "" }, world.clock.now());
            let _ = world.ctx().store.order_delete(post, order, now, now).await.unwrap();
        }
        Trouble::Differences => {
            let finding = world.ctx().store.open_findings(None).await.unwrap().remove(0);
            let now = world.clock.now();
            world.ctx().store.settle_finding(None, &finding.story_id, "tester", "ours", now).await.unwrap();
        }
        Trouble::NotAudited => {
            // One that is under way, and one that is given up again, are neither its end nor another beginning.
            for fault in [code(-2, &[Call::MyStories]), vec![]] {
                world.fault(fault);
                world.ctx().store.order_audit("cafe", "tester", world.clock.now()).await.unwrap();
                world.pass(2 * HOUR).await;
            }
        }
        Trouble::Preflight => world.hand_over(&world.sandbox.mint_tokens("cafe").unwrap()),
        Trouble::Refused => sql(world, "DROP TRIGGER odd").await,
        Trouble::Blocked | Trouble::Restarted | Trouble::ClockDoubt => {}
        Trouble::Withdrawal => {
            let posts = world.ctx().store.accept(None, None, ("tester", ""), world.clock.now()).await.unwrap();
            assert_eq!(posts.len(), 6);
        }
        Trouble::BrokenFile => world.jobs(&at_nine("{within: 1h, then: skip}")),
        Trouble::NoText => world.jobs(&every_quarter_of_an_hour("글 {{ time }} {{ date }}")),
        Trouble::DiskLow => {
            world.stop().await;
            world.disk_low = 0;
            world.start().await;
        }
        Trouble::ClockOff => {
            let at = world.clock.now();
            world.ctx().store.hear("cafe", ServerTimeSample { at, server_at: at }).await.unwrap();
        }
    }
    world.pass(2 * HOUR).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trouble_reaches_the_webhook_once_and_so_does_its_end() {
    let mut told = String::new();
    for trouble in Trouble::ALL {
        let (mut world, receiver) = world().await;
        world.settle().await;
        stage(trouble, &mut world).await;
        let began = receiver.notices();
        assert_eq!(began.len(), 1, "{trouble:?}: {began:#?}");
        assert!(began[0].starts_with(&format!("{} began: ", trouble.as_str())), "{began:#?}");
        told.push_str(
            &receiver.heard()[0].json()["text"]
                .as_str()
                .unwrap()
                .replace(&world.path("").display().to_string(), "[FOLDER]/"),
        );
        told.push('\n');
        world.pass(HOUR).await;
        // Neither the passing of time nor a restart tells it again.
        world.stop().await;
        world.start().await;
        world.pass(MINUTE).await;
        assert_eq!(receiver.notices().len(), 1, "{trouble:?}: {:#?}", receiver.notices());
        mend(trouble, &mut world).await;
        let ended = receiver.notices().split_off(1);
        if trouble.is_news() {
            assert!(ended.is_empty(), "{ended:#?}");
        } else {
            assert_eq!(ended.len(), 1, "{trouble:?}: {ended:#?}");
            assert!(ended[0].starts_with(&format!("{} ended: ", trouble.as_str())), "{ended:#?}");
            told.push_str(receiver.heard()[1].json()["text"].as_str().unwrap());
            told.push('\n');
        }
        told.push('\n');
        assert!(world.ctx().store.open_incidents().await.unwrap().is_empty(), "{trouble:?}");
    }
    insta::with_settings!({ filters => vec![(r"story [A-Za-z0-9]+\.[A-Za-z0-9]+", "story [ID]"), (r"\d+ MB", "[N] MB")] }, {
        insta::assert_snapshot!("every_trouble", told);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_that_vanish_are_told_while_there_is_time_to_bring_them_back() {
    let (mut world, receiver) = world().await;
    world.write("a.png", &png(1));
    world.jobs("p:\n  at: 2026-12-01 20:00\n  type: photo\n  images: [a.png]\n  content: 사진\n");
    world.pass(HOUR).await;
    assert!(receiver.notices().is_empty());
    let folder = world.path("data/media");
    let picture = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&picture).unwrap();
    std::fs::write(&picture, b"").unwrap();
    // Before the job files are next brought into the queue, which would take the picture over again.
    world.pass(15 * MINUTE).await;
    assert_eq!(receiver.notices().len(), 1, "{:#?}", receiver.notices());
    std::fs::write(&picture, bytes).unwrap();
    world.pass(DAY).await;
    assert!(receiver.notices()[1].starts_with("preflight ended"), "{:#?}", receiver.notices());
    assert_eq!(world.post("p").await.state, PostState::Published);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_posts_that_fall_at_once_are_one_message() {
    let (mut world, receiver) = world().await;
    let jobs: String = (0..25)
        .map(|n| {
            format!(
                "p{n}:\n  at: 2026-12-01 09:00\n  type: note\n  content: 글 {n}\n  late: {{within: 1h, then: skip}}\n"
            )
        })
        .collect();
    world.jobs(&jobs);
    world.settle().await;
    world.stop().await;
    world.clock.advance(3 * HOUR);
    world.start().await;
    world.pass(HOUR).await;
    assert_eq!(receiver.notices(), ["missed began: 25 posts missed: too late to go out (cafe)"]);
    let notice = receiver.heard()[0].json();
    assert_eq!((notice["items"].as_array().unwrap().len(), &notice["more"]), (10, &15.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_goes_up_and_down_is_no_storm() {
    let (mut world, receiver) = world().await;
    world.ctx().store.ensure_account("cafe").await.unwrap();
    let fault = Fault::permanent("-5", "the app lacks the permission for this API", "Ask the owner.");
    let block = Block { scope: BlockScope::Account, cure: Remedy::Owner };
    for _ in 0..60 {
        world.ctx().store.block("cafe", &block, &fault, HOUR, world.clock.now()).await.unwrap();
        world.pass(MINUTE).await;
        world.ctx().store.unblock("cafe").await.unwrap();
        world.pass(MINUTE).await;
    }
    world.pass(HOUR).await;
    let notices = receiver.notices();
    let began = notices.iter().filter(|notice| notice.starts_with("blocked began")).count();
    // Two hours of it: one message in ten minutes at most, and none that is not taken back.
    assert!((1..=13).contains(&began), "{notices:#?}");
    assert!(notices.len() <= 26, "{notices:#?}");
    assert!(notices.last().unwrap().starts_with("blocked ended"), "{notices:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_api_ends_it_is_one_message_for_all_accounts() {
    let (mut world, receiver) = world().await;
    world.fault(code(-9, &[Call::Note]));
    world.jobs(
        "p:\n  at: now\n  type: note\n  content: 글\nq:\n  at: now\n  account: shop\n  type: note\n  content: 글\n",
    );
    world.pass(HOUR).await;
    assert_eq!(receiver.notices(), ["blocked began: 2 accounts are blocked"]);
    assert!(world.ledger().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_down_holds_up_no_post_and_hears_of_it_later() {
    let (mut world, receiver) = world().await;
    receiver.answer(500);
    world.fault(code(-2, &[Call::Note]).into_iter().map(|rule| rule.times(1)).collect());
    world.jobs(
        "p:\n  at: now\n  type: note\n  content: 글\nq:\n  at: 2026-12-01 09:00\n  type: note\n  content: 다음\n",
    );
    world.pass(2 * HOUR).await;
    assert_eq!(world.post("q").await.state, PostState::Published);
    assert_eq!(world.requests("note"), 2, "a notice that fails repeats no post");
    let waiting = world.ctx().store.waiting_notices().await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].problem.as_deref(), Some("the receiver answered HTTP 500"));
    receiver.answer(200);
    world.crash().await;
    world.pass(2 * HOUR).await;
    let failed: Vec<_> = receiver.notices().into_iter().filter(|notice| notice.starts_with("failed")).collect();
    assert_eq!(failed, ["failed began: 1 post failed (p on cafe)"]);
    assert!(world.ctx().store.waiting_notices().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_of_a_sink_that_is_gone_is_given_up() {
    let (mut world, receiver) = world().await;
    receiver.answer(500);
    world.fault(code(-2, &[Call::Note]));
    world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
    world.pass(MINUTE).await;
    world.tell(Notify { digest: None, ..Notify::default() }).await;
    world.pass(DAY).await;
    assert!(world.ctx().store.waiting_notices().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_published_story_is_told_when_asked_for() {
    let (mut world, receiver) = world().await;
    let mut notify = receiver.settings();
    world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
    world.settle().await;
    assert!(receiver.notices().is_empty());
    notify.published = true;
    world.tell(notify).await;
    world.jobs("q:\n  at: now\n  type: note\n  content: 다음\n");
    world.settle().await;
    assert_eq!(receiver.notices(), ["published: 1 story published"]);
    let item = &receiver.heard()[0].json()["items"][0];
    assert!(item["url"].as_str().unwrap().starts_with("https://story.kakao.com/"), "{item}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_day_is_told_in_short_once_a_day_at_its_time() {
    let (mut world, receiver) = world().await;
    world.tell(Notify { digest: Notify::default().digest, ..receiver.settings() }).await;
    world.jobs(
        "daily:\n  cron: \"0 10 * * *\"\n  from: 2026-12-01\n  until: 2026-12-31\n  type: note\n  content: 매일\n",
    );
    world.pass(3 * DAY).await;
    assert_eq!(
        receiver.notices(),
        [
            "digest: since the last digest: 0 published, 0 failed, 0 missed, 0 taken down; 1 to come within a day; 0 troubles open",
            "digest: since the last digest: 1 published, 0 failed, 0 missed, 0 taken down; 1 to come within a day; 0 troubles open",
            "digest: since the last digest: 1 published, 0 failed, 0 missed, 0 taken down; 1 to come within a day; 0 troubles open",
        ]
    );
    let times: Vec<String> =
        receiver.heard().iter().map(|heard| heard.json()["at"].as_str().unwrap().to_owned()).collect();
    assert_eq!(times, ["2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z", "2026-12-03T00:00:00Z"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anybody_to_tell_what_is_wrong_is_known_all_the_same() {
    let mut world = World::new().await;
    world.fault(code(-2, &[Call::Note]));
    world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
    world.settle().await;
    let open = world.ctx().store.open_incidents().await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].command, "storyd admin retry 1");
    assert!(world.ctx().store.waiting_notices().await.unwrap().is_empty());
}

/// What a monitor is told of a trouble.
async fn metric(world: &World, trouble: Trouble) -> String {
    let dashboard = web::start(world.shared(), "127.0.0.1:0".parse().unwrap(), Surroundings::default()).await.unwrap();
    let answer = reqwest::Client::new().get(format!("{}/metrics", dashboard.url())).send().await.unwrap();
    let told = answer.text().await.unwrap();
    dashboard.stop().await;
    let name = format!("storyd_troubles{{trouble=\"{}\"}} ", trouble.as_str());
    told.lines().find_map(|line| line.strip_prefix(&name)).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_posts_that_need_a_person_hide_no_other_trouble() {
    let (mut world, _receiver) = world().await;
    world.settle().await;
    let missed = |n| NewIncident {
        trouble: Trouble::Missed,
        subject: format!("post {n} of long ago"),
        post: None,
        job: None,
        account: Some("cafe".into()),
        reason: "its window ended".into(),
        command: "storyd admin release".into(),
        began_at: world.clock.now(),
    };
    let findings = Findings { began: (0..1_001).map(missed).collect(), ..Findings::default() };
    world.ctx().store.record_findings(&findings, &[], world.clock.now()).await.unwrap();
    stage(Trouble::DiskLow, &mut world).await;
    let listed = async |world: &World| {
        let open = world.ctx().store.open_incidents().await.unwrap();
        open.iter().filter(|incident| incident.trouble == Trouble::DiskLow).count()
    };
    assert_eq!(listed(&world).await, 1);
    assert_eq!(
        (metric(&world, Trouble::DiskLow).await, metric(&world, Trouble::Missed).await),
        ("1".into(), "1001".into())
    );
    let failures = |world: &World| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_storyd"));
        command.args(["admin", "failures", "--fail", "--data-dir"]).arg(world.path("data")).current_dir(world.path(""));
        command.output().unwrap()
    };
    let told = failures(&world);
    assert!(told.status.code() == Some(6) && String::from_utf8_lossy(&told.stdout).contains("the disk"), "{told:?}");
    mend(Trouble::DiskLow, &mut world).await;
    assert_eq!(listed(&world).await, 0, "it has ended");
    assert_eq!(metric(&world, Trouble::DiskLow).await, "0");
    assert_eq!(failures(&world).status.code(), Some(0));
    // What nobody has done anything about for a day is let be, however many there are.
    world.pass(DAY).await;
    assert_eq!(metric(&world, Trouble::Missed).await, "0");
}
