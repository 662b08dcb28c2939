//! The judge at the end of every story: holds the record against the sandbox's own ledger.

use std::collections::BTreeMap;

use storyd::domain::content::comparable;
use storyd::domain::post::{PostEvent, PostState};
use storyd::sandbox::LedgerEntry;
use storyd::store::view::PostRow;

use super::world::World;

impl World {
    /// Holds the record against the ledger. Called by the drop of every world.
    pub(super) async fn judge(&self) {
        let posts = self.posts().await;
        let ledger = self.ledger();
        let mut asked: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        for post in &posts {
            self.judge_post(post, &ledger).await;
            let intended = self.events(post.post).await.iter().any(|event| event.event == "intend");
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
    }

    async fn judge_post(&self, post: &PostRow, ledger: &[LedgerEntry]) {
        let what = format!("post {} ({})", post.post, post.job);
        if let Some(id) = &post.story_id {
            let story = ledger.iter().find(|story| story.id == *id);
            let story = story.unwrap_or_else(|| panic!("{what} is recorded as story {id}, which never existed"));
            assert_eq!(story.account, post.account, "{what}");
            assert_eq!(story.content.as_deref(), post.content.text(), "{what} was altered");
            let early = !self.has_two_clocks() && story.created_at < post.occurs_at;
            assert!(!early, "{what} came {:?} early", post.occurs_at - story.created_at);
            assert_eq!(story.deleted_at.is_some(), post.state == PostState::Deleted, "{what} is {}", post.state);
        }
        let under_way = matches!(post.state, PostState::Claimed | PostState::Publishing);
        let open = self.attempts(post.post).await.iter().filter(|attempt| attempt.ended_at.is_none()).count();
        assert_eq!(open, usize::from(under_way), "{what} is {} with {open} open attempts", post.state);
        let mut state = PostState::Scheduled;
        for event in self.events(post.post).await {
            let next = PostState::parse(&event.state).unwrap();
            let known = PostEvent::ALL.into_iter().find(|known| known.as_str() == event.event);
            match known {
                Some(known) => assert_eq!(state.next(known), Ok(next), "{what}"),
                None => assert_eq!(state, next, "{what}: {} moved it", event.event),
            }
            state = next;
        }
        assert_eq!(state, post.state, "{what}: its history ends elsewhere");
    }
}

fn key(account: &str, kind: &str, text: Option<&str>) -> (String, String, String) {
    (account.into(), kind.into(), comparable(text.unwrap_or_default()))
}
