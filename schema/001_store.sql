-- SPDX-License-Identifier: Apache-2.0
-- The store: manifests and their signed files, release keys, tools, and the audit log.
--
-- Rules that hold here and not only in the program:
--   a manifest's identity and text never change, and no row of it is deleted;
--   a published row changes in one way alone: a manifest can be withdrawn;
--   the log takes rows at its end alone, each chained to the one before.
-- Times are seconds since 1970 UTC; digests are 32 bytes of SHA-256. No STRICT
-- tables: SQLite 3.34 has none, so every column checks its own type.

PRAGMA application_id = 1179472689; -- "FMS1"

CREATE TABLE setting (
	id        INTEGER PRIMARY KEY CHECK (id = 1),
	threshold INTEGER NOT NULL
	          CHECK (typeof(threshold) = 'integer' AND threshold BETWEEN 1 AND 64),
	published INTEGER NOT NULL -- the threshold that the tree tells
	          CHECK (typeof(published) = 'integer' AND published BETWEEN 1 AND 64)
);
INSERT INTO setting (id, threshold, published) VALUES (1, 1, 1);

-- state: 0 pending, 1 complete, 2 published, 3 withdrawn
CREATE TABLE manifest (
	id         INTEGER PRIMARY KEY,
	el         TEXT NOT NULL CHECK (typeof(el) = 'text' AND length(el) BETWEEN 1 AND 7),
	kubernetes TEXT NOT NULL
	           CHECK (typeof(kubernetes) = 'text' AND length(kubernetes) BETWEEN 2 AND 63),
	arch       TEXT NOT NULL CHECK (typeof(arch) = 'text' AND arch IN ('x86_64', 'aarch64')),
	revision   INTEGER NOT NULL
	           CHECK (typeof(revision) = 'integer' AND revision BETWEEN 1 AND 4294967295),
	digest     BLOB NOT NULL UNIQUE CHECK (typeof(digest) = 'blob' AND length(digest) = 32),
	size       INTEGER NOT NULL CHECK (typeof(size) = 'integer' AND size > 0),
	created    INTEGER NOT NULL CHECK (typeof(created) = 'integer'),
	added      INTEGER NOT NULL CHECK (typeof(added) = 'integer'),
	published  INTEGER CHECK (typeof(published) IN ('null', 'integer')),
	withdrawn  INTEGER CHECK (typeof(withdrawn) IN ('null', 'integer')),
	state      INTEGER NOT NULL CHECK (typeof(state) = 'integer' AND state BETWEEN 0 AND 3),
	reason     TEXT CHECK (typeof(reason) = 'null'
	           OR typeof(reason) = 'text' AND length(reason) BETWEEN 1 AND 1023),
	UNIQUE (el, kubernetes, arch, revision),
	CHECK ((state = 3) = (reason IS NOT NULL)),
	CHECK ((state = 3) = (withdrawn IS NOT NULL)),
	CHECK (state <> 2 OR published IS NOT NULL),
	CHECK (state NOT IN (0, 1) OR published IS NULL)
);

CREATE TRIGGER manifest_fixed BEFORE UPDATE ON manifest
WHEN OLD.id IS NOT NEW.id OR OLD.el IS NOT NEW.el OR OLD.kubernetes IS NOT NEW.kubernetes
	OR OLD.arch IS NOT NEW.arch OR OLD.revision IS NOT NEW.revision
	OR OLD.digest IS NOT NEW.digest OR OLD.size IS NOT NEW.size
	OR OLD.created IS NOT NEW.created OR OLD.added IS NOT NEW.added
	OR OLD.published IS NOT NULL AND OLD.published IS NOT NEW.published
BEGIN SELECT RAISE(ABORT, 'a manifest never changes'); END;

CREATE TRIGGER manifest_forward BEFORE UPDATE ON manifest
WHEN OLD.state = 3 OR OLD.state = 2 AND NEW.state <> 3
BEGIN SELECT RAISE(ABORT, 'a published manifest can only be withdrawn, once'); END;

CREATE TRIGGER manifest_kept BEFORE DELETE ON manifest
BEGIN SELECT RAISE(ABORT, 'a manifest is never deleted'); END;

CREATE TRIGGER manifest_once BEFORE INSERT ON manifest
WHEN EXISTS (SELECT 1 FROM manifest WHERE id = NEW.id OR digest = NEW.digest
	OR (el, kubernetes, arch, revision)
		= (NEW.el, NEW.kubernetes, NEW.arch, NEW.revision))
BEGIN SELECT RAISE(ABORT, 'a row of manifest is never replaced'); END;

-- The signed files of a manifest. More signatures make a new row; the row that was
-- published stays as it is. The canonical text lies inside asc at text_at.
CREATE TABLE signed (
	id        INTEGER PRIMARY KEY,
	manifest  INTEGER NOT NULL REFERENCES manifest (id),
	digest    BLOB NOT NULL CHECK (typeof(digest) = 'blob' AND length(digest) = 32),
	text_at   INTEGER NOT NULL CHECK (typeof(text_at) = 'integer' AND text_at >= 0),
	added     INTEGER NOT NULL CHECK (typeof(added) = 'integer'),
	published INTEGER CHECK (typeof(published) IN ('null', 'integer')),
	signers   TEXT CHECK (typeof(signers) IN ('null', 'text')), -- fingerprints, by blanks
	distrusted INTEGER -- taken out of the tree because keys or threshold changed
	          CHECK (typeof(distrusted) IN ('null', 'integer')),
	asc       BLOB NOT NULL CHECK (typeof(asc) = 'blob'),
	CHECK ((published IS NULL) = (signers IS NULL)),
	CHECK (distrusted IS NULL OR published IS NOT NULL)
);
CREATE INDEX signed_manifest ON signed (manifest);
CREATE INDEX signed_digest ON signed (digest);

CREATE TRIGGER signed_fixed BEFORE UPDATE ON signed
WHEN OLD.published IS NOT NULL
		AND (OLD.published IS NOT NEW.published OR OLD.signers IS NOT NEW.signers)
	OR OLD.id IS NOT NEW.id OR OLD.manifest IS NOT NEW.manifest
	OR OLD.digest IS NOT NEW.digest OR OLD.text_at IS NOT NEW.text_at
	OR OLD.added IS NOT NEW.added OR OLD.asc IS NOT NEW.asc
BEGIN SELECT RAISE(ABORT, 'a signed file never changes'); END;

CREATE TRIGGER signed_kept BEFORE DELETE ON signed WHEN OLD.published IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a published file is never deleted'); END;

CREATE TRIGGER signed_once BEFORE INSERT ON signed
WHEN EXISTS (SELECT 1 FROM signed WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a row of signed is never replaced'); END;

-- Which manifest lists which digest: names and files once each, because revisions and
-- versions of the same thing share nearly all of them. path '' is the artifact itself.
-- A file's id is the next one behind all that are listed, so it needs no index of its
-- own: two million listed files take 45 MB where a fifth of them differ.
CREATE TABLE name (
	id   INTEGER PRIMARY KEY,
	text TEXT NOT NULL UNIQUE CHECK (typeof(text) = 'text')
);
CREATE TABLE file (
	digest    BLOB NOT NULL CHECK (typeof(digest) = 'blob' AND length(digest) = 32),
	component INTEGER NOT NULL REFERENCES name (id),
	path      INTEGER NOT NULL REFERENCES name (id),
	id        INTEGER NOT NULL CHECK (typeof(id) = 'integer' AND id > 0),
	PRIMARY KEY (digest, component, path)
) WITHOUT ROWID;
CREATE TABLE listing (
	file     INTEGER NOT NULL CHECK (typeof(file) = 'integer'),
	manifest INTEGER NOT NULL REFERENCES manifest (id),
	PRIMARY KEY (file, manifest)
) WITHOUT ROWID;

-- Every release keyring this store ever trusted; the last row is the one that counts.
CREATE TABLE keyring (
	id        INTEGER PRIMARY KEY,
	added     INTEGER NOT NULL CHECK (typeof(added) = 'integer'),
	published INTEGER CHECK (typeof(published) IN ('null', 'integer')),
	bytes     BLOB NOT NULL CHECK (typeof(bytes) = 'blob')
);
CREATE TRIGGER keyring_fixed BEFORE UPDATE ON keyring
WHEN OLD.published IS NOT NULL OR OLD.id IS NOT NEW.id OR OLD.added IS NOT NEW.added
	OR OLD.bytes IS NOT NEW.bytes
BEGIN SELECT RAISE(ABORT, 'a keyring never changes'); END;
CREATE TRIGGER keyring_kept BEFORE DELETE ON keyring
BEGIN SELECT RAISE(ABORT, 'a keyring is never deleted'); END;
CREATE TRIGGER keyring_once BEFORE INSERT ON keyring
WHEN EXISTS (SELECT 1 FROM keyring WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a row of keyring is never replaced'); END;

CREATE TABLE tool (
	id        INTEGER PRIMARY KEY,
	version   TEXT NOT NULL
	          CHECK (typeof(version) = 'text' AND length(version) BETWEEN 1 AND 63),
	arch      TEXT NOT NULL CHECK (typeof(arch) = 'text' AND arch IN ('x86_64', 'aarch64')),
	digest    BLOB NOT NULL CHECK (typeof(digest) = 'blob' AND length(digest) = 32),
	size      INTEGER NOT NULL CHECK (typeof(size) = 'integer' AND size > 0),
	added     INTEGER NOT NULL CHECK (typeof(added) = 'integer'),
	published INTEGER CHECK (typeof(published) IN ('null', 'integer')),
	bytes     BLOB NOT NULL CHECK (typeof(bytes) = 'blob' AND length(bytes) = size),
	UNIQUE (version, arch)
);
CREATE INDEX tool_digest ON tool (digest);
CREATE TRIGGER tool_fixed BEFORE UPDATE ON tool
WHEN OLD.published IS NOT NULL OR OLD.id IS NOT NEW.id OR OLD.version IS NOT NEW.version
	OR OLD.arch IS NOT NEW.arch OR OLD.digest IS NOT NEW.digest
	OR OLD.size IS NOT NEW.size OR OLD.added IS NOT NEW.added
	OR OLD.bytes IS NOT NEW.bytes
BEGIN SELECT RAISE(ABORT, 'a tool never changes'); END;
CREATE TRIGGER tool_kept BEFORE DELETE ON tool
BEGIN SELECT RAISE(ABORT, 'a tool is never deleted'); END;
CREATE TRIGGER tool_once BEFORE INSERT ON tool
WHEN EXISTS (SELECT 1 FROM tool WHERE id = NEW.id OR (version, arch) = (NEW.version, NEW.arch))
BEGIN SELECT RAISE(ABORT, 'a row of tool is never replaced'); END;

-- Signed lists of the tools' digests (tool/SHA256SUMS.asc); digest is the list's own.
CREATE TABLE sums (
	id        INTEGER PRIMARY KEY,
	digest    BLOB NOT NULL CHECK (typeof(digest) = 'blob' AND length(digest) = 32),
	added     INTEGER NOT NULL CHECK (typeof(added) = 'integer'),
	published INTEGER CHECK (typeof(published) IN ('null', 'integer')),
	asc       BLOB NOT NULL CHECK (typeof(asc) = 'blob')
);
CREATE INDEX sums_digest ON sums (digest);
CREATE TRIGGER sums_fixed BEFORE UPDATE ON sums
WHEN OLD.published IS NOT NULL OR OLD.id IS NOT NEW.id OR OLD.added IS NOT NEW.added
	OR OLD.digest IS NOT NEW.digest OR OLD.asc IS NOT NEW.asc
BEGIN SELECT RAISE(ABORT, 'a signed list never changes'); END;
CREATE TRIGGER sums_kept BEFORE DELETE ON sums
BEGIN SELECT RAISE(ABORT, 'a signed list is never deleted'); END;
CREATE TRIGGER sums_once BEFORE INSERT ON sums
WHEN EXISTS (SELECT 1 FROM sums WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a row of sums is never replaced'); END;

CREATE TABLE log (
	id       INTEGER PRIMARY KEY,
	time     INTEGER NOT NULL CHECK (typeof(time) = 'integer'),
	actor    TEXT NOT NULL CHECK (typeof(actor) = 'text' AND length(actor) < 128),
	action   TEXT NOT NULL CHECK (typeof(action) = 'text' AND length(action) < 64),
	subject  TEXT NOT NULL CHECK (typeof(subject) = 'text' AND length(subject) < 256),
	detail   TEXT NOT NULL CHECK (typeof(detail) = 'text' AND length(detail) < 2048),
	previous BLOB NOT NULL CHECK (typeof(previous) = 'blob' AND length(previous) = 32),
	digest   BLOB NOT NULL CHECK (typeof(digest) = 'blob' AND length(digest) = 32)
);
CREATE TRIGGER log_chained BEFORE INSERT ON log
WHEN NEW.id IS NOT (SELECT coalesce(max(id), 0) + 1 FROM log)
	OR NEW.previous IS NOT coalesce((SELECT digest FROM log ORDER BY id DESC LIMIT 1),
		zeroblob(32))
BEGIN SELECT RAISE(ABORT, 'the log takes rows at its end alone'); END;
CREATE TRIGGER log_fixed BEFORE UPDATE ON log
BEGIN SELECT RAISE(ABORT, 'the log never changes'); END;
CREATE TRIGGER log_kept BEFORE DELETE ON log
BEGIN SELECT RAISE(ABORT, 'the log is never deleted'); END;
