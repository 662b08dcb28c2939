//! What an account's list says of a doubtful post: its story, stories that may be it, or none. Pure.
//!
//! An absence is a proof, or it is none: every story of the list that nobody owns must be another one for certain, by its text whatever
//! a server may do to texts, or by its kind, images and audience as far as published stories have shown that these are told as
//! documented. What says nearly the same is never explained by its time alone: that a server's times are right is an assumption. A story
//! that cannot be read is explained only where it is on record, or too old by its time.
//!
//! Pages are taken one by one, and nothing of them is kept but the stories that may be the post's.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::alike::told::{AlterationCounts, Forms};
use super::alike::{Likeness, Sent};
use super::listing::order::Inconsistency;
use super::listing::{Listed, PageFacts};
use super::matching::{Differs, Sending, Window, differs};
use crate::domain::clock::{ServerTimeSample, between, earlier, later};
use crate::domain::content::{Artifact, Body, Content, comparable};
use crate::domain::told_as::ToldAs;
use crate::network::kakao::list::Unreadable;
use crate::network::kakao::story::{LinkCard, MediaType, Story};
use crate::store::queue::{StoryOwner, Suspect};
use candidate::UnexplainedStory;

mod candidate;
mod shown;

/// Most stories that are kept as those that may be the post's. With more than these nothing is proved.
const KEPT_MAX: usize = 64;
/// How far below the window a list is read before an absence counts: more than any mistake of zones, halves of a day, or days.
pub(crate) const BELOW: Duration = Duration::from_secs(26 * 3600);
/// So many free stories with clearly other texts are kept, for the case that the list turns out to tell other texts than were sent.
const OTHERS_MAX: usize = 16;
/// So many stories that cannot be read are kept, of nobody's and of a list.
const UNREADABLE_MAX: usize = 16;
/// So many of the account's own stories are compared with what was sent.
const COMPARED_MAX: u32 = 40;
/// A time that is behind by no more than this is not behind: whole seconds, and a request that took as long as an answer.
const TELLING: SignedDuration = SignedDuration::from_secs(5);

/// The doubtful post, as far as its story can be recognised.
#[derive(Debug)]
pub(crate) struct Sought {
    pub(crate) content: Content,
    pub(crate) sending: Sending,
    /// Its attempt. What an earlier one of the account published is older than its story.
    pub(crate) attempt: i64,
    /// How far Kakao's clock was ahead of ours since, as often as it was heard.
    skews_since: Vec<SignedDuration>,
    /// When the list was looked at first, by Kakao's clock.
    first_look: Option<Timestamp>,
    sent: Sent,
    forms: Forms,
    /// The alteration in which the account's published stories came back before, and the account's other posts of which a person decides.
    told_as: Option<ToldAs>,
    rivals: Vec<Forms>,
    /// What its link's card says: a server may show that in the place of a text.
    card: Vec<Sent>,
}

impl Sought {
    pub(crate) fn new(
        content: Content,
        artifact: Option<&Artifact>,
        sending: Sending,
        attempt: i64,
        began: Option<ServerTimeSample>,
    ) -> Self {
        let card = match (&content.body, artifact) {
            (Body::Link { url, .. }, artifact) => {
                let card = artifact.map(LinkCard::read).unwrap_or_default();
                let texts = [Some(url.clone()), card.title, card.description, card.url];
                texts
                    .into_iter()
                    .flatten()
                    .filter(|text| !text.trim().is_empty())
                    .map(|text| Sent::new(&text))
                    .collect()
            }
            _ => Vec::new(),
        };
        let sent = Sent::new(content.text().unwrap_or_default());
        let skews_since = began.iter().map(ServerTimeSample::skew).collect();
        let first_look = began.map(|began| began.server_at);
        let forms = Forms::of(content.text().unwrap_or_default());
        let (told_as, rivals) = (None, Vec::new());
        Self { content, sending, attempt, skews_since, first_look, sent, forms, told_as, rivals, card }
    }

    /// With what is on record: in which alteration the account's stories came back, and the texts of its other posts of which a person
    /// decides. A story that may be another one's is not taken for this one's.
    pub(crate) fn knowing(self, told_as: Option<ToldAs>, rivals: &[String]) -> Self {
        Self { told_as, rivals: rivals.iter().map(|text| Forms::of(text)).collect(), ..self }
    }

    /// How far Kakao's clock was ahead since the post was sent, by this answer too.
    fn skews(&self, heard: Option<ServerTimeSample>) -> impl Iterator<Item = SignedDuration> {
        heard.map(|heard| heard.skew()).into_iter().chain(self.skews_since.iter().copied())
    }

    /// Whether its text says so little that kind, images and audience must say the rest.
    fn is_textless(&self) -> bool {
        comparable(self.content.text().unwrap_or_default()).is_empty()
    }

    fn likeness(&self, story: &Story) -> Likeness {
        let own = self.sent.likeness(story.content.as_deref());
        if own != Likeness::Other || self.card.is_empty() {
            return own;
        }
        let as_card = self.card.iter().any(|card| card.likeness(story.content.as_deref()) >= Likeness::Alike);
        if as_card { Likeness::Unclear } else { Likeness::Other }
    }
}

/// What a list has shown so far.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    candidates: Vec<UnexplainedStory>,
    /// Those with clearly other texts, the newest only.
    others: Vec<UnexplainedStory>,
    /// The newest of those that were not kept.
    dropped: Option<Timestamp>,
    /// Those of nobody's that cannot be read, the first ones only.
    unreadable: Vec<Unreadable>,
    /// The newest of the others of these; one without a time is the newest.
    unreadable_dropped: Option<Timestamp>,
    known: Known,
}

/// What the account's own published stories show of how the list tells things.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Stories whose time can be compared.
    timed: u32,
    /// How far their times are behind Kakao's dates, at least and at most.
    behind: Option<(SignedDuration, SignedDuration)>,
    /// Stories of the post's kind that are told as documented, and of any kind that are not.
    as_documented: u32,
    otherwise: u32,
    /// One that was published before the post was sent has been passed.
    passed: bool,
    /// Stories whose texts were compared with what was sent, and whether one of them says something else.
    compared: u32,
    tells_other_texts: bool,
    seen: AlterationCounts,
    /// The attempt of the last one that was passed, and whether an earlier one stood above it.
    last: Option<i64>,
    is_shuffled: bool,
}

/// What a list says of the post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// This is its story.
    Found(String),
    /// Each of several could be its story.
    Several(Vec<Suspect>),
    /// No story is certainly the post's, and some may be.
    Perhaps(Vec<Suspect>),
    /// Each story is another one for certain.
    Nothing,
}

impl Evidence {
    /// Takes a page. True when no older story can matter: `far` is how far an absence asks for, rather than a find.
    pub(crate) fn take(
        &mut self,
        sought: &Sought,
        heard: Option<ServerTimeSample>,
        far: bool,
        page: PageFacts,
    ) -> bool {
        for Listed { story, owner } in page.stories {
            match owner {
                Some(owner) => self.known.learn(sought, heard, &story, &owner),
                None => self.keep(sought, story),
            }
        }
        for unreadable in page.unreadable {
            let unreadable = Unreadable { content: None, ..unreadable };
            if self.unreadable.len() < UNREADABLE_MAX {
                self.unreadable.push(unreadable);
            } else {
                let at = unreadable.created_at.unwrap_or(Timestamp::MAX);
                self.unreadable_dropped = self.unreadable_dropped.max(Some(at));
            }
        }
        let window = self.window(sought, heard);
        let limit = if far { earlier(window.floor, BELOW) } else { window.from };
        page.newest.is_some_and(|newest| newest < limit)
    }

    fn window(&self, sought: &Sought, heard: Option<ServerTimeSample>) -> Window {
        let skews: Vec<SignedDuration> = sought.skews(heard).collect();
        let mut window = Window::of(&sought.sending, &skews, self.known.behind.unwrap_or_default());
        // The first look came after the request, by Kakao's own clock, whatever ours was set to between.
        if let Some(looked_at) = sought.first_look.or(heard.map(|heard| heard.server_at)) {
            window.until = window.until.max(later(looked_at, sought.sending.until));
        }
        window
    }

    fn keep(&mut self, sought: &Sought, story: Story) {
        let likeness = sought.likeness(&story);
        let differs = differs(&sought.content, &story);
        let (kept, most) = match likeness {
            Likeness::Other => (&mut self.others, OTHERS_MAX),
            _ => (&mut self.candidates, KEPT_MAX),
        };
        if kept.len() == most {
            if likeness != Likeness::Other {
                self.dropped = self.dropped.max(Some(story.created_at));
            }
            return;
        }
        let is_told = match story.media_type {
            MediaType::Other(_) => false,
            MediaType::Photo => story.images > 0,
            MediaType::Note | MediaType::NotSupported => true,
        };
        let text = story.content.as_deref().unwrap_or_default();
        let is_near = likeness != Likeness::Other;
        kept.push(UnexplainedStory {
            told_in: if is_near { sought.forms.told_in(text) } else { Vec::new() },
            is_anothers: is_near && sought.rivals.iter().any(|rival| !rival.is_empty() && rival.may_be(text)),
            url: story.url.filter(|url| url.len() <= 500 && url.starts_with("http")),
            kind: shown::kind_word(&story.media_type),
            audience: shown::audience_word(&story.audience),
            images: story.images,
            text: story.content.as_deref().map(shown::kept_text),
            at: story.created_at,
            id: story.id,
            likeness,
            differs,
            is_told,
            is_below: self.known.passed,
        });
    }

    /// Whether it is the story that the list shows under its ID.
    pub(crate) fn shows(&self, story: &Story) -> bool {
        let text = story.content.as_deref().map(shown::kept_text);
        self.candidates.iter().any(|candidate| candidate.id == story.id && candidate.text == text)
    }

    /// The story that the list shows under this ID, for a person to compare.
    pub(crate) fn suspect(&self, sought: &Sought, heard: Option<ServerTimeSample>, id: &str) -> Option<Suspect> {
        let window = self.window(sought, heard);
        self.candidates.iter().find(|candidate| candidate.id == id).map(|candidate| candidate.suspect(&window, heard))
    }

    /// What the list says, where it has these flaws.
    pub(crate) fn says(&self, sought: &Sought, heard: Option<ServerTimeSample>, flaws: &[Inconsistency]) -> Says {
        let window = self.window(sought, heard);
        let in_order = self.is_ordered(flaws);
        let others = self.others.iter().filter(|_| self.known.tells_other_texts);
        let suspects: Vec<&UnexplainedStory> =
            self.candidates.iter().chain(others).filter(|c| self.may_be(sought, c, &window, in_order)).collect();
        // That texts come back in one way makes a story the post's. It makes none another one's.
        let told_as = self.known.seen.trusted(sought.told_as);
        let says_it =
            |c: &UnexplainedStory| c.likeness == Likeness::Same || told_as.is_some_and(|as_| c.told_in.contains(&as_));
        let own: Vec<&UnexplainedStory> = suspects
            .iter()
            .copied()
            .filter(|c| says_it(c) && c.differs.is_none() && c.at >= window.from && !(in_order && c.is_below))
            .collect();
        let shown = |which: &[&UnexplainedStory]| which.iter().map(|c| c.suspect(&window, heard)).collect::<Vec<_>>();
        let is_sure = |c: &UnexplainedStory| {
            // Where no text speaks for it, it must be the only one of its kind.
            let is_only = || suspects.len() == 1 && self.unexplained(sought, heard, flaws).is_none();
            let speaks = !sought.is_textless() || (c.is_told && is_only());
            speaks && !c.is_anothers && c.at <= window.until && !flaws.iter().any(|flaw| flaw.spoils(&c.id))
        };
        match own.as_slice() {
            [story] if is_sure(story) => Says::Found(story.id.clone()),
            [] | [_] if suspects.is_empty() && !self.may_have_dropped(&window) => Says::Nothing,
            [] | [_] => Says::Perhaps(shown(&suspects)),
            several => Says::Several(shown(several)),
        }
    }

    /// Whether nothing that is on record or documented makes it another story.
    fn may_be(&self, sought: &Sought, story: &UnexplainedStory, window: &Window, in_order: bool) -> bool {
        // Without a story of its own that shows how the times run they prove nothing.
        let is_new = self.known.timed == 0 || !in_order || story.at >= window.floor;
        let is_placed_below = in_order && self.known.timed > 0 && story.is_below;
        // The documents say how kinds, images and audiences are told. That the server does as they say is seen from the account's own
        // stories alone.
        let borne_out = self.known.as_documented > 0 && self.known.otherwise == 0;
        let speaks = story.likeness >= Likeness::Alike && !sought.is_textless();
        match story.differs {
            Some(Differs::Kind) if borne_out => false,
            Some(_) if borne_out && !speaks => false,
            _ => speaks || (is_new && !is_placed_below),
        }
    }

    /// In which alteration the account's published stories come back, as far as is known after this list.
    pub(crate) fn told_as(&self, sought: &Sought) -> Option<ToldAs> {
        self.known.seen.learnt(sought.told_as)
    }

    /// Whether the account's own stories stand in the order in which they were published.
    pub(crate) fn is_in_order(&self) -> bool {
        !self.known.is_shuffled
    }

    fn is_ordered(&self, flaws: &[Inconsistency]) -> bool {
        self.is_in_order() && !flaws.iter().any(|flaw| matches!(flaw, Inconsistency::Order(..)))
    }

    /// Why the list proves no absence, although each story that was compared is another one: it shows one that cannot be read and may
    /// be the post's, or more stories than are compared.
    pub(crate) fn unexplained(
        &self,
        sought: &Sought,
        heard: Option<ServerTimeSample>,
        flaws: &[Inconsistency],
    ) -> Option<Inconsistency> {
        let window = self.window(sought, heard);
        let times_tell = self.known.timed > 0 && self.is_ordered(flaws);
        let may_be = |at: Option<Timestamp>| at.is_none_or(|at| !times_tell || at >= window.floor);
        match self.unreadable.iter().find(|unreadable| may_be(unreadable.created_at)) {
            Some(Unreadable { id, why, .. }) => Some(Inconsistency::Unreadable { id: id.clone(), why: why.clone() }),
            None if self.unreadable_dropped.is_some() && may_be(self.unreadable_dropped) => {
                Some(Inconsistency::Crowded)
            }
            None => self.may_have_dropped(&window).then_some(Inconsistency::Crowded),
        }
    }

    fn may_have_dropped(&self, window: &Window) -> bool {
        self.dropped.is_some_and(|newest| self.known.timed == 0 || newest >= window.floor)
    }
}

impl Known {
    /// Takes an own published story as the list tells it.
    fn learn(&mut self, sought: &Sought, heard: Option<ServerTimeSample>, story: &Story, owner: &StoryOwner) {
        match differs(&owner.content, story) {
            Some(_) => self.otherwise += 1,
            None if owner.content.kind() == sought.content.kind()
                && !matches!(story.media_type, MediaType::Other(_)) =>
            {
                self.as_documented += 1;
            }
            None => {}
        }
        if self.compared < COMPARED_MAX {
            self.compared += 1;
            let sent = Sent::new(owner.content.text().unwrap_or_default());
            self.tells_other_texts |= sent.likeness(story.content.as_deref()) == Likeness::Other;
            // Which story is whose is certain where a plain answer named it.
            if owner.answered.is_some() {
                self.seen.take(owner.content.text().unwrap_or_default(), story.content.as_deref());
            }
        }
        // Of one that was found in a list, or told by a person, only its request is known.
        let Some(attempt) = owner.answered else { return };
        self.passed |= attempt < sought.attempt;
        self.is_shuffled |= self.last.is_some_and(|above| above < attempt);
        self.last = Some(attempt);
        let behind = owner.intent_skew.into_iter().chain(sought.skews(heard)).map(|skew| {
            let sent_at = owner.intent_at.checked_add(skew).unwrap_or(owner.intent_at);
            sent_at.duration_since(story.created_at)
        });
        // Our clock may have been set between: the reading by which its time is the least wrong.
        let Some(behind) = behind.min_by_key(|behind| behind.unsigned_abs()) else { return };
        self.timed += 1;
        let behind = if behind > TELLING { behind } else { SignedDuration::ZERO };
        let (least, most) = self.behind.unwrap_or((behind, behind));
        self.behind = Some((least.min(behind), most.max(behind)));
    }
}

/// How long after its intent the story of a post can come to exist: until its doubt arose, and as long as the quarantine.
pub(crate) fn time_to_appear(intent_at: Timestamp, since: Timestamp, quarantine: Duration) -> Duration {
    between(intent_at, since) + quarantine
}

#[cfg(test)]
mod tests;
