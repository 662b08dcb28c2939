-- A record of $POSTS posts with three events each, most of them published, over three years: written straight into the tables, without
-- their triggers, since the way through the engine takes days. For the plans of the queries, and for `benches/reads.rs`.
BEGIN;
INSERT INTO account (name) WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19)
  SELECT 'account-' || i FROM n;
INSERT INTO job (name, source, first_seen_at, enqueued_until_at)
  WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199) SELECT 'job-' || i, 'jobs.yaml:1:1', 0, 0 FROM n;
INSERT INTO post (id, job, nominal, account, content, kind, text_key, tags, zone, nominal_at, occurs_at, due_at, late_within, late_then,
    in_doubt, actor, changed_at, created_at, state, intent_at, story_id)
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $POSTS)
  SELECT i, 'job-' || (i % 200), i, 'account-' || (i % 20),
    '{"body":{"type":"note","text":"주말엔 라떼 한 잔 ' || i || '"},"permission":"public","app":{}}', 'note', i,
    iif(i % 10 = 0, '["menu"]', '[]'), 'Asia/Seoul', 1700000000000000 + i * 90000000, 1700000000000000 + i * 90000000,
    1700000000000000 + i * 90000000, 0, 'post', 'repost', 'plan', 1700000000000000 + i * 90000000, 0,
    CASE i % 1000 WHEN 0 THEN 'failed' WHEN 1 THEN 'held' WHEN 2 THEN 'missed' WHEN 3 THEN 'cancelled'
      WHEN 4 THEN 'scheduled' WHEN 5 THEN 'scheduled' WHEN 6 THEN 'deleted' ELSE 'published' END,
    iif(i % 1000 > 5, 1, NULL), iif(i % 1000 > 5, 'story.' || i, NULL) FROM n;
INSERT INTO event (post_id, at, event, state, actor, reason)
  SELECT id, occurs_at, 'enqueue', 'scheduled', 'plan', '' FROM post;
INSERT INTO event (post_id, at, event, state, actor, reason) SELECT id, occurs_at, 'claim', 'claimed', 'publish', '' FROM post;
INSERT INTO event (post_id, at, event, state, actor, reason) SELECT id, occurs_at, 'last', state, 'publish', '' FROM post;
INSERT INTO attempt (post_id, kind, started_at, ended_at, verdict, fault_class, fault_code, fault_reason, fault_remedy)
  SELECT id, 'publish', occurs_at, occurs_at + 80000, iif(state = 'failed', 'failed', 'published'),
    iif(state = 'failed', 'permanent', NULL), iif(state = 'failed', '-602', NULL), iif(state = 'failed', 'too big', NULL),
    iif(state = 'failed', 'make it smaller', NULL) FROM post WHERE state NOT IN ('scheduled', 'cancelled');
INSERT INTO story (account, story_id, post_id, published_at, came_at, learnt_by, deleted_at, delete_fault)
  SELECT account, story_id, id, occurs_at, occurs_at, 'publish', iif(state = 'deleted', occurs_at + 1, NULL),
    iif(state = 'published' AND id % 5000 = 7, 'it will not go', NULL) FROM post WHERE story_id IS NOT NULL;
INSERT INTO post_tag (tag, state, due_at, post_id) SELECT 'menu', state, due_at, id FROM post WHERE tags <> '[]';
INSERT INTO tally (account, day, published) SELECT account, occurs_at / 86400000000, count(*) FROM post GROUP BY 1, 2;
INSERT INTO tally_length (account, day, what, up_to, posts)
  SELECT account, occurs_at / 86400000000, 'lateness', 100000, count(*) FROM post GROUP BY 1, 2;
COMMIT;
