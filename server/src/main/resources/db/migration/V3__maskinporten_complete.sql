-- The organisation that made a client for another one. keys_version counts the changes of its key set.
ALTER TABLE client ADD COLUMN supplier TEXT;
ALTER TABLE client ADD COLUMN keys_version BIGINT NOT NULL DEFAULT 0;

CREATE INDEX client_supplier ON client (supplier);
-- What a scope's body says, for the public list. The body is JSON without blanks between its tokens.
ALTER TABLE scope ADD COLUMN visibility TEXT NOT NULL DEFAULT 'PUBLIC';
UPDATE scope SET visibility = 'INTERNAL' WHERE body LIKE '%"visibility":"INTERNAL"%';
UPDATE scope SET visibility = 'PRIVATE' WHERE body LIKE '%"visibility":"PRIVATE"%';

CREATE INDEX scope_visible ON scope (visibility, active, name);
CREATE INDEX scope_owner ON scope (owner);
CREATE INDEX scope_access_consumer ON scope_access (consumer);

-- hash = SHA-256 of a random secret of 256 bits, in hex.
CREATE TABLE client_secret (
  client_id TEXT NOT NULL PRIMARY KEY,
  hash      TEXT NOT NULL,
  created   BIGINT NOT NULL,
  expires   BIGINT NOT NULL
);

-- For whom a client of a supplier may act; name is what a grant says in iss_onbehalfof.
CREATE TABLE on_behalf_of (
  client_id TEXT NOT NULL,
  name      TEXT NOT NULL,
  body      TEXT NOT NULL,
  created   BIGINT NOT NULL,
  updated   BIGINT NOT NULL,
  PRIMARY KEY (client_id, name)
);

CREATE TABLE delegation_source (
  issuer  TEXT NOT NULL PRIMARY KEY,
  name    TEXT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);

-- The consumer lets the supplier use the scope for it.
CREATE TABLE delegation (
  source   TEXT NOT NULL,
  scope    TEXT NOT NULL,
  consumer TEXT NOT NULL,
  supplier TEXT NOT NULL,
  created  BIGINT NOT NULL,
  PRIMARY KEY (source, scope, consumer, supplier)
);

-- A vendor's system, whose users act for the parties that approved it.
CREATE TABLE vendor_system (
  system_id TEXT NOT NULL PRIMARY KEY,
  vendor    TEXT NOT NULL,
  body      TEXT NOT NULL,
  created   BIGINT NOT NULL,
  updated   BIGINT NOT NULL
);

CREATE INDEX vendor_system_vendor ON vendor_system (vendor);

CREATE TABLE vendor_system_user (
  id           TEXT NOT NULL PRIMARY KEY,
  system_id    TEXT NOT NULL,
  party        TEXT NOT NULL,
  external_ref TEXT NOT NULL,
  created      BIGINT NOT NULL,
  CONSTRAINT vendor_system_user_of_party UNIQUE (system_id, party, external_ref)
);

CREATE INDEX vendor_system_user_party ON vendor_system_user (party);

-- giver is a URN of a person or an organisation, receiver an organisation number.
CREATE TABLE consent (
  id       TEXT NOT NULL PRIMARY KEY,
  giver    TEXT NOT NULL,
  receiver TEXT NOT NULL,
  body     TEXT NOT NULL,
  created  BIGINT NOT NULL
);

CREATE INDEX consent_receiver ON consent (receiver);
