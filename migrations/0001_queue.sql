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
  blocked_at      INTEGER,
  probe_at        INTEGER,
  -- Set by the first -401, cleared by the next success: a second -401 while it is set blocks the account.
  unauthorized_at INTEGER,
  -- Kakao's clock less ours, from the Date header of its answers.
  skew_micros     INTEGER NOT NULL DEFAULT 0,
  -- How densely it may post, in microseconds and stories a day, as the settings say.
  min_gap         INTEGER NOT NULL DEFAULT 0 CHECK (min_gap >= 0),
  max_per_day     INTEGER CHECK (max_per_day > 0),
  catch_up_gap    INTEGER NOT NULL DEFAULT 0 CHECK (catch_up_gap >= 0),
  -- Before these instants nothing is published, and nothing that is late. Set by each story that comes to exist.
  next_at         INTEGER NOT NULL DEFAULT 0,
  next_late_at    INTEGER NOT NULL DEFAULT 0,
  CHECK ((blocked_code IS NULL) = (blocked_reason IS NULL)),
  CHECK ((blocked_code IS NULL) = (blocked_remedy IS NULL)),
  CHECK ((blocked_code IS NULL) = (blocked_cure IS NULL)),
  CHECK ((blocked_code IS NULL) = (blocked_at IS NULL)),
  CHECK ((blocked_code IS NULL) = (probe_at IS NULL))
) STRICT, WITHOUT ROWID;

-- What a person has stopped. Nothing that a pause covers, and that has no intent yet, leaves while it lasts.
CREATE TABLE pause (
  scope    TEXT NOT NULL CHECK (scope IN ('all', 'account', 'tag', 'job')),
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
  occurs_at        INTEGER NOT NULL CHECK (occurs_at BETWEEN 0 AND 253402207200000000),
  due_at           INTEGER NOT NULL CHECK (due_at BETWEEN 0 AND 253402207200000000),
  -- When preparing (upload or scrape) is next due. NULL for notes.
  prepare_at       INTEGER,
  late_within      INTEGER NOT NULL CHECK (late_within >= 0),
  late_then        TEXT NOT NULL CHECK (late_then IN ('post', 'skip', 'hold')),
  late_until_at    INTEGER,                            -- NULL: never too late
  in_doubt         TEXT NOT NULL CHECK (in_doubt IN ('repost', 'hold')),
  delete_after     INTEGER CHECK (delete_after > 0),   -- microseconds after it was published
  delete_at        INTEGER,

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
  -- The moment at which the last intent became durable.
  intent_at        INTEGER,
  -- In doubt: when to look at Kakao's list next, how many complete listings after the quarantine lacked the story, and since
  -- when a person must decide.
  reconcile_at     INTEGER,
  absences         INTEGER NOT NULL DEFAULT 0 CHECK (absences >= 0),
  parked_at        INTEGER,
  story_id         TEXT CHECK (length(story_id) BETWEEN 1 AND 256),

  CHECK ((state IN ('claimed', 'publishing')) = (lease_until_at IS NOT NULL)),
  CHECK ((state IN ('published', 'deleted')) = (story_id IS NOT NULL)),
  CHECK (state NOT IN ('publishing', 'in_doubt', 'published', 'deleted') OR intent_at IS NOT NULL),
  CHECK (state NOT IN ('publishing', 'in_doubt') OR kind = 'note' OR artifact IS NOT NULL),
  CHECK ((state = 'in_doubt' AND parked_at IS NULL) = (reconcile_at IS NOT NULL)),
  CHECK (state = 'in_doubt' OR parked_at IS NULL),
  CHECK ((artifact IS NULL) = (artifact_until_at IS NULL)),
  CHECK ((kind = 'note') = (prepare_at IS NULL)),
  CHECK ((late_then = 'post') = (late_until_at IS NULL))
) STRICT;

-- One occurrence is one post, by its nominal time and by its instant.
CREATE UNIQUE INDEX post_nominal ON post (job, nominal);
CREATE UNIQUE INDEX post_instant ON post (job, occurs_at);
-- Doubt never overlaps within an account.
CREATE UNIQUE INDEX post_one_in_flight ON post (account)
  WHERE state = 'publishing' OR (state = 'in_doubt' AND parked_at IS NULL);
-- One story belongs to one post.
CREATE UNIQUE INDEX post_story ON post (account, story_id) WHERE story_id IS NOT NULL;
-- What the engine asks for, each index no larger than what waits for it.
CREATE INDEX post_due       ON post (account, due_at, id)     WHERE state = 'scheduled';
CREATE INDEX post_prepare   ON post (account, prepare_at, id) WHERE state = 'scheduled' AND prepare_at IS NOT NULL;
CREATE INDEX post_next_due  ON post (due_at)                  WHERE state = 'scheduled';
CREATE INDEX post_late      ON post (late_until_at)           WHERE state = 'scheduled' AND late_until_at IS NOT NULL;
CREATE INDEX post_lease     ON post (lease_until_at)          WHERE lease_until_at IS NOT NULL;
CREATE INDEX post_reconcile ON post (reconcile_at)            WHERE reconcile_at IS NOT NULL;
CREATE INDEX post_parked    ON post (account, text_key)       WHERE parked_at IS NOT NULL;
CREATE INDEX post_waiting   ON post (job, occurs_at)          WHERE state IN ('scheduled', 'claimed', 'held');
-- What people look at.
CREATE INDEX post_state     ON post (state, due_at, id);
CREATE INDEX post_account   ON post (account, state, due_at, id);

-- Every legal move, the same table as `PostState::next`.
CREATE TABLE transition (
  state TEXT NOT NULL,
  event TEXT NOT NULL,
  next  TEXT NOT NULL,
  PRIMARY KEY (state, event)
) STRICT, WITHOUT ROWID;
INSERT INTO transition (state, event, next) VALUES
  ('scheduled',  'claim',    'claimed'),
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
  ('published',  'delete',   'deleted'),
  ('missed',     'release',  'scheduled'),
  ('held',       'cancel',   'cancelled'),
  ('held',       'release',  'scheduled'),
  ('failed',     'cancel',   'cancelled'),
  ('failed',     'release',  'scheduled'),
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
  CHECK ((ended_at IS NULL) = (verdict IS NULL)),
  CHECK ((fault_class IS NULL) = (fault_code IS NULL)),
  CHECK ((fault_class IS NULL) = (fault_reason IS NULL)),
  CHECK ((fault_class IS NULL) = (fault_remedy IS NULL))
) STRICT;
CREATE UNIQUE INDEX attempt_open ON attempt (post_id) WHERE ended_at IS NULL;
CREATE INDEX attempt_post ON attempt (post_id, id);

-- A story that exists, or existed, at Kakao.
CREATE TABLE story (
  account         TEXT NOT NULL REFERENCES account (name),
  story_id        TEXT NOT NULL CHECK (length(story_id) BETWEEN 1 AND 256),
  post_id         INTEGER NOT NULL UNIQUE REFERENCES post (id),
  published_at    INTEGER NOT NULL,             -- when we learnt of it: the answer, or the list
  learnt_by       TEXT NOT NULL,                -- who told: `publish`, `reconcile`, or a person
  -- When it is to be taken down, on whose order and why; NULL: it stays.
  delete_at       INTEGER,
  delete_by       TEXT,
  delete_reason   TEXT,
  delete_failures INTEGER NOT NULL DEFAULT 0 CHECK (delete_failures >= 0),
  -- Why taking it down was given up; a new order clears it.
  delete_fault    TEXT,
  deleted_at      INTEGER,
  PRIMARY KEY (account, story_id),
  CHECK ((delete_at IS NULL) = (delete_by IS NULL)),
  CHECK ((delete_at IS NULL) = (delete_reason IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX story_delete ON story (account, delete_at)
  WHERE delete_at IS NOT NULL AND deleted_at IS NULL AND delete_fault IS NULL;
CREATE INDEX story_not_deleted ON story (post_id) WHERE delete_fault IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX story_id        ON story (story_id);
CREATE INDEX story_published ON story (published_at, post_id);
CREATE INDEX story_account   ON story (account, published_at, post_id);

-- ---------------------------------------------------------------------------------------------------------- telling people

-- What is wrong, from when to when: a person is told once of its beginning and once of its end. One row stands for what one
-- message tells of; a trouble that comes back is a row of its own.
CREATE TABLE incident (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  trouble       TEXT NOT NULL CHECK (trouble IN ('failed', 'missed', 'held', 'in_doubt', 'not_deleted', 'blocked', 'broken_file',
                  'disk_low', 'clock_off', 'preflight', 'restarted')),
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
CREATE INDEX incident_untold ON incident (id) WHERE told_at IS NULL OR (ended_at IS NOT NULL AND end_told_at IS NULL);
CREATE INDEX incident_post ON incident (post_id) WHERE post_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX incident_told ON incident (trouble, account, told_at);
CREATE INDEX incident_end_told ON incident (trouble, account, end_told_at);

-- The outbox: one notice to one sink, kept until it was delivered or given up. Nothing that posts ever waits for it.
CREATE TABLE notice (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  sink       TEXT NOT NULL,
  body       TEXT NOT NULL CHECK (json_valid(body)),
  created_at INTEGER NOT NULL,
  next_at    INTEGER,                           -- when it is tried next; NULL once it has ended
  tries      INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
  problem    TEXT,                              -- why the last try came to nothing
  ended_at   INTEGER,
  outcome    TEXT CHECK (outcome IN ('delivered', 'given_up')),
  CHECK ((next_at IS NULL) = (ended_at IS NOT NULL)),
  CHECK ((ended_at IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX notice_due ON notice (sink, next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX notice_ended ON notice (ended_at) WHERE ended_at IS NOT NULL;

-- How far people have been told. One row.
CREATE TABLE telling (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  events_seen INTEGER NOT NULL,                 -- up to which event the incidents are derived
  digest_at   INTEGER,                          -- when the day was last told in short
  next_at     INTEGER                           -- when something that is held back may be told
) STRICT;
INSERT INTO telling (id, events_seen) VALUES (1, 0);

-- The lives of the daemon. One that has no end, and is not the last, did not stop cleanly.
CREATE TABLE life (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  started_at INTEGER NOT NULL,
  stopped_at INTEGER
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
CREATE TRIGGER job_is_kept BEFORE DELETE ON job
BEGIN SELECT RAISE(ABORT, 'a job is never deleted'); END;
CREATE TRIGGER job_watermark_rises BEFORE UPDATE OF enqueued_until_at ON job
WHEN NEW.enqueued_until_at < OLD.enqueued_until_at
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
BEGIN SELECT RAISE(ABORT, 'a post is never deleted'); END;

CREATE TRIGGER post_keeps_its_identity BEFORE UPDATE OF id, job, nominal, created_at ON post
WHEN OLD.id IS NOT NEW.id OR OLD.job IS NOT NEW.job OR OLD.nominal IS NOT NEW.nominal OR OLD.created_at IS NOT NEW.created_at
BEGIN SELECT RAISE(ABORT, 'the identity of a post never changes'); END;

-- What is on its way or out cannot be altered.
CREATE TRIGGER post_content_is_frozen BEFORE UPDATE OF content, kind, text_key, account, occurs_at ON post
WHEN OLD.state NOT IN ('scheduled', 'held', 'cancelled', 'missed', 'failed')
 AND (OLD.content IS NOT NEW.content OR OLD.kind IS NOT NEW.kind OR OLD.text_key IS NOT NEW.text_key
      OR OLD.account IS NOT NEW.account OR OLD.occurs_at IS NOT NEW.occurs_at)
BEGIN SELECT RAISE(ABORT, 'a post on its way cannot be altered'); END;

CREATE TRIGGER post_claim_rises BEFORE UPDATE OF claim, state ON post
WHEN NEW.claim < OLD.claim OR (OLD.state <> 'claimed' AND NEW.state = 'claimed' AND NEW.claim <> OLD.claim + 1)
BEGIN SELECT RAISE(ABORT, 'the claim token of a post only rises'); END;

CREATE TRIGGER post_story_is_final BEFORE UPDATE OF story_id ON post
WHEN OLD.story_id IS NOT NULL AND OLD.story_id IS NOT NEW.story_id
BEGIN SELECT RAISE(ABORT, 'the story of a post never changes'); END;

CREATE TRIGGER event_is_final_update BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'events are never altered'); END;
CREATE TRIGGER event_is_final_delete BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

CREATE TRIGGER attempt_is_kept BEFORE DELETE ON attempt
BEGIN SELECT RAISE(ABORT, 'attempts are never deleted'); END;
CREATE TRIGGER attempt_closes_once BEFORE UPDATE ON attempt
WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a closed attempt is never altered'); END;
CREATE TRIGGER attempt_keeps_its_identity BEFORE UPDATE OF id, post_id, kind, started_at ON attempt
WHEN OLD.id IS NOT NEW.id OR OLD.post_id IS NOT NEW.post_id OR OLD.kind IS NOT NEW.kind OR OLD.started_at IS NOT NEW.started_at
BEGIN SELECT RAISE(ABORT, 'an attempt is only closed, never altered'); END;

CREATE TRIGGER story_is_kept BEFORE DELETE ON story
BEGIN SELECT RAISE(ABORT, 'stories are never deleted from the record'); END;
CREATE TRIGGER story_keeps_its_identity BEFORE UPDATE OF account, story_id, post_id, published_at, deleted_at ON story
WHEN OLD.account IS NOT NEW.account OR OLD.story_id IS NOT NEW.story_id OR OLD.post_id IS NOT NEW.post_id
  OR OLD.published_at IS NOT NEW.published_at OR (OLD.deleted_at IS NOT NULL AND OLD.deleted_at IS NOT NEW.deleted_at)
BEGIN SELECT RAISE(ABORT, 'the record of a story never changes'); END;

-- ------------------------------------------------------------------------------------------------------------- the record

CREATE TRIGGER post_enqueued AFTER INSERT ON post
BEGIN
  INSERT INTO event (post_id, at, event, state, actor, reason)
  VALUES (NEW.id, NEW.changed_at, NEW.event, NEW.state, NEW.actor, NEW.reason);
END;

CREATE TRIGGER post_moved AFTER UPDATE OF state ON post
WHEN OLD.state <> NEW.state
BEGIN
  INSERT INTO event (post_id, at, event, state, actor, reason)
  VALUES (NEW.id, NEW.changed_at, NEW.event, NEW.state, NEW.actor, NEW.reason);
END;

-- Whoever withdraws a claimed post takes it away from a worker. Closing the worker's attempt is not left to that worker: it may
-- be dead, and the next claim opens an attempt of its own.
CREATE TRIGGER post_taken_away AFTER UPDATE OF state ON post
WHEN OLD.state = 'claimed' AND NEW.state = 'cancelled'
BEGIN
  UPDATE attempt SET ended_at = NEW.changed_at, verdict = 'lost' WHERE post_id = NEW.id AND ended_at IS NULL;
END;

CREATE TRIGGER post_deleted AFTER UPDATE OF state ON post
WHEN OLD.state <> 'deleted' AND NEW.state = 'deleted'
BEGIN
  UPDATE story SET deleted_at = NEW.changed_at WHERE post_id = NEW.id;
END;

CREATE TRIGGER post_published AFTER UPDATE OF state ON post
WHEN OLD.state <> 'published' AND NEW.state = 'published'
BEGIN
  INSERT INTO story (account, story_id, post_id, published_at, learnt_by, delete_at, delete_by, delete_reason)
  VALUES (NEW.account, NEW.story_id, NEW.id, NEW.changed_at, NEW.actor,
          coalesce(NEW.delete_at, NEW.changed_at + NEW.delete_after),
          iif(NEW.delete_at IS NULL AND NEW.delete_after IS NULL, NULL, 'job'),
          iif(NEW.delete_at IS NULL AND NEW.delete_after IS NULL, NULL,
              iif(NEW.delete_at IS NULL, 'delete_after of its job', 'delete_at of its job')));
  -- The pace: a gap after every story, a longer one between posts that are more than a minute late, and when the day's stories
  -- are used up, until the oldest of them is a day old.
  UPDATE account SET
    next_at = max(NEW.changed_at + min_gap,
      iif(max_per_day IS NOT NULL
          AND (SELECT count(*) FROM story s WHERE s.account = NEW.account AND s.published_at > NEW.changed_at - 86400000000)
              >= max_per_day,
        (SELECT min(s.published_at) FROM story s WHERE s.account = NEW.account
            AND s.published_at > NEW.changed_at - 86400000000) + 86400000000, 0)),
    next_late_at = iif(NEW.changed_at - NEW.occurs_at > 60000000, NEW.changed_at + catch_up_gap, next_late_at)
  WHERE name = NEW.account;
END;
