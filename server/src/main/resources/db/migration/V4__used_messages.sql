-- Messages that were used, in the order of what identifies them and without another index: each
-- grant writes one, at a place that nobody can foresee.

-- First of all, because it locks: what another node adds from here on must not be lost.
ALTER TABLE replay RENAME TO replay_before;

CREATE TABLE used_message (
  message TEXT NOT NULL PRIMARY KEY,
  expires BIGINT NOT NULL
) ${in_key_order};

-- 24 characters are 18 bytes of the hash; earlier versions kept more of it.
INSERT INTO used_message (message, expires)
  SELECT SUBSTR(message, 1, 24), MAX(expires) FROM replay_before GROUP BY SUBSTR(message, 1, 24);

DROP TABLE replay_before;
