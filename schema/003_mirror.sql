-- SPDX-License-Identifier: Apache-2.0
-- A store that holds the tree of another one, and what a site says of it.

-- With a row the store is a mirror: it changes by import and mirror alone.
CREATE TABLE mirror (
	id         INTEGER PRIMARY KEY CHECK (id = 1),
	source     TEXT NOT NULL -- what the tree came from
	           CHECK (typeof(source) = 'text' AND length(source) BETWEEN 1 AND 1023),
	arrived    INTEGER NOT NULL CHECK (typeof(arrived) = 'integer'), -- this snapshot
	checked    INTEGER NOT NULL CHECK (typeof(checked) = 'integer'), -- the last good run
	-- the part of the manifests that is kept; '' is all
	el         TEXT NOT NULL CHECK (typeof(el) = 'text' AND length(el) < 8),
	kubernetes TEXT NOT NULL CHECK (typeof(kubernetes) = 'text' AND length(kubernetes) < 64)
);
CREATE TRIGGER mirror_kept BEFORE DELETE ON mirror
BEGIN SELECT RAISE(ABORT, 'a mirror stays one'); END;

CREATE TABLE site (
	id        INTEGER PRIMARY KEY CHECK (id = 1),
	name      TEXT NOT NULL CHECK (typeof(name) = 'text' AND length(name) BETWEEN 1 AND 128),
	statement BLOB CHECK (typeof(statement) IN ('null', 'blob'))
);

-- mirrors ask what is here by its digest
CREATE INDEX target_digest ON target (digest);
