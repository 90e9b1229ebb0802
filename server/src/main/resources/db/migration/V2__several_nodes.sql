-- One chain for each node that writes at the same time; chain 0 is the only one in SQLite.
ALTER TABLE audit RENAME TO audit_of_one_node;

DROP INDEX audit_decision;

CREATE TABLE audit (
  chain       INTEGER NOT NULL,
  seq         BIGINT NOT NULL,
  decision_id TEXT NOT NULL,
  time        BIGINT NOT NULL,
  record      TEXT NOT NULL,
  hash        TEXT NOT NULL,
  CONSTRAINT audit_place PRIMARY KEY (chain, seq)
);

INSERT INTO audit (chain, seq, decision_id, time, record, hash)
  SELECT 0, seq, decision_id, time, record, hash FROM audit_of_one_node ORDER BY seq;

DROP TABLE audit_of_one_node;

CREATE INDEX audit_decision ON audit (decision_id);

-- Signed statements of how far each chain reaches; document is a compact JWS.
CREATE TABLE audit_checkpoint (
  number   BIGINT NOT NULL PRIMARY KEY,
  time     BIGINT NOT NULL,
  document TEXT NOT NULL
);

-- A message that expired before this is refused, whatever the clock says now: its record is gone.
CREATE TABLE replay_horizon (
  id               INTEGER NOT NULL PRIMARY KEY,
  forgotten_before BIGINT NOT NULL
);

INSERT INTO replay_horizon (id, forgotten_before) VALUES (1, 0);

-- A key that signs has signs_from; a key that only waits has none. private_key is empty when the key
-- lives elsewhere (source). Times that are not decided yet are NULL.
ALTER TABLE signing_key ADD COLUMN source TEXT NOT NULL DEFAULT 'store';
ALTER TABLE signing_key ADD COLUMN published BIGINT NOT NULL DEFAULT 0;
ALTER TABLE signing_key ADD COLUMN signs_from BIGINT;
ALTER TABLE signing_key ADD COLUMN signs_until BIGINT;
ALTER TABLE signing_key ADD COLUMN removed BIGINT;

UPDATE signing_key SET published = created, signs_from = created;

-- Counts the changes of a role's keys, so that of two nodes that change them at once one is told.
CREATE TABLE signing_key_epoch (
  role  TEXT NOT NULL PRIMARY KEY,
  epoch BIGINT NOT NULL
);

-- What the platform needs to keep secret besides signing keys, encrypted with the master key.
CREATE TABLE sealed_secret (
  name    TEXT NOT NULL PRIMARY KEY,
  sealed  TEXT NOT NULL,
  created BIGINT NOT NULL
);
