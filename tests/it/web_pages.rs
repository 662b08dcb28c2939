//! What the dashboard shows: each page says what it must, and says it safely.

use std::time::Duration;

use kakao_sandbox::{Call, FaultName, FaultRule};
use storyd::domain::policy::Preflight;
use storyd::domain::post::PostState;
use storyd::plan;
use storyd::store::queue::{DeleteOrder, PauseOrder, PauseScope};
use storyd::web::{self, Dashboard, Surroundings};

use crate::support::world::{World, png};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const EVIL: &str = "<script>alert('1')</script> & \"x\"";

/// A dashboard of the world as it stands, and what one of its pages says.
async fn dashboard(world: &World) -> Dashboard {
    let surroundings = Surroundings { command_flags: " --data-dir d".into(), ..Surroundings::default() };
    web::start(world.shared(), "127.0.0.1:0".parse().unwrap(), surroundings).await.unwrap()
}

async fn get(dashboard: &Dashboard, path: &str) -> String {
    let answer = reqwest::Client::new().get(format!("{}{path}", dashboard.url())).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    answer.text().await.unwrap()
}

/// What a reader sees of a page: its text without the tags, a line per line.
fn text(html: &str) -> String {
    let body = &html[html.find("<body>").unwrap()..];
    let mut text = String::new();
    let mut inside_tag = false;
    for character in body.chars() {
        match character {
            '<' => inside_tag = true,
            '>' => inside_tag = false,
            other if !inside_tag => text.push(other),
            _ => {}
        }
    }
    let plain = text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'");
    let lines = plain.replace("&#38;", "&");
    let lines = lines.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_groups_what_comes_by_day_and_names_every_trouble_with_its_command() {
    let mut world = World::new().await;
    world.write("a.png", &png(1));
    world.fault(vec![
        FaultRule::new(FaultName::Code(-402)).on(&[Call::Upload]),
        FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::MyStories, Call::Delete]),
        FaultRule::new(FaultName::AnswerLost).on(&[Call::Note]).times(1),
    ]);
    world.jobs(
        "doubt:\n  at: now\n  type: note\n  content: 나갔을까요?\n
soon:\n  at: 2026-12-02 09:00\n  type: note\n  content: |\n    겨울 신메뉴가 나왔어요! ☕\n    매장에서 만나요.\n
morrow:\n  at: 2026-12-03 10:30\n  type: link\n  url: https://example.com/menu\n  tags: [menu]\n
gone:\n  at: 2026-12-01 11:00\n  type: note\n  content: 내려갈 글\n  delete_after: 1h\n
pictures:\n  at: 2026-12-01 12:00\n  account: shop\n  type: photo\n  images: [a.png]\n  content: 사진\n  late: {within: 30d, then: skip}\n
missed:\n  at: 2026-12-01 06:00\n  type: note\n  content: 늦은 글\n
held:\n  at: 2026-12-01 06:30\n  type: note\n  content: 기다리는 글\n  late: {within: 10m, then: hold}\n",
    );
    world.pass(24 * HOUR - Duration::from_secs(60)).await;
    world.condone("the doubt stays open, and the take-down has failed");
    let dashboard = dashboard(&world).await;
    let html = get(&dashboard, "/").await;
    // No page changes under the reader unless the reader wants it (WCAG 2.2.1).
    assert!(!html.contains("http-equiv=\"refresh\"") && html.contains("<a href=\"/?renew=1\">"));
    let renewed = get(&dashboard, "/?renew=1").await;
    assert!(
        renewed.contains("<meta http-equiv=\"refresh\" content=\"60\">") && renewed.contains("<a href=\"/\">stop</a>")
    );
    insta::with_settings!({filters => [
        (r"[A-Za-z]{7}\.[A-Za-z0-9]{11}", "[story]"),
    ]}, { insta::assert_snapshot!(text(&html)) });
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_shows_its_whole_story() {
    let mut world = World::new().await;
    world.write("images/latte.png", &png(1));
    world.jobs(
        "photos:\n  at: now\n  type: photo\n  images: [images/latte.png]\n  content: |\n    주말엔\n    라떼 한 잔\n  \
         permission: friends\n  enable_share: true\n  ios_exec_param: menu_id=12\n  delete_after: 2h\n",
    );
    world.fault(vec![FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::Upload]).times(1)]);
    world.pass(HOUR).await;
    let post = world.post("photos").await;
    let story = post.story_id.unwrap();
    let dashboard = dashboard(&world).await;
    let html = get(&dashboard, &format!("/posts/{}", post.post)).await;
    let (profile, activity) = story.split_once('.').unwrap();
    assert!(html.contains(&format!("href=\"https://story.kakao.com/{profile}/{activity}\"")));
    assert!(html.contains("주말엔\n라떼 한 잔</div>"), "line breaks stay");
    let text = text(&html);
    for part in
        ["latte.png", "friends", "sharing", "menu_id=12", "prepare", "retry", "intend", "published", "taken down"]
    {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(text.contains("Tue 2026-12-01 08:00 KST"), "{text}");
    // What went over the wire when it did not plainly succeed, without what opens the account.
    assert!(text.contains("asked POST /v1/api/story/upload/multi (1 images, "), "{text}");
    assert!(text.contains("answered HTTP 500"), "{text}");
    assert_eq!(text.matches("asked ").count(), 1, "of a success nothing is kept: {text}");
    for account in world.sandbox.accounts() {
        assert!(!html.contains(&account.access_token) && !html.contains("Bearer"), "{html}");
    }
    dashboard.stop().await;

    // In the sandbox the story has no page at Kakao.
    let surroundings = Surroundings { sandbox_url: Some("http://127.0.0.1:1".into()), ..Surroundings::default() };
    let dashboard = web::start(world.shared(), "127.0.0.1:0".parse().unwrap(), surroundings).await.unwrap();
    let html = get(&dashboard, &format!("/posts/{}", post.post)).await;
    assert!(!html.contains("story.kakao.com") && html.contains("nothing reaches Kakao") && html.contains(&story));
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_a_post_or_of_a_problem_becomes_markup() {
    let mut world = World::new().await;
    let text = serde_json::to_string(EVIL).unwrap();
    world.fault(vec![FaultRule::new(FaultName::Code(-2)).on(&[Call::Link])]);
    world.jobs(&format!("evil:\n  at: now\n  type: note\n  content: {text}\nrefused:\n  at: now\n  type: link\n  url: https://a.kr/m\n  content: {text}\nnext:\n  at: 2026-12-05 09:00\n  type: note\n  content: {text}\n"));
    world.settle().await;
    world.write("jobs.yaml", format!("version: 1\nzone: Asia/Seoul\njobs:\n  broken: {EVIL}\n").as_bytes());
    let problems = plan::load(&[world.path("jobs.yaml")], crate::plan_load::now()).unwrap_err();
    world.ctx().plan.set_broken(problems);
    let dashboard = dashboard(&world).await;
    let post = world.post("evil").await.post;
    let refused = format!("/posts/{}", world.post("refused").await.post);
    assert!(get(&dashboard, &refused).await.contains("asked <code>POST /v1/api/story/post/link "));
    for path in ["/", "/posts", "/stories", &format!("/posts/{post}"), &refused] {
        let html = get(&dashboard, path).await;
        assert!(!html.contains("<script"), "{path}: {html}");
        assert!(
            html.contains("&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62; &#38; &#34;x&#34;"),
            "{path}: {html}"
        );
    }
    let html = get(&dashboard, "/").await;
    assert!(html.contains("The job files do not load") && html.contains("What loaded last stays in force"), "{html}");
    assert!(html.contains("broken: &#60;script&#62;"), "the excerpt of the problem: {html}");
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_says_which_files_stay_at_their_last_good_version_and_since_when() {
    let mut world = World::new().await;
    let file = |name: &str| {
        format!(
            "version: 1\nzone: Asia/Seoul\naccount: cafe\njobs:\n  {name}:\n    at: 2026-12-05 09:00\n    type: note\n    content: 글\n"
        )
    };
    let read = |world: &World| {
        let paths = [world.path("jobs")];
        world.ctx().plan.take(plan::load_each(&paths, &plan::LoadInputs::default(), world.clock.now()));
    };
    for name in ["a", "b", "c"] {
        world.write(&format!("jobs/{name}.yaml"), file(name).as_bytes());
    }
    read(&world);
    world.settle().await;
    world.write("jobs/b.yaml", file("b").replace("at:", "att:").as_bytes());
    read(&world);
    world.pass(HOUR / 6).await;
    let dashboard = dashboard(&world).await;
    let page = text(&get(&dashboard, "/").await);
    let path = world.path("jobs/b.yaml").display().to_string();
    assert!(
        page.contains("At their last good version:") && page.contains(&format!("{path} since Tue 2026-12-01 08:0")),
        "{page}"
    );
    assert!(!page.contains("a.yaml"), "{page}");
    world.write("jobs/b.yaml", file("b").as_bytes());
    read(&world);
    assert!(!get(&dashboard, "/").await.contains("At their last good version"));
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_come_in_pages_with_the_newest_first() {
    let mut world = World::new().await;
    let times: Vec<String> = (0..60).map(|minute| format!("2026-12-01 10:{minute:02}")).collect();
    world.jobs(&format!("many:\n  at: [{}]\n  type: note\n  content: 글\n", times.join(", ")));
    world.pass(3 * HOUR).await;
    let dashboard = dashboard(&world).await;
    for (path, other) in
        [("/stories", "/stories?page=2"), ("/posts?state=published", "/posts?state=published&#38;page=2")]
    {
        let first = get(&dashboard, path).await;
        assert_eq!(first.matches("class=\"number\"").count(), 50, "{path}");
        assert!(first.contains("10:59 KST") && !first.contains("10:05 KST"), "{path}");
        assert!(first.contains(&format!("href=\"{other}\"")), "{path}: {first}");
        let second = get(&dashboard, &other.replace("&#38;", "&")).await;
        assert_eq!(second.matches("class=\"number\"").count(), 10, "{path}");
        assert!(second.contains("10:05 KST") && !second.contains("rel=\"next\""), "{path}");
    }
    // Beyond every page there is an empty one, not an error.
    assert!(get(&dashboard, "/stories?page=4294967295").await.contains("No story is on record this far back"));
    assert!(get(&dashboard, "/posts?state=failed").await.contains("There is no such post"));
    assert!(get(&dashboard, "/posts?job=many&account=cafe").await.contains("job many · account cafe"));
    // Words, tags and jobs, however their letters are composed.
    let found = get(&dashboard, "/posts?text=%E1%84%80%E1%85%B3%E1%86%AF&job=many").await;
    assert!(
        found.contains("job many · with the words “글”") && found.matches("class=\"number\"").count() == 50,
        "{found}"
    );
    assert!(found.contains("href=\"/posts?job=many&#38;text=%EA%B8%80&#38;page=2\""), "{found}");
    assert!(get(&dashboard, "/posts?text=none").await.contains("There is no such post"));
    assert!(get(&dashboard, "/posts?tag=none").await.contains("There is no such post"));
    assert!(get(&dashboard, "/posts?job=none&page=x&nonsense=%ff").await.contains("There is no such post"));
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_down_and_its_failure_are_seen() {
    let mut world = World::new().await;
    world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
    world.settle().await;
    let post = world.post("p").await.post;
    let order = DeleteOrder { actor: "kim", reason: "wrong price" };
    let now = world.clock.now();
    let _ = world.ctx().store.order_delete(post, order, now, now).await.unwrap();
    world.fault(vec![FaultRule::new(FaultName::ServerErrorBeforeEffect).on(&[Call::Delete])]);
    world.pass(DAY).await;
    let dashboard = dashboard(&world).await;
    for path in ["/".to_owned(), format!("/posts/{post}")] {
        let html = get(&dashboard, &path).await;
        assert!(html.contains(&format!("storyd admin delete {post} --data-dir d")), "{path}: {html}");
    }
    assert!(get(&dashboard, "/stories").await.contains("deletion failed"));
    world.fault(vec![]);
    let now = world.clock.now();
    let _ = world.ctx().store.order_delete(post, order, now, now).await.unwrap();
    world.settle().await;
    assert_eq!(world.post("p").await.state, PostState::Deleted);
    assert!(text(&get(&dashboard, "/").await).contains("Nothing needs a person"));
    assert!(text(&get(&dashboard, "/stories").await).contains("deleted"));
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_names_who_and_why_and_what_waits_for_its_end() {
    let mut world = World::new().await;
    world.jobs(
        "menu:\n  at: 2026-12-02 09:00\n  type: note\n  content: 글\n  tags: [오늘]\nother:\n  at: 2026-12-03 09:00\n  type: note\n  content: 글\n",
    );
    world.settle().await;
    let now = world.clock.now();
    let order = PauseOrder { actor: "kim", reason: "<i>a recall</i>", until: Some(now + 26 * HOUR) };
    let _ = world.ctx().store.pause(&PauseScope::Tag("오늘".into()), order, now).await.unwrap();
    let _ = world.ctx().store.pause(&PauseScope::Job("it's".into()), order, now).await.unwrap();
    let dashboard = dashboard(&world).await;
    let html = get(&dashboard, "/").await;
    assert!(!html.contains("<i>"), "{html}");
    let said = text(&html);
    assert!(said.contains("tag 오늘 by kim since Tue 2026-12-01 08:00 KST (now)"), "{said}");
    assert!(said.contains("until Wed 2026-12-02 10:00 KST (in 1 d 2 h): <i>a recall</i>"), "{said}");
    assert!(said.contains("storyd admin resume --tag 오늘 --data-dir d"), "{said}");
    assert!(said.contains(r"storyd admin resume --job 'it'\''s' --data-dir d"), "{said}");
    assert_eq!(html.matches(">paused until Wed 2026-12-02 10:00 KST</span>").count(), 1, "{said}");
    for (job, paused) in [("menu", true), ("other", false)] {
        let page = text(&get(&dashboard, &format!("/posts/{}", world.post(job).await.post)).await);
        assert_eq!(page.contains("paused"), paused, "{page}");
    }
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_keep_a_post_from_going_out_is_shown_and_counted_for_a_monitor() {
    let mut world = World::new().await;
    world.stop().await;
    world.settings.preflight = Preflight::default();
    world.start().await;
    world.jobs(
        "menu:\n  at: 2026-12-02 09:00\n  type: link\n  url: https://unscrapable.example.com/\n  content: 메뉴\n",
    );
    world.pass(11 * HOUR).await;
    let dashboard = dashboard(&world).await;
    let page = text(&get(&dashboard, "/").await);
    let said = page.lines().skip_while(|line| !line.starts_with("To look at")).take(6).collect::<Vec<_>>().join(" ");
    for words in
        ["would not go out as things stand", "https://unscrapable.example.com/ cannot be posted", "storyd admin show 1"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!page.contains("Nothing needs a person"), "{page}");
    let metrics = async || {
        let answer = reqwest::Client::new().get(format!("{}/metrics", dashboard.url())).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        answer.text().await.unwrap()
    };
    let told = metrics().await;
    for line in [
        "storyd_posts{state=\"scheduled\"} 1",
        "storyd_troubles{trouble=\"preflight\"} 1",
        "storyd_job_file_problems 0",
    ] {
        assert!(told.lines().any(|other| other == line), "{line}: {told}");
    }
    world.write("jobs.yaml", b"version: 1\njobs:\n  p:\n    at: whenever\n");
    world.ctx().plan.set_broken(world.load().unwrap_err());
    world.settle().await;
    let told = metrics().await;
    for line in ["storyd_job_file_problems 4", "storyd_troubles{trouble=\"broken_file\"} 1", "storyd_jobs 1"] {
        assert!(told.lines().any(|other| other == line), "{line}: {told}");
    }
    for line in told.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("storyd_") && value.parse::<f64>().is_ok(), "{line}");
    }
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_audit_found_needs_a_person_until_it_is_seen_to() {
    let mut world = World::new().await;
    world.jobs("p:\n  at: now\n  type: note\n  content: 글\n");
    world.settle().await;
    world.condone("a person posted by hand");
    let token = world.sandbox.mint_tokens("cafe").unwrap().access_token;
    let url = format!("{}/v1/api/story/post/note", world.sandbox.url());
    let request = reqwest::Client::new().post(url).bearer_auth(token).form(&[("content", "손으로 쓴 글")]);
    assert!(request.send().await.unwrap().status().is_success());
    world.pass(HOUR).await;
    world.ctx().store.order_audit("cafe", "tester", world.clock.now()).await.unwrap();
    world.pass(HOUR).await;
    let finding = world.ctx().store.open_findings(None).await.unwrap().remove(0);
    let dashboard = dashboard(&world).await;
    let page = text(&get(&dashboard, "/").await);
    let accept = format!("storyd admin audit --accept {} --reason WHY --data-dir d", finding.story_id);
    for words in [&finding.story_id, &finding.detail, &accept, "storyd admin audit --last --account cafe --data-dir d"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("Nothing needs a person"), "{page}");
    world.ctx().store.settle_finding(None, &finding.story_id, "tester", "ours", world.clock.now()).await.unwrap();
    assert!(text(&get(&dashboard, "/").await).contains("Nothing needs a person"));

    world.fault(vec![FaultRule::new(FaultName::Code(-2)).on(&[Call::MyStories])]);
    world.ctx().store.order_audit("cafe", "tester", world.clock.now()).await.unwrap();
    world.pass(HOUR).await;
    let page = text(&get(&dashboard, "/").await);
    assert!(page.contains("storyd admin audit --account cafe --data-dir d"), "{page}");
    assert!(!page.contains("Nothing needs a person"), "{page}");
    dashboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_is_seen_however_much_has_piled_up() {
    let mut world = World::new().await;
    world.condone("its record is written straight into the tables");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path("data/queue.db"));
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let triggers: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    for name in triggers {
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DROP TRIGGER {name}"))).execute(&mut connection).await.unwrap();
    }
    let now = world.clock.now().as_microsecond();
    let sql = include_str!("support/large.sql").replace("$POSTS", "24000");
    let more = format!(
        "DELETE FROM story WHERE post_id <= 11000;
         UPDATE post SET state = 'missed', story_id = NULL, intent_at = NULL WHERE id <= 11000 AND state IN ('published', 'deleted');
         UPDATE post SET changed_at = {now} WHERE id = 10999;
         UPDATE story SET delete_fault = 'the oldest of them' WHERE post_id = 11107;"
    );
    for sql in [sql, more] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    let dashboard = dashboard(&world).await;
    let page = text(&get(&dashboard, "/").await);
    for words in [
        "failed post 24000 ",
        "Failed (24)",
        "held post 23001 ",
        "Missed: too late for their window (1)",
        "post 10999 ",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("the oldest of them"), "{page}");
    assert!(!page.contains("post 10998 "), "what was missed long ago is history: {page}");
    let listed = text(&get(&dashboard, "/posts?state=published").await);
    assert!(listed.contains("post 23999 ") && !listed.contains("post 23000 "), "{listed}");
    for (path, post) in [
        ("/posts", "post 24000 "),
        ("/posts?state=published&page=2", "post 23949 "),
        ("/posts?state=published&job=job-77", "post 23877 "),
        ("/posts?state=published&account=account-7", "post 23987 "),
        ("/posts?state=published&account=account-17&job=job-77", "post 23877 "),
    ] {
        let listed = text(&get(&dashboard, path).await);
        assert!(listed.contains(post), "{path}: {listed}");
    }
    assert!(
        get(&dashboard, "/posts?state=published&account=account-16&job=job-77").await.contains("There is no such post")
    );
    assert!(get(&dashboard, "/posts?state=published&page=200").await.contains("Only the latest 10000"));
    dashboard.stop().await;
}
