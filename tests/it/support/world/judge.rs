//! The judge at the end of every world: what the queue says, held against what the sandbox's ledger says exists.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kakao_sandbox::LedgerEntry;
use storyd::domain::content::comparable;
use storyd::domain::post::PostState;
use storyd::store::view::PostRow;

use super::World;

impl World {
    /// Holds the record against the ledger. Called by the drop of every world. How many posts and stories it held.
    async fn judge(&self) -> (usize, usize) {
        let posts = self.posts().await;
        let ledger = self.ledger();
        let mut asked: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        for post in &posts {
            self.judge_post(post, &ledger).await;
            let intended =
                self.events(post.post).await.iter().any(|event| matches!(event.event.as_str(), "intend" | "adopt"));
            if intended {
                *asked.entry(key(&post.account, &post.kind, post.content.text())).or_default() += 1;
            }
        }
        let mut exist: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        for story in &ledger {
            *exist.entry(key(&story.account, &story.kind, story.content.as_deref())).or_default() += 1;
            let recorded = posts.iter().any(|post| post.story_id.as_deref() == Some(story.id.as_str()));
            let doubtful = posts.iter().any(|post| {
                matches!(post.state, PostState::InDoubt | PostState::Publishing | PostState::Held)
                    && key(&post.account, &post.kind, post.content.text())
                        == key(&story.account, &story.kind, story.content.as_deref())
            });
            assert!(recorded || doubtful, "the story {} exists and nobody recorded or doubts it", story.id);
        }
        for (what, stories) in exist {
            let posts = asked.get(&what).copied().unwrap_or(0);
            assert!(stories <= posts, "{what:?} exists {stories} times for {posts} posts");
        }
        (posts.len(), ledger.len())
    }

    async fn judge_post(&self, post: &PostRow, ledger: &[LedgerEntry]) {
        let what = format!("post {} ({})", post.post, post.job);
        if let Some(id) = &post.story_id {
            let story = ledger.iter().find(|story| story.id == *id);
            let story = story.unwrap_or_else(|| panic!("{what} is recorded as story {id}, which never existed"));
            assert_eq!(story.account, post.account, "{what}");
            assert_eq!(story.content.as_deref(), post.content.text(), "{what} was altered");
            let early = self.kakao_clock.is_none() && story.created_at < post.occurs_at;
            assert!(!early, "{what} came {:?} early", post.occurs_at - story.created_at);
            assert_eq!(story.deleted_at.is_some(), post.state == PostState::Deleted, "{what} is {}", post.state);
        }
        let under_way = matches!(post.state, PostState::Claimed | PostState::Publishing);
        let open = self.attempts(post.post).await.iter().filter(|attempt| attempt.ended_at.is_none()).count();
        assert_eq!(open, usize::from(under_way), "{what} is {} with {open} open attempts", post.state);
        let mut state = PostState::Scheduled;
        for event in self.events(post.post).await {
            let next = PostState::parse(&event.state).unwrap();
            let known = storyd::domain::post::PostEvent::ALL.into_iter().find(|known| known.as_str() == event.event);
            match known {
                Some(known) => assert_eq!(state.next(known), Ok(next), "{what}"),
                None => assert_eq!(state, next, "{what}: {} moved it", event.event),
            }
            state = next;
        }
        assert_eq!(state, post.state, "{what}: its history ends elsewhere");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() || self.engine.is_none() || self.condoned.is_some() {
            return;
        }
        let (posts, stories) = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(self.judge()));
        judged(posts, stories);
    }
}

/// Adds the world of a story test to those that this run has judged, and prints how many they are. Proofs print figures of their own.
#[expect(clippy::print_stdout, reason = "the figures are what the proof is quoted by")]
fn judged(posts: usize, stories: usize) {
    static SO_FAR: Mutex<[usize; 3]> = Mutex::new([0; 3]);
    // A test's thread bears its name.
    if !std::thread::current().name().is_some_and(|name| name.starts_with("story_")) {
        return;
    }
    let mut so_far = SO_FAR.lock().unwrap_or_else(PoisonError::into_inner);
    for (sum, more) in so_far.iter_mut().zip([1, posts, stories]) {
        *sum += more;
    }
    let [worlds, posts, stories] = *so_far;
    println!("judge: {worlds} worlds with {posts} posts and {stories} stories: twice=0 lost=0");
}

fn key(account: &str, kind: &str, text: Option<&str>) -> (String, String, String) {
    (account.into(), kind.into(), comparable(text.unwrap_or_default()))
}
