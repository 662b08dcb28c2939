//! A queue on disk by itself: no engine, no Kakao. Times are minutes from a Tuesday at 09:00 in Seoul.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};
use storyd::domain::content::{AppParams, Artifact, Body, Content, Image, ImageFormat, Permission};
use storyd::domain::fault::{Block, BlockScope, Fault, FaultClass, Remedy};
use storyd::domain::policy::{InDoubt, Late, LateThen};
use storyd::domain::post::PostState;
use storyd::store::queue::{Claim, Enqueued, Intent, JobPosts, NewPost};
use storyd::store::view::{EventRow, PostFilter, PostRow};
use storyd::store::{Access, Store};

/// How long the claims of these tests hold.
pub(crate) const LEASE: Duration = Duration::from_secs(180);
/// How long before its time a post of these tests is prepared.
pub(crate) const AHEAD: Duration = Duration::from_secs(600);

/// So many minutes after 2026-12-01T00:00:00Z.
pub(crate) fn t(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    start + jiff::SignedDuration::from_mins(minutes)
}

pub(crate) fn micro(at: Timestamp) -> Timestamp {
    at + jiff::SignedDuration::from_micros(1)
}

pub(crate) struct Queue {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) store: Store,
}

impl Queue {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Access::Daemon).await.unwrap();
        Self { dir, store }
    }

    /// Any program's connection to the file, with the settings of ours that guard it.
    pub(crate) async fn connection(&self) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(self.dir.path().join("queue.db"))
            .pragma("recursive_triggers", "ON")
            .connect()
            .await
            .unwrap()
    }

    /// Runs SQL as any program could. How many rows it changed, or what SQLite says.
    pub(crate) async fn sql(&self, sql: &str) -> Result<u64, String> {
        let mut connection = self.connection().await;
        let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
        connection.close().await.unwrap();
        done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
    }

    /// The first column of the first row, as a number; NULL is `None`.
    pub(crate) async fn number(&self, sql: &str) -> Option<i64> {
        let mut connection = self.connection().await;
        let row = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        row.try_get(0).unwrap()
    }

    /// A column of a post that holds an instant.
    pub(crate) async fn instant(&self, post: i64, column: &str) -> Option<Timestamp> {
        let micros = self.number(&format!("SELECT {column} FROM post WHERE id = {post}")).await;
        micros.map(|micros| Timestamp::from_microsecond(micros).unwrap())
    }

    pub(crate) async fn enqueue(&self, job: &JobPosts, now: Timestamp) -> Enqueued {
        let mut names = self.job_names().await;
        names.push(job.job.clone());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.store.enqueue(std::slice::from_ref(job), &names, now).await.unwrap()
    }

    /// Says that the job files hold no other jobs than these. How many posts were withdrawn.
    pub(crate) async fn only_jobs(&self, names: &[&str], now: Timestamp) -> u64 {
        self.store.enqueue(&[], names, now).await.unwrap().cancelled
    }

    /// The names of all jobs that were ever seen.
    async fn job_names(&self) -> Vec<String> {
        let rows = sqlx::query("SELECT name FROM job").fetch_all(&mut self.connection().await).await.unwrap();
        rows.iter().map(|row| row.try_get(0).unwrap()).collect()
    }

    /// Enqueues a job with one occurrence, an hour before it, and says which post it became.
    pub(crate) async fn add(&self, job: &JobPosts) -> i64 {
        assert_eq!(self.enqueue(job, t(-60)).await.added, 1, "{}", job.job);
        self.only(&job.job).await.post
    }

    pub(crate) async fn posts(&self, job: &str) -> Vec<PostRow> {
        let filter = PostFilter { job: Some(job.into()), ..PostFilter::default() };
        self.store.posts(&filter).await.unwrap()
    }

    /// The only post of a job.
    pub(crate) async fn only(&self, job: &str) -> PostRow {
        let mut posts = self.posts(job).await;
        assert_eq!(posts.len(), 1, "{job} has {} posts", posts.len());
        posts.remove(0)
    }

    pub(crate) async fn state(&self, post: i64) -> PostState {
        self.store.post(post).await.unwrap().unwrap().state
    }

    pub(crate) async fn events(&self, post: i64) -> Vec<EventRow> {
        self.store.events(post).await.unwrap()
    }

    /// The last event of a post and who caused it.
    pub(crate) async fn last(&self, post: i64) -> (String, String) {
        let event = self.events(post).await.pop().unwrap();
        (event.event, event.actor)
    }

    pub(crate) async fn open_attempts(&self) -> i64 {
        self.number("SELECT count(*) FROM attempt WHERE ended_at IS NULL").await.unwrap()
    }

    pub(crate) async fn claim(&self, account: &str, now: Timestamp) -> Option<Claim> {
        self.store.claim_to_publish(account, now, LEASE).await.unwrap()
    }

    /// Claims the account's next post and makes the intent to publish it.
    pub(crate) async fn intend(&self, account: &str, now: Timestamp) -> Intent {
        let claim = self.claim(account, now).await.unwrap();
        self.store.intend(claim, now, LEASE).await.unwrap().unwrap()
    }

    /// Prepares the account's next post, trusted for an hour.
    pub(crate) async fn prepare(&self, account: &str, now: Timestamp) -> i64 {
        let claim = self.store.claim_to_prepare(account, now, LEASE).await.unwrap().unwrap();
        let post = claim.taken().post;
        let until = now + Duration::from_secs(3600);
        let _ = self.store.record_prepared(claim, &Artifact("[\"/path\"]".into()), until, now).await.unwrap();
        post
    }

    /// A post in `state`, by the way that leads there: the only post of a note job named after the state.
    pub(crate) async fn post_in(&self, state: PostState) -> i64 {
        let account = format!("account-{state}");
        let (then, within) = match state {
            PostState::Missed => (LateThen::Skip, 600),
            PostState::Held => (LateThen::Hold, 600),
            _ => (LateThen::Skip, 86_400),
        };
        let late = Late { within: Duration::from_secs(within), then };
        let post = self.add(&JobPosts { account: account.clone(), late, ..note(state.as_str(), t(0)) }).await;
        match state {
            PostState::Scheduled => {}
            PostState::Claimed => drop(self.claim(&account, t(0)).await.unwrap()),
            PostState::Publishing => drop(self.intend(&account, t(0)).await),
            PostState::InDoubt => {
                let intent = self.intend(&account, t(0)).await;
                let _ = self.store.record_doubt(intent, &ambiguous(), t(1), t(0)).await.unwrap();
            }
            PostState::Published | PostState::Deleted => {
                let intent = self.intend(&account, t(0)).await;
                let story = if state == PostState::Published { "_s.1" } else { "_d.1" };
                let _ = self.store.record_published(intent, story, None, t(0)).await.unwrap();
                if state == PostState::Deleted {
                    let order = storyd::store::queue::DeleteOrder { actor: "anna", reason: "" };
                    let _ = self.store.order_delete(post, order, t(1), t(1)).await.unwrap();
                    let doomed = self.store.begin_delete(&account, t(1)).await.unwrap().unwrap();
                    let _ = self.store.record_deleted(doomed, "taken down", t(1)).await.unwrap();
                }
            }
            PostState::Missed => assert_eq!(self.store.sweep_late(micro(t(10))).await.unwrap().missed, 1),
            PostState::Held => assert_eq!(self.store.sweep_late(micro(t(10))).await.unwrap().held, 1),
            PostState::Failed => {
                let claim = self.claim(&account, t(0)).await.unwrap();
                let fault = Fault::permanent("-2", "wrong parameter", "correct the job");
                let _ = self.store.fail(claim, &fault, t(0)).await.unwrap();
            }
            PostState::Cancelled => self.store.cancel(post, "anna", "", t(0)).await.unwrap(),
        }
        assert_eq!(self.state(post).await, state);
        post
    }

    /// Puts the account's next post in doubt and parks it there.
    pub(crate) async fn park(&self, account: &str, now: Timestamp) -> i64 {
        let intent = self.intend(account, now).await;
        let _ = self.store.record_doubt(intent, &ambiguous(), now, now).await.unwrap();
        let doubt = self.store.doubt_due(account, now).await.unwrap().unwrap();
        let post = doubt.post;
        let _ = self.store.park(doubt, &[], "nobody can tell", now).await.unwrap();
        post
    }

    pub(crate) async fn block(&self, account: &str, until: Timestamp, now: Timestamp) {
        let fault = Fault::permanent("-401", "the token is refused", "log in again");
        let wait = Duration::try_from(until.duration_since(now)).unwrap();
        let block = Block { scope: BlockScope::Account, cure: Remedy::Owner };
        self.store.block(account, &block, &fault, wait, now).await.unwrap();
    }
}

/// A job with one note, for the account `cafe`, that may go out at any time from `occurs_at` on.
pub(crate) fn note(job: &str, occurs_at: Timestamp) -> JobPosts {
    JobPosts {
        job: job.into(),
        source: "jobs.yaml:4:3".into(),
        commit: None,
        account: "cafe".into(),
        content: text(&format!("글 {job}")),
        tags: Vec::new(),
        zone: "Asia/Seoul".into(),
        tzdb: "2026a".into(),
        late: Late { within: Duration::from_secs(3600), then: LateThen::Post },
        in_doubt: InDoubt::Repost,
        delete_after: None,
        delete_at: None,
        prepare_ahead: AHEAD,
        occurrences: vec![occurrence(occurs_at)],
        add_after: Timestamp::MIN,
        unmade: Vec::new(),
        complete_until: t(100_000),
    }
}

/// The same with one photo.
pub(crate) fn photo(job: &str, occurs_at: Timestamp) -> JobPosts {
    let image = Image { sha256: "0".repeat(64), name: "a.png".into(), format: ImageFormat::Png, bytes: 9 };
    let body = Body::Photo { images: vec![image], text: Some(format!("사진 {job}")) };
    JobPosts { content: content(body), ..note(job, occurs_at) }
}

/// The occurrence of an instant, under its name in UTC.
pub(crate) fn occurrence(occurs_at: Timestamp) -> NewPost {
    named(&occurs_at.to_string(), occurs_at)
}

/// The same under another name.
pub(crate) fn named(nominal: &str, occurs_at: Timestamp) -> NewPost {
    NewPost {
        nominal: nominal.into(),
        nominal_at: occurs_at,
        occurs_at,
        falls_in: None,
        stale: None,
        content: None,
        tags: None,
    }
}

pub(crate) fn text(text: &str) -> Content {
    content(Body::Note { text: text.into() })
}

fn content(body: Body) -> Content {
    Content { body, permission: Permission::Public, enable_share: None, app: AppParams::default() }
}

pub(crate) fn ambiguous() -> Fault {
    Fault::new(FaultClass::Ambiguous, "timeout", "no answer", "")
}

pub(crate) fn transient() -> Fault {
    Fault::transient("503", "the service is unavailable")
}
