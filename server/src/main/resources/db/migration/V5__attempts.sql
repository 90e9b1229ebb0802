-- Attempts to guess a secret, counted as failed until one succeeds. subject is a hash.
CREATE TABLE attempt (
  subject      TEXT NOT NULL PRIMARY KEY,
  failures     INTEGER NOT NULL,
  locked_until BIGINT NOT NULL,
  expires      BIGINT NOT NULL
) ${in_key_order};

CREATE INDEX attempt_expires ON attempt (expires);
