-- SPDX-License-Identifier: Apache-2.0
-- The published tree under TUF: metadata, targets, and what the roles are made of.
--
-- since and until count publications: they are versions of the snapshot role. What has
-- no end is current; what ended a few publications ago is still shown, so that a client
-- in the middle of an update finds all of it; until 0 is shown no more.

CREATE TABLE metadata (
	id        INTEGER PRIMARY KEY,
	role      TEXT NOT NULL CHECK (typeof(role) = 'text' AND length(role) BETWEEN 1 AND 200),
	version   INTEGER NOT NULL CHECK (typeof(version) = 'integer' AND version > 0),
	expires   INTEGER NOT NULL CHECK (typeof(expires) = 'integer'),
	published INTEGER NOT NULL CHECK (typeof(published) = 'integer'),
	since     INTEGER NOT NULL CHECK (typeof(since) = 'integer' AND since >= 0),
	until     INTEGER CHECK (typeof(until) IN ('null', 'integer')),
	digest    BLOB NOT NULL CHECK (typeof(digest) = 'blob' AND length(digest) = 32),
	bytes     BLOB NOT NULL CHECK (typeof(bytes) = 'blob'),
	UNIQUE (role, version)
);
CREATE INDEX metadata_current ON metadata (role) WHERE until IS NULL;
CREATE TRIGGER metadata_fixed BEFORE UPDATE ON metadata
WHEN OLD.until IS NOT NULL OR OLD.id IS NOT NEW.id OR OLD.role IS NOT NEW.role
	OR OLD.version IS NOT NEW.version OR OLD.expires IS NOT NEW.expires
	OR OLD.published IS NOT NEW.published OR OLD.since IS NOT NEW.since
	OR OLD.digest IS NOT NEW.digest OR OLD.bytes IS NOT NEW.bytes
BEGIN SELECT RAISE(ABORT, 'published metadata never changes'); END;
CREATE TRIGGER metadata_kept BEFORE DELETE ON metadata
BEGIN SELECT RAISE(ABORT, 'published metadata is never deleted'); END;
CREATE TRIGGER metadata_once BEFORE INSERT ON metadata
WHEN EXISTS (SELECT 1 FROM metadata
	WHERE id = NEW.id OR role = NEW.role AND version >= NEW.version)
BEGIN SELECT RAISE(ABORT, 'the version of a role only grows'); END;

-- kind: 0 signed, 1 tool, 2 sums (then row is that table's), 3 made (then bytes are here)
CREATE TABLE target (
	id        INTEGER PRIMARY KEY,
	path      TEXT NOT NULL CHECK (typeof(path) = 'text' AND length(path) BETWEEN 1 AND 255),
	digest    BLOB NOT NULL CHECK (typeof(digest) = 'blob' AND length(digest) = 32),
	size      INTEGER NOT NULL CHECK (typeof(size) = 'integer' AND size >= 0),
	published INTEGER NOT NULL CHECK (typeof(published) = 'integer'),
	since     INTEGER NOT NULL CHECK (typeof(since) = 'integer' AND since > 0),
	until     INTEGER CHECK (typeof(until) IN ('null', 'integer')),
	kind      INTEGER NOT NULL CHECK (typeof(kind) = 'integer' AND kind BETWEEN 0 AND 3),
	row       INTEGER CHECK (typeof(row) IN ('null', 'integer')),
	bytes     BLOB CHECK (typeof(bytes) IN ('null', 'blob')),
	CHECK ((kind = 3) = (row IS NULL) AND (kind = 3) = (bytes IS NOT NULL))
);
CREATE UNIQUE INDEX target_current ON target (path) WHERE until IS NULL;
CREATE TRIGGER target_fixed BEFORE UPDATE ON target
WHEN OLD.until IS NOT NULL AND NEW.until IS NOT 0
	OR OLD.id IS NOT NEW.id OR OLD.path IS NOT NEW.path
	OR OLD.digest IS NOT NEW.digest OR OLD.size IS NOT NEW.size
	OR OLD.published IS NOT NEW.published OR OLD.since IS NOT NEW.since
	OR OLD.kind IS NOT NEW.kind OR OLD.row IS NOT NEW.row
	OR OLD.bytes IS NOT NEW.bytes
BEGIN SELECT RAISE(ABORT, 'a published target never changes'); END;
-- What was made (index, keyring) and is shown no more is deleted; it can be made again.
CREATE TRIGGER target_kept BEFORE DELETE ON target WHEN OLD.until IS NULL OR OLD.kind <> 3
BEGIN SELECT RAISE(ABORT, 'a published target is never deleted'); END;
CREATE TRIGGER target_once BEFORE INSERT ON target
WHEN EXISTS (SELECT 1 FROM target WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a row of target is never replaced'); END;

-- How the next metadata of a role is made; a role without a row has the defaults.
CREATE TABLE role (
	name      TEXT PRIMARY KEY
	          CHECK (typeof(name) = 'text' AND length(name) BETWEEN 1 AND 200),
	days      INTEGER NOT NULL DEFAULT 0 -- it is valid; 0: the default
	          CHECK (typeof(days) = 'integer' AND days BETWEEN 0 AND 36500),
	threshold INTEGER NOT NULL DEFAULT 1 -- of delegated roles; root has that of the others
	          CHECK (typeof(threshold) = 'integer' AND threshold BETWEEN 1 AND 64)
);
-- Keys of delegated roles; a role without a row is signed by the keys of targets.
CREATE TABLE role_key (
	role   TEXT NOT NULL CHECK (typeof(role) = 'text' AND length(role) BETWEEN 1 AND 200),
	type   TEXT NOT NULL CHECK (typeof(type) = 'text'),
	scheme TEXT NOT NULL CHECK (typeof(scheme) = 'text'),
	value  TEXT NOT NULL CHECK (typeof(value) = 'text'),
	PRIMARY KEY (role, value)
);
