-- The queue. States, limits and legal transitions are spelled out here once more, so that no program, ours included, can
-- bring a post into a state that the design does not know. Time is INTEGER microseconds since 1970-01-01T00:00:00Z.

PRAGMA application_id = 0x53544459; -- "STDY": a file without it is not ours and is left alone

-- An account that may post. What blocks it is recorded here; its tokens never are: they live in files of their own.
CREATE TABLE account (
  name            TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
  -- Why Kakao turns this account away. While set, its posts wait; at probe_at the next one tries again.
  blocked_code    TEXT,
  blocked_reason  TEXT,
  blocked_remedy  TEXT,
  blocked_cure    TEXT CHECK (blocked_cure IN ('refresh', 'log_in', 'consent', 'join', 'owner', 'person', 'settings', 'wait', 'ended')),
  blocked_scope   TEXT CHECK (blocked_scope IN ('account', 'everyone')),
  blocked_at      INTEGER,
  probe_at        INTEGER,
  -- Set by the first -401, cleared by the next success: a second -401 while it is set blocks the account.
  unauthorized_at INTEGER,
  -- The last answer of Kakao's that carried a date: when it came by our clock, and that date. NULL: none ever did.
  heard_at        INTEGER,
  heard_server_at  INTEGER,
  -- The last one of these that agreed with another, or the first with our own clock. One answer alone may carry any date.
  agreed_at       INTEGER,
  agreed_server_at INTEGER,
  -- How densely it may post, in microseconds and stories a day, as the settings say.
  min_gap         INTEGER NOT NULL DEFAULT 0 CHECK (min_gap >= 0),
  max_per_day     INTEGER CHECK (max_per_day > 0),
  catch_up_gap    INTEGER NOT NULL DEFAULT 0 CHECK (catch_up_gap >= 0),
  -- In which regular way its published stories came back with texts that were sent otherwise. NULL: in none that was seen.
  told_as         TEXT CHECK (told_as IN ('entities', 'invisible', 'line_ends', 'blanks', 'empty_lines', 'line_breaks', 'no_blanks',
                    'quotes', 'width', 'case')),
  -- The stories before this instant were published by another user of Kakao's: they say nothing of the account's profile.
  profile_since   INTEGER NOT NULL DEFAULT 0,
  -- Before these instants nothing is published, and nothing that is late. Set by each story that comes to exist.
  next_at         INTEGER NOT NULL DEFAULT 0,
  next_late_at    INTEGER NOT NULL DEFAULT 0,
  CHECK ((blocked_code IS NULL) = (blocked_reason IS NULL)),
  CHECK ((blocked_code IS NULL) = (blocked_remedy IS NULL)),
  CHECK ((blocked_code IS NULL) = (blocked_cure IS NULL)),
  CHECK ((blocked_code IS NULL) = (blocked_scope IS NULL)),
  CHECK ((blocked_code IS NULL) = (blocked_at IS NULL)),
  CHECK ((blocked_code IS NULL) = (probe_at IS NULL)),
  CHECK ((heard_at IS NULL) = (heard_server_at IS NULL)),
  CHECK ((agreed_at IS NULL) = (agreed_server_at IS NULL))
) STRICT, WITHOUT ROWID;
-- Those for which the next success is news.
CREATE INDEX account_marked ON account (name) WHERE blocked_code IS NOT NULL OR unauthorized_at IS NOT NULL;

-- What a person has stopped. Nothing that a pause covers, and that has no intent yet, leaves while it lasts.
CREATE TABLE pause (
  -- `restore` is an account whose list has not been read since a backup was restored; the deed that reads it ends this pause.
  scope    TEXT NOT NULL CHECK (scope IN ('all', 'account', 'tag', 'job', 'restore')),
  target   TEXT NOT NULL,                       -- the account's, tag's or job's name; empty for all
  actor    TEXT NOT NULL,
  reason   TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  until_at INTEGER,                             -- NULL: until a person resumes
  PRIMARY KEY (scope, target),
  CHECK ((scope = 'all') = (target = '')),
  CHECK (until_at > since_at)
) STRICT, WITHOUT ROWID;

-- A job that the queue has seen in a job file.
CREATE TABLE job (
  name              TEXT NOT NULL PRIMARY KEY,
  source            TEXT NOT NULL,              -- file:line:column, as last seen
  first_seen_at     INTEGER NOT NULL,
  -- Every occurrence up to here has become a post (or was refused for a reason): what downtime skips is found from it.
  enqueued_until_at INTEGER NOT NULL,
  -- Since when no job file names it. What its schedule yielded in that time was not asked for, so it is never made up for.
  gone_at           INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE post (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused: events and people refer to it
  job              TEXT NOT NULL REFERENCES job (name),
  nominal          TEXT NOT NULL,                      -- the local time that the schedule named, or `now`
  account          TEXT NOT NULL REFERENCES account (name),
  -- What it will say, whole. A later edit of the job file cannot alter the past.
  content          TEXT NOT NULL CHECK (json_valid(content)),
  kind             TEXT NOT NULL CHECK (kind IN ('note', 'photo', 'link')),
  text_key         TEXT NOT NULL,                      -- hash of the text in its comparable form
  tags             TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags)),
  zone             TEXT NOT NULL,
  -- The instant of the nominal time, and when the post is to appear: later by its jitter, and moved out of a blackout.
  nominal_at       INTEGER NOT NULL CHECK (nominal_at BETWEEN 0 AND 253402207200000000),
  occurs_at        INTEGER NOT NULL CHECK (occurs_at BETWEEN 0 AND 253402207200000000),
  due_at           INTEGER NOT NULL CHECK (due_at BETWEEN 0 AND 253402207200000000),
  -- Where a person moved it to; what is late is late by this.
  moved_to_at      INTEGER,
  -- When preparing (upload or scrape) is next due. NULL for notes.
  prepare_at       INTEGER,
  late_within      INTEGER NOT NULL CHECK (late_within >= 0),
  late_then        TEXT NOT NULL CHECK (late_then IN ('post', 'skip', 'hold')),
  late_until_at    INTEGER,                            -- NULL: never too late
  in_doubt         TEXT NOT NULL CHECK (in_doubt IN ('repost', 'hold')),
  delete_after     INTEGER CHECK (delete_after > 0),   -- microseconds after it was published
  delete_at        INTEGER,
  -- The blackout that its time falls into, as in `move: quiet hours`. NULL: none.
  blackout         TEXT,
  -- Where what it says was written, when it was last taken over: file:line:column, and the commit of the checkout, if it was one.
  source           TEXT NOT NULL DEFAULT '',
  commit_id        TEXT,
  -- The version of the time zone rules by which its instant was found.
  tzdb             TEXT NOT NULL DEFAULT '',

  state            TEXT NOT NULL DEFAULT 'scheduled' CHECK (state IN ('scheduled', 'claimed', 'publishing', 'in_doubt',
                     'published', 'deleted', 'missed', 'held', 'failed', 'cancelled')),
  -- The event that led to this state, who caused it and why; a trigger copies the three into the event table.
  event            TEXT NOT NULL DEFAULT 'enqueue',
  actor            TEXT NOT NULL,
  reason           TEXT NOT NULL DEFAULT '',
  changed_at       INTEGER NOT NULL,
  created_at       INTEGER NOT NULL,

  -- The claim token rises with every claim. Who holds an older one has lost the post and can change nothing.
  claim            INTEGER NOT NULL DEFAULT 0 CHECK (claim >= 0),
  lease_until_at   INTEGER,
  -- Failures in a row that count towards the limit of the retry delays.
  prepare_failures INTEGER NOT NULL DEFAULT 0 CHECK (prepare_failures >= 0),
  publish_failures INTEGER NOT NULL DEFAULT 0 CHECK (publish_failures >= 0),
  -- Kakao's raw JSON from the upload or the scrape, handed back byte for byte, and until when it is trusted.
  artifact         TEXT,
  artifact_until_at INTEGER,
  -- The moment at which the last intent became durable, by our clock; how far Kakao's was ahead of it, as known then; and the
  -- last date heard from Kakao before it, which no story of that intent can precede. NULL: no date was ever heard.
  intent_at        INTEGER,
  intent_skew      INTEGER,
  intent_floor_at  INTEGER,
  -- In doubt: when to look at Kakao's list next; from when on, by both clocks, the quarantine counts; how many complete
  -- listings after it lacked the story; and since when a person must decide. A listing whose date did not fit those before it is
  -- remembered: the next one tells whether a clock was set or one answer was wrong. The newest story that the last look showed must
  -- be in the next list, or be gone.
  reconcile_at     INTEGER,
  quarantine_at    INTEGER,
  quarantine_server_at INTEGER,
  odd_at           INTEGER,
  odd_server_at     INTEGER,
  absences         INTEGER NOT NULL DEFAULT 0 CHECK (absences >= 0),
  listed_newest    TEXT CHECK (length(listed_newest) BETWEEN 1 AND 256),
  parked_at        INTEGER,
  story_id         TEXT CHECK (length(story_id) BETWEEN 1 AND 256),
  -- The job file changed, or lost, it while its request was out. Should it wait again, it follows the file before it leaves.
  follow           INTEGER NOT NULL DEFAULT 0 CHECK (follow IN (0, 1)),
  -- Why it was held when it left the job file, or a blackout left it out. When it is back it is held again: only a person lets it go.
  held_reason      TEXT,
  -- Since when no job file asks for it, with nothing in its place: withdrawn for that, or held because it may be an accident. NULL: a job
  -- file asks for it, or it was settled.
  lost_at          INTEGER,

  CHECK ((state IN ('claimed', 'publishing')) = (lease_until_at IS NOT NULL)),
  CHECK ((state IN ('published', 'deleted')) = (story_id IS NOT NULL)),
  CHECK (state NOT IN ('publishing', 'in_doubt', 'published', 'deleted') OR intent_at IS NOT NULL),
  CHECK (state NOT IN ('publishing', 'in_doubt') OR kind = 'note' OR artifact IS NOT NULL),
  CHECK ((state = 'in_doubt' AND parked_at IS NULL) = (reconcile_at IS NOT NULL)),
  CHECK (state = 'in_doubt' OR parked_at IS NULL),
  CHECK ((intent_skew IS NULL) = (intent_floor_at IS NULL)),
  CHECK ((quarantine_at IS NULL) = (quarantine_server_at IS NULL)),
  CHECK ((odd_at IS NULL) = (odd_server_at IS NULL)),
  CHECK ((artifact IS NULL) = (artifact_until_at IS NULL)),
  CHECK ((kind = 'note') = (prepare_at IS NULL)),
  CHECK ((late_then = 'post') = (late_until_at IS NULL))
) STRICT;

-- One occurrence is one post, by its nominal time and by the instant of that.
CREATE UNIQUE INDEX post_nominal ON post (job, nominal);
CREATE UNIQUE INDEX post_instant ON post (job, nominal_at);
-- Doubt never overlaps within an account.
CREATE UNIQUE INDEX post_one_in_flight ON post (account)
  WHERE state = 'publishing' OR (state = 'in_doubt' AND parked_at IS NULL);
-- What the engine asks for, each index no larger than what waits for it.
CREATE INDEX post_prepare   ON post (account, prepare_at, id) WHERE state = 'scheduled' AND prepare_at IS NOT NULL;
CREATE INDEX post_late      ON post (late_until_at)           WHERE state = 'scheduled' AND late_until_at IS NOT NULL;
CREATE INDEX post_delete    ON post (delete_at)               WHERE state = 'scheduled' AND delete_at IS NOT NULL;
CREATE INDEX post_lease     ON post (lease_until_at)          WHERE lease_until_at IS NOT NULL;
CREATE INDEX post_reconcile ON post (reconcile_at)            WHERE reconcile_at IS NOT NULL;
CREATE INDEX post_put_off   ON post (changed_at)              WHERE state = 'scheduled'
  AND (prepare_failures > 0 OR due_at > coalesce(moved_to_at, occurs_at) OR late_until_at > coalesce(moved_to_at, occurs_at) + late_within);
CREATE INDEX post_follow    ON post (id)                      WHERE follow = 1 AND state = 'scheduled';
CREATE INDEX post_lost      ON post (state, lost_at, account) WHERE lost_at IS NOT NULL;
CREATE INDEX post_parked    ON post (account, text_key)       WHERE parked_at IS NOT NULL;
CREATE INDEX post_waiting   ON post (job, nominal_at)         WHERE state IN ('scheduled', 'held');
-- What people look at, and what is due.
CREATE INDEX post_state     ON post (state, due_at, id);
-- Those that were missed lately, however many ever were.
CREATE INDEX post_missed    ON post (account, changed_at)     WHERE state = 'missed';
CREATE INDEX post_account   ON post (account, state, due_at, id);
CREATE INDEX post_job       ON post (job, state, due_at, id);
-- Those with images: few beside the others, and asked for together, whatever their age.
CREATE INDEX post_photo     ON post (id)                      WHERE kind = 'photo';

-- The tags of each post, in the order in which posts are listed. Kept by triggers.
CREATE TABLE post_tag (
  tag     TEXT NOT NULL,
  state   TEXT NOT NULL,
  due_at  INTEGER NOT NULL,
  post_id INTEGER NOT NULL,
  PRIMARY KEY (tag, state, due_at, post_id)
) STRICT, WITHOUT ROWID;

-- Every legal move, the same table as `PostState::next`.
CREATE TABLE transition (
  state TEXT NOT NULL,
  event TEXT NOT NULL,
  next  TEXT NOT NULL,
  PRIMARY KEY (state, event)
) STRICT, WITHOUT ROWID;
INSERT INTO transition (state, event, next) VALUES
  ('scheduled',  'claim',    'claimed'),
  ('scheduled',  'intend',   'publishing'),
  ('scheduled',  'miss',     'missed'),
  ('scheduled',  'hold',     'held'),
  ('scheduled',  'cancel',   'cancelled'),
  ('claimed',    'prepared', 'scheduled'),
  ('claimed',    'retry',    'scheduled'),
  ('claimed',    'snooze',   'scheduled'),
  ('claimed',    'intend',   'publishing'),
  ('claimed',    'fail',     'failed'),
  ('claimed',    'cancel',   'cancelled'),
  ('publishing', 'retry',    'scheduled'),
  ('publishing', 'snooze',   'scheduled'),
  ('publishing', 'publish',  'published'),
  ('publishing', 'doubt',    'in_doubt'),
  ('publishing', 'fail',     'failed'),
  ('in_doubt',   'publish',  'published'),
  ('in_doubt',   'repost',   'scheduled'),
  ('in_doubt',   'hold',     'held'),
  ('in_doubt',   'fail',     'failed'),
  ('published',  'delete',   'deleted'),
  ('scheduled',  'adopt',    'published'),
  ('missed',     'adopt',    'published'),
  ('held',       'adopt',    'published'),
  ('failed',     'adopt',    'published'),
  ('cancelled',  'adopt',    'published'),
  ('missed',     'release',  'scheduled'),
  ('held',       'cancel',   'cancelled'),
  ('held',       'release',  'scheduled'),
  ('failed',     'cancel',   'cancelled'),
  ('failed',     'release',  'scheduled'),
  ('cancelled',  'hold',     'held'),
  ('cancelled',  'release',  'scheduled');

-- What happened to a post, for ever. `edit`, `check` and `park` leave the state as it is.
CREATE TABLE event (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  post_id INTEGER NOT NULL REFERENCES post (id),
  at      INTEGER NOT NULL,
  event   TEXT NOT NULL,
  state   TEXT NOT NULL,
  actor   TEXT NOT NULL,
  reason  TEXT NOT NULL
) STRICT;
CREATE INDEX event_post ON event (post_id, id);

-- One try, from claim to recorded verdict.
CREATE TABLE attempt (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  post_id      INTEGER NOT NULL REFERENCES post (id),
  kind         TEXT NOT NULL CHECK (kind IN ('prepare', 'publish', 'delete')),
  started_at   INTEGER NOT NULL,
  ended_at     INTEGER,
  verdict      TEXT CHECK (verdict IN ('prepared', 'published', 'deleted', 'retry', 'snooze', 'failed', 'in_doubt', 'lost')),
  fault_class  TEXT CHECK (fault_class IN ('transient', 'permanent', 'ambiguous', 'blocked')),
  fault_code   TEXT,
  fault_reason TEXT,
  fault_remedy TEXT,
  -- What went over the wire when it did not plainly succeed: what was asked, without secrets, and the status and first characters
  -- of the answer. What a success asked follows from its post, and its answer is the story.
  request      TEXT CHECK (length(request) <= 400),
  answer       TEXT CHECK (length(answer) <= 400),
  CHECK ((ended_at IS NULL) = (verdict IS NULL)),
  CHECK ((fault_class IS NULL) = (fault_code IS NULL)),
  CHECK ((fault_class IS NULL) = (fault_reason IS NULL)),
  CHECK ((fault_class IS NULL) = (fault_remedy IS NULL))
) STRICT;
CREATE UNIQUE INDEX attempt_open ON attempt (post_id) WHERE ended_at IS NULL;
CREATE INDEX attempt_post ON attempt (post_id, id);
-- What failures are found by. What goes well leaves no trace in it, and what was tried again neither.
CREATE INDEX attempt_fault ON attempt (fault_code, post_id) WHERE verdict IN ('failed', 'in_doubt');

-- A story that exists, or existed, at Kakao.
CREATE TABLE story (
  post_id         INTEGER PRIMARY KEY REFERENCES post (id),
  account         TEXT NOT NULL REFERENCES account (name),
  story_id        TEXT NOT NULL CHECK (length(story_id) BETWEEN 1 AND 256),
  published_at    INTEGER NOT NULL,             -- when we learnt of it: the answer, or the list
  -- When it came to exist, as far as is known: with the answer, or when its request left. The pace and `delete_after` count from here.
  came_at         INTEGER NOT NULL,
  learnt_by       TEXT NOT NULL,                -- who told: `publish`, `reconcile`, or a person
  -- When it is to be taken down, on whose order and why; NULL: it stays.
  delete_at       INTEGER,
  delete_by       TEXT,
  delete_reason   TEXT,
  delete_failures INTEGER NOT NULL DEFAULT 0 CHECK (delete_failures >= 0),
  -- Why taking it down was given up; a new order clears it.
  delete_fault    TEXT,
  deleted_at      INTEGER,
  CHECK ((delete_at IS NULL) = (delete_by IS NULL)),
  CHECK ((delete_at IS NULL) = (delete_reason IS NULL))
) STRICT;
-- One story belongs to one post. By the ID first, which is how people ask.
CREATE UNIQUE INDEX story_one ON story (story_id, account);
CREATE INDEX story_delete ON story (account, delete_at)
  WHERE delete_at IS NOT NULL AND deleted_at IS NULL AND delete_fault IS NULL;
CREATE INDEX story_deleted   ON story (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX story_not_deleted ON story (post_id) WHERE delete_fault IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX story_published ON story (published_at, post_id);
CREATE INDEX story_account   ON story (account, published_at, post_id);
-- What should be gone and is not.
CREATE INDEX story_undeleted ON story (published_at, post_id) WHERE delete_fault IS NOT NULL AND deleted_at IS NULL;

-- What a parked doubt is about: the listed stories that may be the post's, as Kakao showed them. Renewed each time it is parked, gone
-- when it is settled.
CREATE TABLE suspect (
  post_id    INTEGER NOT NULL REFERENCES post (id),
  number     INTEGER NOT NULL CHECK (number BETWEEN 1 AND 8),
  story_id   TEXT NOT NULL CHECK (length(story_id) BETWEEN 1 AND 256),
  url        TEXT CHECK (length(url) BETWEEN 1 AND 500),
  kind       TEXT NOT NULL CHECK (length(kind) <= 40),     -- Kakao's word
  audience   TEXT NOT NULL CHECK (length(audience) <= 40), -- ours, or Kakao's where it is none of the three; empty: it said none
  images     INTEGER NOT NULL CHECK (images >= 0),
  text       TEXT CHECK (length(text) <= 2100),
  created_at INTEGER NOT NULL,                             -- by Kakao's clock
  ours_at    INTEGER NOT NULL,                             -- the same by ours, as far as is known
  why        TEXT NOT NULL CHECK (length(why) <= 200),
  seen_at    INTEGER NOT NULL,
  PRIMARY KEY (post_id, number)
) STRICT, WITHOUT ROWID;

-- ------------------------------------------------------------------------------------------------------------------ counts

-- Where the days of the counts begin: the offset of the daemon's zone from UTC, in microseconds, from each instant on. The zone's
-- rules are kept here as far as they are known, since a trigger cannot ask for them.
CREATE TABLE calendar (
  from_at INTEGER PRIMARY KEY,
  offset  INTEGER NOT NULL CHECK (abs(offset) < 172800000000),
  zone    TEXT NOT NULL
) STRICT;
INSERT INTO calendar (from_at, offset, zone) VALUES (-9223372036854775807, 0, 'UTC');

-- What came of an account's posts, by day (whole days since 1970-01-01 in the zone of the calendar). Kept by triggers, so that years
-- are told from a few rows.
CREATE TABLE tally (
  account   TEXT NOT NULL REFERENCES account (name),
  day       INTEGER NOT NULL,
  published INTEGER NOT NULL DEFAULT 0,
  late      INTEGER NOT NULL DEFAULT 0,         -- of those published: more than a minute after their time
  retried   INTEGER NOT NULL DEFAULT 0,         -- of those published: more than one attempt at publishing
  doubtful  INTEGER NOT NULL DEFAULT 0,         -- of those published: had been in doubt
  missed    INTEGER NOT NULL DEFAULT 0,
  failed    INTEGER NOT NULL DEFAULT 0,
  deleted   INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;

-- How many published posts were late, and took, so long: each counts under the least bound that holds it.
CREATE TABLE tally_length (
  account TEXT NOT NULL REFERENCES account (name),
  day     INTEGER NOT NULL,
  what    TEXT NOT NULL CHECK (what IN ('lateness', 'duration')),
  up_to   INTEGER NOT NULL,                     -- microseconds
  posts   INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (account, day, what, up_to)
) STRICT, WITHOUT ROWID;
CREATE TABLE length_bound (up_to INTEGER PRIMARY KEY) STRICT;
INSERT INTO length_bound (up_to) VALUES
  (5000), (10000), (20000), (30000), (50000), (75000), (100000), (150000), (200000), (300000), (500000), (750000), (1000000),
  (1500000), (2000000), (3000000), (5000000), (10000000), (20000000), (30000000), (60000000), (120000000), (300000000),
  (600000000), (1800000000), (3600000000), (7200000000), (21600000000), (86400000000), (604800000000), (9223372036854775807);

-- ------------------------------------------------------------------------------------------------------------------ audits

-- One comparison of the record with what Kakao shows. It goes on where it stopped, page by page, until the list has ended and
-- every recorded story that the list lacked has been asked for.
CREATE TABLE audit (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  account    TEXT NOT NULL REFERENCES account (name),
  actor      TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER,
  next_at    INTEGER,                           -- when it goes on
  last_id    TEXT,                              -- the oldest story listed so far
  listed     INTEGER NOT NULL DEFAULT 0 CHECK (listed IN (0, 1)),
  asked_at   INTEGER,                           -- recorded stories up to here (published_at, post_id) have been looked for
  asked_post INTEGER NOT NULL DEFAULT 0,
  pages      INTEGER NOT NULL DEFAULT 0,
  failures   INTEGER NOT NULL DEFAULT 0,        -- in a row
  present    INTEGER NOT NULL DEFAULT 0,        -- listed and on record, as recorded
  fault      TEXT,                              -- why it was given up
  CHECK ((ended_at IS NULL) = (next_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX audit_open ON audit (account) WHERE ended_at IS NULL;
CREATE INDEX audit_account ON audit (account, id);

-- What an audit saw, with what people left there.
CREATE TABLE audit_story (
  audit_id INTEGER NOT NULL REFERENCES audit (id),
  story_id TEXT NOT NULL,
  comments INTEGER NOT NULL,
  moods    INTEGER NOT NULL,
  PRIMARY KEY (audit_id, story_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_story_runs ON audit_story (story_id, audit_id);

-- A difference between the record and Kakao.
CREATE TABLE finding (
  audit_id       INTEGER NOT NULL REFERENCES audit (id),
  account        TEXT NOT NULL REFERENCES account (name),
  story_id       TEXT NOT NULL,
  kind           TEXT NOT NULL CHECK (kind IN ('missing', 'altered', 'unknown', 'doubtful', 'still_up')),
  post_id        INTEGER,
  detail         TEXT NOT NULL,                  -- one sentence for a person
  story          TEXT CHECK (json_valid(story)), -- what Kakao showed of it, for who adopts it
  found_at       INTEGER NOT NULL,
  -- A person has seen to it, or an adoption or a deletion has.
  settled_at     INTEGER,
  settled_by     TEXT,
  settled_reason TEXT,
  PRIMARY KEY (audit_id, story_id, kind),
  CHECK ((settled_at IS NULL) = (settled_by IS NULL)),
  CHECK ((settled_at IS NULL) = (settled_reason IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_open ON finding (account, audit_id) WHERE settled_at IS NULL;
CREATE INDEX finding_story ON finding (account, story_id, kind);

-- ------------------------------------------------------------------------------------------- what a backup does not know

-- A backup that was put in place. What went out after it was made stands in Kakao's lists alone.
CREATE TABLE restoration (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  backup_at     INTEGER NOT NULL,
  restored_at   INTEGER NOT NULL,
  actor         TEXT NOT NULL
) STRICT;

-- How far each account has got since. Until it is settled a pause holds the account's posts.
CREATE TABLE restore (
  account     TEXT NOT NULL PRIMARY KEY REFERENCES account (name),
  backup_at   INTEGER NOT NULL,
  backup_skew INTEGER,                          -- how far Kakao's clock was ahead of ours, as the backup knew it
  restored_at INTEGER NOT NULL,
  next_at     INTEGER,                          -- when its list is read next
  -- From when on, by both clocks, the quarantine counts, and how many complete listings there were after it.
  quarantine_at INTEGER,
  quarantine_server_at INTEGER,
  odd_at        INTEGER,                        -- a listing whose date did not fit the others, as of a doubt
  odd_server_at  INTEGER,
  listings    INTEGER NOT NULL DEFAULT 0,
  settled_at  INTEGER,
  outcome     TEXT,
  CHECK ((settled_at IS NULL) = (next_at IS NOT NULL)),
  CHECK ((settled_at IS NULL) = (outcome IS NULL)),
  CHECK ((quarantine_at IS NULL) = (quarantine_server_at IS NULL)),
  CHECK ((odd_at IS NULL) = (odd_server_at IS NULL))
) STRICT, WITHOUT ROWID;

-- Posts that were taken out of the record for their age. Their occurrences are never posted again.
CREATE TABLE pruned (
  job        TEXT NOT NULL,
  nominal    TEXT NOT NULL,
  nominal_at INTEGER NOT NULL,
  PRIMARY KEY (job, nominal)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX pruned_instant ON pruned (job, nominal_at);
-- The posts that the transaction under way takes out; empty between transactions. Nothing else can delete from the record.
CREATE TABLE pruning (post_id INTEGER PRIMARY KEY) STRICT;

-- ---------------------------------------------------------------------------------------------------------- telling people

-- What is wrong, from when to when: a person is told once of its beginning and once of its end. One row stands for what one
-- message tells of; a trouble that comes back is a row of its own.
CREATE TABLE incident (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  trouble       TEXT NOT NULL CHECK (trouble IN ('failed', 'missed', 'held', 'in_doubt', 'not_deleted', 'differences', 'not_audited', 'blocked',
                  'withdrawal', 'broken_file', 'no_text', 'disk_low', 'clock_off', 'clock_doubt', 'preflight', 'refused', 'restarted')),
  subject       TEXT NOT NULL,                  -- what it is about: `post 12`, an account's name, `job files`, …
  post_id       INTEGER REFERENCES post (id),
  job           TEXT,
  account       TEXT,
  reason        TEXT NOT NULL,
  command       TEXT NOT NULL,                  -- what to type
  began_at      INTEGER NOT NULL,
  told_at       INTEGER,                        -- when the notice of its beginning went into the outbox
  ended_at      INTEGER,
  outcome       TEXT,                           -- how it ended
  end_told_at   INTEGER,                        -- when the notice of its end did; no end is told whose beginning was not
  CHECK ((ended_at IS NULL) = (outcome IS NULL)),
  CHECK (end_told_at IS NULL OR ended_at IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX incident_open ON incident (trouble, subject) WHERE ended_at IS NULL;
CREATE INDEX incident_age ON incident (trouble, began_at) WHERE ended_at IS NULL;
CREATE INDEX incident_untold ON incident (id) WHERE told_at IS NULL OR (ended_at IS NOT NULL AND end_told_at IS NULL);
CREATE INDEX incident_post ON incident (post_id) WHERE post_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX incident_told ON incident (trouble, account, told_at);
CREATE INDEX incident_end_told ON incident (trouble, account, end_told_at);

-- What is asked of Kakao ahead of a post that waits, and what came of it. Rows of posts that wait no more are taken out.
CREATE TABLE preflight (
  post_id    INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
  account    TEXT NOT NULL,
  next_at    INTEGER,                           -- when it is looked at next; NULL: not again before it is due
  seen_at    INTEGER,                           -- when it was last looked at
  url        TEXT,                              -- the link that was scraped then
  card       TEXT,                              -- what its card showed at the first look
  finding    TEXT,                              -- what is wrong with it, as the last look found
  CHECK (seen_at IS NOT NULL OR (card IS NULL AND finding IS NULL))
) STRICT;
CREATE INDEX preflight_due ON preflight (account, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX preflight_next ON preflight (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX preflight_finding ON preflight (post_id) WHERE finding IS NOT NULL;

-- The outbox: one notice to one sink, kept until it was delivered or given up. Nothing that posts ever waits for it.
CREATE TABLE notice (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  sink       TEXT NOT NULL,
  body       TEXT NOT NULL CHECK (json_valid(body)),
  created_at INTEGER NOT NULL,
  next_at    INTEGER,                           -- when it is tried next; NULL once it has ended
  tries      INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
  problem    TEXT,                              -- why the last try came to nothing
  refused    INTEGER NOT NULL DEFAULT 0 CHECK (refused IN (0, 1)), -- for its own sake: the others go past it
  ended_at   INTEGER,
  outcome    TEXT CHECK (outcome IN ('delivered', 'given_up')),
  CHECK ((next_at IS NULL) = (ended_at IS NOT NULL)),
  CHECK ((ended_at IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX notice_due ON notice (sink, next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX notice_ended ON notice (ended_at) WHERE ended_at IS NOT NULL;

-- How far people have been told. One row.
CREATE TABLE notice_cursor (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  events_seen INTEGER NOT NULL,                 -- up to which event the incidents are derived
  digest_at   INTEGER,                          -- when the day was last told in short
  next_at     INTEGER                           -- when something that is held back may be told
) STRICT;
INSERT INTO notice_cursor (id, events_seen) VALUES (1, 0);

-- The lives of the daemon. One that has no end, and is not the last, did not stop cleanly.
CREATE TABLE daemon_run (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  started_at INTEGER NOT NULL,
  stopped_at INTEGER
) STRICT;

-- How the machine's clock stood when it was last believed. One row, once it ever was.
CREATE TABLE clock (
  id            INTEGER PRIMARY KEY CHECK (id = 1),
  -- By the wall clock, and by the steady one, which counts from the start of the machine that `boot` names.
  seen_at       INTEGER NOT NULL,
  steady        INTEGER NOT NULL CHECK (steady >= 0),
  boot          TEXT NOT NULL CHECK (length(boot) <= 64),
  confirmed     INTEGER NOT NULL CHECK (confirmed IN (0, 1)), -- by an answer, or by a person
  -- Since when nobody set it, and the last event before that: what a wrong clock did came after it.
  since_at      INTEGER NOT NULL,
  since_event   INTEGER NOT NULL,
  -- When it was last believed before that; NULL: nobody set it yet.
  before_at     INTEGER,
  -- The right time, while the transaction under way puts right what a wrong clock did; NULL between transactions.
  puts_right_at INTEGER
) STRICT;

-- A person's word that the machine's clock is right, with how the clocks stood when it was given. One row.
CREATE TABLE clock_word (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  wall   INTEGER NOT NULL,
  steady INTEGER NOT NULL CHECK (steady >= 0),
  boot   TEXT NOT NULL CHECK (length(boot) <= 64),
  actor  TEXT NOT NULL
) STRICT;

-- ---------------------------------------------------------------------------------------------------------------- guards

CREATE TRIGGER transition_is_fixed_insert BEFORE INSERT ON transition
BEGIN SELECT RAISE(ABORT, 'the table of transitions is fixed'); END;
CREATE TRIGGER transition_is_fixed_update BEFORE UPDATE ON transition
BEGIN SELECT RAISE(ABORT, 'the table of transitions is fixed'); END;
CREATE TRIGGER transition_is_fixed_delete BEFORE DELETE ON transition
BEGIN SELECT RAISE(ABORT, 'the table of transitions is fixed'); END;

CREATE TRIGGER account_is_kept BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'an account is never deleted'); END;
-- What turned every account away turns a new one away too: it need not ask.
CREATE TRIGGER account_inherits_block AFTER INSERT ON account
WHEN EXISTS (SELECT 1 FROM account WHERE blocked_scope = 'everyone')
BEGIN
  UPDATE account SET (blocked_code, blocked_reason, blocked_remedy, blocked_cure, blocked_scope, blocked_at, probe_at) =
    (SELECT blocked_code, blocked_reason, blocked_remedy, blocked_cure, blocked_scope, blocked_at, probe_at
     FROM account WHERE blocked_scope = 'everyone' ORDER BY probe_at DESC LIMIT 1)
  WHERE name = NEW.name;
END;
CREATE TRIGGER job_is_kept BEFORE DELETE ON job
BEGIN SELECT RAISE(ABORT, 'a job is never deleted'); END;
CREATE TRIGGER job_watermark_rises BEFORE UPDATE OF enqueued_until_at ON job
WHEN NEW.enqueued_until_at < OLD.enqueued_until_at
 -- What a clock that was ahead raised falls again, but never below what the right clock had reached by then.
 AND NOT EXISTS (SELECT 1 FROM clock WHERE puts_right_at IS NOT NULL AND NEW.enqueued_until_at >= puts_right_at)
BEGIN SELECT RAISE(ABORT, 'the watermark of a job never falls'); END;

CREATE TRIGGER post_starts_scheduled BEFORE INSERT ON post
WHEN NEW.state <> 'scheduled' OR NEW.claim <> 0 OR NEW.intent_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a post starts as scheduled'); END;

CREATE TRIGGER post_moves_legally BEFORE UPDATE OF state ON post
WHEN OLD.state <> NEW.state
 AND NOT EXISTS (SELECT 1 FROM transition WHERE state = OLD.state AND event = NEW.event AND next = NEW.state)
BEGIN SELECT RAISE(ABORT, 'illegal transition of a post'); END;

-- SQLite can rewrite a row by deleting it (INSERT OR REPLACE); a post is the record that people rely on.
CREATE TRIGGER post_is_kept BEFORE DELETE ON post
WHEN OLD.state NOT IN ('deleted', 'missed', 'failed', 'cancelled') OR NOT EXISTS (SELECT 1 FROM pruning WHERE post_id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'a post is never deleted'); END;
CREATE TRIGGER post_was_pruned BEFORE INSERT ON post
WHEN EXISTS (SELECT 1 FROM pruned WHERE job = NEW.job AND nominal = NEW.nominal)
  OR EXISTS (SELECT 1 FROM pruned WHERE job = NEW.job AND nominal_at = NEW.nominal_at)
BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER pruned_is_kept BEFORE DELETE ON pruned
BEGIN SELECT RAISE(ABORT, 'what was pruned is never forgotten'); END;

CREATE TRIGGER post_keeps_its_identity BEFORE UPDATE OF id, job, nominal, created_at ON post
WHEN OLD.id IS NOT NEW.id OR OLD.job IS NOT NEW.job OR OLD.nominal IS NOT NEW.nominal OR OLD.created_at IS NOT NEW.created_at
BEGIN SELECT RAISE(ABORT, 'the identity of a post never changes'); END;

-- What is on its way or out cannot be altered.
CREATE TRIGGER post_content_is_frozen BEFORE UPDATE OF content, kind, text_key, account, nominal_at, occurs_at ON post
WHEN OLD.state NOT IN ('scheduled', 'held', 'cancelled', 'missed', 'failed')
 AND (OLD.content IS NOT NEW.content OR OLD.kind IS NOT NEW.kind OR OLD.text_key IS NOT NEW.text_key
      OR OLD.account IS NOT NEW.account OR OLD.nominal_at IS NOT NEW.nominal_at OR OLD.occurs_at IS NOT NEW.occurs_at)
BEGIN SELECT RAISE(ABORT, 'a post on its way cannot be altered'); END;

CREATE TRIGGER post_claim_rises BEFORE UPDATE OF claim, state ON post
WHEN NEW.claim < OLD.claim
 OR (OLD.state = 'scheduled' AND NEW.state IN ('claimed', 'publishing') AND NEW.claim <> OLD.claim + 1)
BEGIN SELECT RAISE(ABORT, 'the claim token of a post only rises'); END;

CREATE TRIGGER post_story_is_final BEFORE UPDATE OF story_id ON post
WHEN OLD.story_id IS NOT NULL AND OLD.story_id IS NOT NEW.story_id
BEGIN SELECT RAISE(ABORT, 'the story of a post never changes'); END;

CREATE TRIGGER event_is_final_update BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'events are never altered'); END;
CREATE TRIGGER event_is_final_delete BEFORE DELETE ON event
WHEN NOT EXISTS (SELECT 1 FROM pruning WHERE post_id = OLD.post_id)
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

CREATE TRIGGER attempt_is_kept BEFORE DELETE ON attempt
WHEN NOT EXISTS (SELECT 1 FROM pruning WHERE post_id = OLD.post_id)
BEGIN SELECT RAISE(ABORT, 'attempts are never deleted'); END;
CREATE TRIGGER attempt_closes_once BEFORE UPDATE ON attempt
WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a closed attempt is never altered'); END;
CREATE TRIGGER attempt_keeps_its_identity BEFORE UPDATE OF id, post_id, kind, started_at ON attempt
WHEN OLD.id IS NOT NEW.id OR OLD.post_id IS NOT NEW.post_id OR OLD.kind IS NOT NEW.kind OR OLD.started_at IS NOT NEW.started_at
BEGIN SELECT RAISE(ABORT, 'an attempt is only closed, never altered'); END;

CREATE TRIGGER story_is_kept BEFORE DELETE ON story
WHEN OLD.deleted_at IS NULL OR NOT EXISTS (SELECT 1 FROM pruning WHERE post_id = OLD.post_id)
BEGIN SELECT RAISE(ABORT, 'stories are never deleted from the record'); END;
CREATE TRIGGER story_keeps_its_identity BEFORE UPDATE OF account, story_id, post_id, published_at, came_at, deleted_at ON story
WHEN OLD.account IS NOT NEW.account OR OLD.story_id IS NOT NEW.story_id OR OLD.post_id IS NOT NEW.post_id
  OR OLD.published_at IS NOT NEW.published_at OR OLD.came_at IS NOT NEW.came_at OR (OLD.deleted_at IS NOT NULL AND OLD.deleted_at IS NOT NEW.deleted_at)
BEGIN SELECT RAISE(ABORT, 'the record of a story never changes'); END;

-- ------------------------------------------------------------------------------------------------------------- the record

CREATE TRIGGER post_enqueued AFTER INSERT ON post
BEGIN
  INSERT INTO event (post_id, at, event, state, actor, reason)
  VALUES (NEW.id, NEW.changed_at, NEW.event, NEW.state, NEW.actor, NEW.reason);
  -- An occurrence from before a backup was restored that turns up after the list was consulted was never looked for.
  UPDATE post SET state = 'held', event = 'hold', actor = 'restore', changed_at = NEW.changed_at,
    reason = 'its time lies before the restored backup was put in place: it may be up already; look, then release or cancel it'
  WHERE id = NEW.id AND NEW.event = 'enqueue'
    AND EXISTS (SELECT 1 FROM restore WHERE account = NEW.account AND settled_at IS NOT NULL AND restored_at >= NEW.occurs_at);
END;

CREATE TRIGGER post_moved AFTER UPDATE OF state ON post
WHEN OLD.state <> NEW.state
BEGIN
  INSERT INTO event (post_id, at, event, state, actor, reason)
  VALUES (NEW.id, NEW.changed_at, NEW.event, NEW.state, NEW.actor, NEW.reason);
END;

-- Whoever settled it, nobody has to compare stories any more.
CREATE TRIGGER post_out_of_doubt AFTER UPDATE OF state ON post
WHEN OLD.state = 'in_doubt' AND NEW.state <> 'in_doubt'
BEGIN
  DELETE FROM suspect WHERE post_id = NEW.id;
END;

-- Whoever let it go, nobody waits for a person any more.
CREATE TRIGGER post_let_go AFTER UPDATE OF state ON post
WHEN OLD.state <> 'scheduled' AND NEW.state = 'scheduled' AND NEW.held_reason IS NOT NULL
BEGIN
  UPDATE post SET held_reason = NULL WHERE id = NEW.id;
END;

-- What goes on, or is withdrawn after it was held, is no accident any more.
CREATE TRIGGER post_found AFTER UPDATE OF state ON post
WHEN OLD.lost_at IS NOT NULL AND NEW.lost_at IS NOT NULL AND OLD.state <> NEW.state
 AND (NEW.state NOT IN ('held', 'cancelled') OR OLD.state = 'held')
BEGIN
  UPDATE post SET lost_at = NULL WHERE id = NEW.id;
END;

-- Whoever withdraws a claimed post takes it away from a worker. Closing the worker's attempt is not left to that worker: it may
-- be dead, and the next claim opens an attempt of its own.
CREATE TRIGGER post_taken_away AFTER UPDATE OF state ON post
WHEN OLD.state = 'claimed' AND NEW.state = 'cancelled'
BEGIN
  UPDATE attempt SET ended_at = NEW.changed_at, verdict = 'lost' WHERE post_id = NEW.id AND ended_at IS NULL;
END;

CREATE TRIGGER post_tagged AFTER INSERT ON post
WHEN NEW.tags <> '[]'
BEGIN
  INSERT OR IGNORE INTO post_tag (tag, state, due_at, post_id)
  SELECT value, NEW.state, NEW.due_at, NEW.id FROM json_each(NEW.tags);
END;

CREATE TRIGGER post_tags_follow AFTER UPDATE OF tags, state, due_at ON post
WHEN (OLD.tags <> '[]' OR NEW.tags <> '[]')
 AND (OLD.tags <> NEW.tags OR OLD.state <> NEW.state OR OLD.due_at <> NEW.due_at)
BEGIN
  DELETE FROM post_tag WHERE tag IN (SELECT value FROM json_each(OLD.tags)) AND state = OLD.state AND due_at = OLD.due_at
    AND post_id = OLD.id;
  INSERT OR IGNORE INTO post_tag (tag, state, due_at, post_id)
  SELECT value, NEW.state, NEW.due_at, NEW.id FROM json_each(NEW.tags);
END;

CREATE TRIGGER post_untagged AFTER DELETE ON post
WHEN OLD.tags <> '[]'
BEGIN
  DELETE FROM post_tag WHERE tag IN (SELECT value FROM json_each(OLD.tags)) AND state = OLD.state AND due_at = OLD.due_at
    AND post_id = OLD.id;
END;

-- A new time in the job file is the newer word.
CREATE TRIGGER post_time_follows_its_job AFTER UPDATE OF occurs_at ON post
WHEN OLD.occurs_at <> NEW.occurs_at AND NEW.moved_to_at IS NOT NULL
BEGIN
  UPDATE post SET moved_to_at = NULL WHERE id = NEW.id;
END;

-- An account that the backup did not know may have posted all the same.
CREATE TRIGGER account_after_restoration AFTER INSERT ON account
WHEN EXISTS (SELECT 1 FROM restoration)
BEGIN
  INSERT INTO restore (account, backup_at, restored_at, next_at)
  SELECT NEW.name, backup_at, restored_at, restored_at FROM restoration ORDER BY id DESC LIMIT 1;
  INSERT OR IGNORE INTO pause (scope, target, actor, reason, since_at)
  SELECT 'restore', NEW.name, actor, 'a backup was restored: its list is read first', restored_at
  FROM restoration ORDER BY id DESC LIMIT 1;
END;

CREATE TRIGGER post_ended AFTER UPDATE OF state ON post
WHEN OLD.state <> NEW.state AND NEW.state IN ('missed', 'failed')
BEGIN
  INSERT INTO tally (account, day, missed, failed)
  VALUES (NEW.account,
    (NEW.changed_at + (SELECT c.offset FROM calendar c WHERE c.from_at <= NEW.changed_at ORDER BY c.from_at DESC LIMIT 1)) / 86400000000, NEW.state = 'missed', NEW.state = 'failed')
  ON CONFLICT (account, day) DO UPDATE SET missed = missed + excluded.missed, failed = failed + excluded.failed;
END;

CREATE TRIGGER post_deleted AFTER UPDATE OF state ON post
WHEN OLD.state <> 'deleted' AND NEW.state = 'deleted'
BEGIN
  UPDATE story SET deleted_at = NEW.changed_at WHERE post_id = NEW.id;
  UPDATE finding SET settled_at = NEW.changed_at, settled_by = NEW.actor, settled_reason = 'its story is gone'
  WHERE account = NEW.account AND story_id = NEW.story_id AND settled_at IS NULL;
  INSERT INTO tally (account, day, deleted) VALUES (NEW.account,
    (NEW.changed_at + (SELECT c.offset FROM calendar c WHERE c.from_at <= NEW.changed_at ORDER BY c.from_at DESC LIMIT 1)) / 86400000000, 1)
  ON CONFLICT (account, day) DO UPDATE SET deleted = deleted + 1;
END;

CREATE TRIGGER post_counted AFTER UPDATE OF state ON post
WHEN OLD.state <> 'published' AND NEW.state = 'published'
BEGIN
  INSERT INTO tally (account, day, published, late, retried, doubtful)
  VALUES (NEW.account,
    (NEW.changed_at + (SELECT c.offset FROM calendar c WHERE c.from_at <= NEW.changed_at ORDER BY c.from_at DESC LIMIT 1)) / 86400000000, 1,
    NEW.event <> 'adopt' AND NEW.changed_at - coalesce(NEW.moved_to_at, NEW.occurs_at) > 60000000,
    (SELECT count(*) FROM attempt WHERE post_id = NEW.id AND kind = 'publish') > 1,
    EXISTS (SELECT 1 FROM event WHERE post_id = NEW.id AND event = 'doubt'))
  ON CONFLICT (account, day) DO UPDATE SET published = published + 1, late = late + excluded.late,
    retried = retried + excluded.retried, doubtful = doubtful + excluded.doubtful;
  INSERT INTO tally_length (account, day, what, up_to, posts)
  SELECT NEW.account,
    (NEW.changed_at + (SELECT c.offset FROM calendar c WHERE c.from_at <= NEW.changed_at ORDER BY c.from_at DESC LIMIT 1)) / 86400000000, 'lateness', up_to, 1 FROM length_bound
  WHERE up_to >= NEW.changed_at - coalesce(NEW.moved_to_at, NEW.occurs_at) AND NEW.event <> 'adopt'
  ORDER BY up_to LIMIT 1
  ON CONFLICT (account, day, what, up_to) DO UPDATE SET posts = posts + 1;
  INSERT INTO tally_length (account, day, what, up_to, posts)
  SELECT NEW.account,
    (NEW.changed_at + (SELECT c.offset FROM calendar c WHERE c.from_at <= NEW.changed_at ORDER BY c.from_at DESC LIMIT 1)) / 86400000000, 'duration', up_to, 1 FROM length_bound
  WHERE up_to >= NEW.changed_at - NEW.intent_at AND OLD.state = 'publishing'
  ORDER BY up_to LIMIT 1
  ON CONFLICT (account, day, what, up_to) DO UPDATE SET posts = posts + 1;
END;

CREATE TRIGGER post_published AFTER UPDATE OF state ON post
WHEN OLD.state <> 'published' AND NEW.state = 'published'
BEGIN
  INSERT INTO story (account, story_id, post_id, published_at, came_at, learnt_by, delete_at, delete_by, delete_reason)
  -- A story that was adopted is as old as Kakao says, and one that was in doubt as old as its request.
  VALUES (NEW.account, NEW.story_id, NEW.id, iif(NEW.event = 'adopt', NEW.intent_at, NEW.changed_at),
          iif(OLD.state = 'publishing', NEW.changed_at, NEW.intent_at), NEW.actor,
          coalesce(NEW.delete_at, iif(OLD.state = 'publishing', NEW.changed_at, NEW.intent_at) + NEW.delete_after),
          iif(NEW.delete_at IS NULL AND NEW.delete_after IS NULL, NULL, 'job'),
          iif(NEW.delete_at IS NULL AND NEW.delete_after IS NULL, NULL,
              iif(NEW.delete_at IS NULL, 'delete_after of its job', 'delete_at of its job')));
  -- The pace: a gap after every story, a longer one between posts that are more than a minute late, and when the day's stories
  -- are used up, until so many are a day old that there is room for one more. What came to exist is learnt of later or at once, never
  -- before. `Store::set_paces` reckons the same when the settings change.
  UPDATE account SET
    next_at = max(next_at, iif(OLD.state = 'publishing', NEW.changed_at, NEW.intent_at) + min_gap,
      iif(max_per_day IS NULL, 0, coalesce((SELECT min(nth.came_at, NEW.changed_at) FROM
          (SELECT s.came_at, row_number() OVER (ORDER BY s.came_at DESC) AS number FROM story s
           WHERE s.account = NEW.account AND s.published_at > NEW.changed_at - 86400000000) nth
        WHERE nth.number = account.max_per_day) + 86400000000, 0))),
    next_late_at = iif(NEW.event <> 'adopt'
        AND iif(OLD.state = 'publishing', NEW.changed_at, NEW.intent_at) - coalesce(NEW.moved_to_at, NEW.occurs_at) > 60000000,
      max(next_late_at, iif(OLD.state = 'publishing', NEW.changed_at, NEW.intent_at) + catch_up_gap), next_late_at)
  WHERE name = NEW.account
    -- Most keep no gap: there is nothing to write then.
    AND (min_gap > 0 OR max_per_day IS NOT NULL OR NEW.changed_at - coalesce(NEW.moved_to_at, NEW.occurs_at) > 60000000);
  UPDATE finding SET settled_at = NEW.changed_at, settled_by = NEW.actor, settled_reason = 'it is on record now'
  WHERE account = NEW.account AND story_id = NEW.story_id AND settled_at IS NULL;
END;
