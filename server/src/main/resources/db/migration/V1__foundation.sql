-- Times are milliseconds since 1970. Documents (names, body, jwk, record) are JSON.

CREATE TABLE organisation (
  code                TEXT NOT NULL PRIMARY KEY,
  organisation_number TEXT UNIQUE,
  names               TEXT NOT NULL
);

CREATE TABLE scope_prefix (
  prefix TEXT NOT NULL PRIMARY KEY,
  owner  TEXT NOT NULL
);

CREATE TABLE scope (
  name    TEXT NOT NULL PRIMARY KEY,
  owner   TEXT NOT NULL,
  active  INTEGER NOT NULL,
  body    TEXT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);

CREATE TABLE scope_access (
  scope    TEXT NOT NULL,
  consumer TEXT NOT NULL,
  state    TEXT NOT NULL,
  created  BIGINT NOT NULL,
  updated  BIGINT NOT NULL,
  PRIMARY KEY (scope, consumer)
);

CREATE TABLE client (
  client_id    TEXT NOT NULL PRIMARY KEY,
  organisation TEXT NOT NULL,
  active       INTEGER NOT NULL,
  body         TEXT NOT NULL,
  created      BIGINT NOT NULL,
  updated      BIGINT NOT NULL
);

CREATE INDEX client_organisation ON client (organisation);

CREATE TABLE client_key (
  client_id TEXT NOT NULL,
  kid       TEXT NOT NULL,
  jwk       TEXT NOT NULL,
  created   BIGINT NOT NULL,
  expires   BIGINT NOT NULL,
  PRIMARY KEY (client_id, kid)
);

CREATE TABLE signing_key (
  role        TEXT NOT NULL,
  kid         TEXT NOT NULL,
  algorithm   TEXT NOT NULL,
  certificate TEXT NOT NULL,
  private_key TEXT NOT NULL,
  created     BIGINT NOT NULL,
  PRIMARY KEY (role, kid)
);

CREATE TABLE replay (
  message TEXT NOT NULL PRIMARY KEY,
  expires BIGINT NOT NULL
);

CREATE INDEX replay_expires ON replay (expires);

-- hash = SHA-256 over the hash of the record before it (32 bytes) and the record (UTF-8), in hex.
CREATE TABLE audit (
  seq         BIGINT NOT NULL PRIMARY KEY,
  decision_id TEXT NOT NULL,
  time        BIGINT NOT NULL,
  record      TEXT NOT NULL,
  hash        TEXT NOT NULL
);

CREATE INDEX audit_decision ON audit (decision_id);
