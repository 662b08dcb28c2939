//! A month of a team's life: files are added, edited, moved, renamed, broken, mended and reverted, while posts go out. After each step the
//! queue is what the plan said it would be.

use std::time::Duration;

use jiff::Timestamp;
use storyd::domain::post::PostState;
use storyd::engine::planned;
use storyd::engine::tasks::enqueue;
use storyd::plan;
use storyd::store::queue::ChangeKind;
use storyd::store::view::PostRow;

use crate::support::world::{World, png};

const DAY: Duration = Duration::from_secs(86_400);

/// What a post is to those who read it.
type Row = (String, Timestamp, String, String, PostState);

fn row(post: &PostRow) -> Row {
    let says = serde_json::to_string(&post.content).unwrap();
    (post.job.clone(), post.occurs_at, post.account.clone(), says, post.state)
}

/// Reads the files of the team, compares what the plan says with what enqueueing does, and says what changed.
async fn read(world: &World) -> [usize; 4] {
    let ctx = world.ctx();
    let plan = plan::load(&[world.path("jobs")], world.clock.now()).unwrap_or_else(|problems| panic!("{problems}"));
    let (changes, _) = planned::preview(Some(&ctx.store), &plan, &ctx.rules, world.clock.now()).await.unwrap();
    let mut expected: Vec<(Option<i64>, Row)> =
        world.posts().await.iter().map(|post| (Some(post.post), row(post))).collect();
    for change in &changes {
        let face = change.after.as_ref().map(|face| {
            let says = serde_json::to_string(&face.content).unwrap();
            (change.job.clone(), face.occurs_at, face.account.clone(), says, change.becomes)
        });
        let known = expected.iter_mut().find(|(post, _)| post.is_some() && *post == change.post);
        match (change.kind, known, face) {
            (ChangeKind::Ignored | ChangeKind::Unchanged, ..) => {}
            (_, Some((_, row)), Some(face)) => *row = face,
            (_, Some((_, row)), None) => row.4 = change.becomes,
            (ChangeKind::Added, None, Some(face)) => expected.push((None, face)),
            (_, None, _) => panic!("{change:?} is about no post"),
        }
    }
    ctx.plan.set(plan);
    enqueue::run_once(ctx).await.unwrap();
    let sorted = |mut rows: Vec<Row>| {
        rows.sort_by(|one, other| (&one.0, one.1, &one.3).cmp(&(&other.0, other.1, &other.3)));
        rows
    };
    let expected = sorted(expected.into_iter().map(|(_, row)| row).collect());
    assert_eq!(sorted(world.posts().await.iter().map(row).collect()), expected, "the queue is not what the plan said");
    let again = ctx.plan.get().0.unwrap();
    let (again, _) = planned::preview(Some(&ctx.store), &again, &ctx.rules, world.clock.now()).await.unwrap();
    let open = again.iter().filter(|change| !matches!(change.kind, ChangeKind::Unchanged | ChangeKind::Ignored));
    assert_eq!(open.count(), 0, "a plan that is in force has nothing to change");
    let count = |kind| changes.iter().filter(|change| change.kind == kind).count();
    [ChangeKind::Added, ChangeKind::Changed, ChangeKind::Cancelled, ChangeKind::Ignored].map(count)
}

fn file(jobs: &str) -> Vec<u8> {
    format!("version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n{jobs}").into_bytes()
}

const WINTER: &str = "  opening: {at: 2026-12-01 09:00, type: note, content: 문을 열었어요}\n\
    \x20 latte: {at: [2026-12-05 10:30, 2026-12-12 10:30], type: photo, images: [latte.png], content: 라떼}\n";
const WEEKLY: &str = "  weekly: {cron: '0 9 * * MON', until: 2026-12-31, type: note, content: 이번 주도 힘내세요}\n";

#[tokio::test(flavor = "multi_thread")]
async fn after_each_step_of_a_month_the_queue_is_what_the_plan_said() {
    let mut world = World::new().await;
    world.write("jobs/latte.png", &png(1));
    world.write("jobs/winter.yaml", &file(WINTER));
    assert_eq!(read(&world).await, [3, 0, 0, 0], "the first file");
    world.pass(DAY).await;

    world.write("jobs/weekly.yaml", &file(WEEKLY));
    assert_eq!(read(&world).await, [4, 0, 0, 0], "a second file");
    world.write("jobs/winter.yaml", &file(&WINTER.replace("문을 열었어요", "문을 활짝 열었어요")));
    assert_eq!(read(&world).await, [0, 0, 0, 1], "an edit that comes too late");
    world.write("jobs/winter.yaml", &file(&WINTER.replace("content: 라떼", "content: 라떼 한 잔")));
    assert_eq!(read(&world).await, [0, 2, 0, 0], "another text, and the first one as it was");
    world.write("jobs/latte.png", &png(2));
    assert_eq!(read(&world).await, [0, 2, 0, 0], "another picture under the same name");
    world.pass(DAY).await;

    let moved = WINTER.replace("2026-12-05 10:30", "2026-12-06 11:00");
    world.write("jobs/winter.yaml", &file(&moved));
    assert_eq!(read(&world).await, [1, 1, 1, 0], "a moved time is another post; the text as it was");
    std::fs::rename(world.path("jobs/winter.yaml"), world.path("jobs/december.yaml")).unwrap();
    assert_eq!(read(&world).await, [0, 0, 0, 0], "a renamed file");
    world.write("jobs/december.yaml", &file(&format!("{moved}{WEEKLY}")));
    std::fs::remove_file(world.path("jobs/weekly.yaml")).unwrap();
    assert_eq!(read(&world).await, [0, 0, 0, 0], "a job in another file");
    world.pass(DAY * 5).await;

    // A merge that went wrong is committed, and found out two days later.
    let before: Vec<Row> = world.posts().await.iter().map(row).collect();
    world.write("jobs/december.yaml", format!("<<<<<<< HEAD\n{moved}=======\n>>>>>>> main\n").as_bytes());
    let problems = plan::load(&[world.path("jobs")], world.clock.now()).unwrap_err();
    world.ctx().plan.set_broken(problems);
    world.settle().await;
    assert_eq!(world.posts().await.iter().map(row).collect::<Vec<_>>(), before, "nothing moves");
    world.pass(DAY * 2).await;
    assert_eq!(world.ledger().len(), 3, "the opening, a latte and a Monday went out meanwhile");

    let mended = moved.replace("2026-12-12 10:30", "2026-12-13 10:30");
    world.write("jobs/december.yaml", &file(&format!("{mended}{WEEKLY}")));
    assert_eq!(read(&world).await, [1, 0, 1, 0], "mended, with a time moved by a day");
    world.write("jobs/december.yaml", &file(&format!("{moved}{WEEKLY}")));
    assert_eq!(read(&world).await, [1, 0, 1, 0], "reverted: the post of the first time is back");
    world.write("jobs/december.yaml", &file(WEEKLY));
    assert_eq!(read(&world).await, [0, 0, 1, 0], "jobs that are gone; what is out stays");
    let quiet = "blackouts: [{hours: 08:00-10:00, weekdays: MON, reason: meetings, then: move}]\n";
    let text = String::from_utf8(file(WEEKLY)).unwrap().replace("jobs:\n", &format!("{quiet}jobs:\n"));
    world.write("jobs/december.yaml", text.as_bytes());
    assert_eq!(read(&world).await, [0, 3, 0, 0], "quiet hours move what waits");
    let skip = text.replace("then: move", "then: skip");
    world.write("jobs/december.yaml", skip.as_bytes());
    assert_eq!(read(&world).await, [0, 0, 3, 0], "and leave it out");
    world.write("jobs/december.yaml", &file(WEEKLY));
    assert_eq!(read(&world).await, [3, 0, 0, 0], "and let it go again");
    world.pass(DAY * 25).await;

    assert_eq!(world.ledger().len(), 6, "the opening, a latte and four Mondays");
    let waiting = world.posts().await.into_iter().filter(|post| post.state == PostState::Scheduled).count();
    assert_eq!(waiting, 0);
}

/// Numbers that look random and are the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn however_the_files_are_edited_the_queue_is_what_the_plan_said() {
    let mut world = World::new().await;
    let mut draw = Draw(11);
    for _ in 0..60 {
        let mut jobs = String::new();
        for job in 0..4 {
            let schedule = match draw.below(5) {
                0 => continue,
                1 => format!("cron: '{} 9,12 * * *', jitter: {}m", draw.below(3) * 20, draw.below(3) * 10 + 1),
                2 => "at: now".to_owned(),
                _ => format!(
                    "at: [2026-12-0{} 1{}:00, 2026-12-1{} 11:00]",
                    draw.below(9) + 1,
                    draw.below(3),
                    draw.below(9)
                ),
            };
            let account = if draw.below(4) == 0 { ", account: shop" } else { "" };
            let text = format!("글 {job}-{}", draw.below(3));
            jobs.push_str(&format!("  job-{job}: {{{schedule}, type: note, content: {text}{account}}}\n"));
        }
        let then = ["move", "hold", "skip"][usize::try_from(draw.below(3)).unwrap()];
        let blackouts = match draw.below(3) {
            0 => format!("blackouts: [{{hours: 11:30-1{}:00, reason: lunch, then: {then}}}]\n", draw.below(3) + 2),
            _ => String::new(),
        };
        let jobs = if jobs.is_empty() { "jobs: {}\n".to_owned() } else { format!("jobs:\n{jobs}") };
        let head = "version: 1\nzone: Asia/Seoul\naccount: cafe\n";
        world.write("jobs/all.yaml", format!("{head}{blackouts}{jobs}").as_bytes());
        read(&world).await;
        if draw.below(3) == 0 {
            world.pass(Duration::from_secs(draw.below(30) * 1_200)).await;
        }
    }
}
