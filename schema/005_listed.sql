-- SPDX-License-Identifier: Apache-2.0
-- Which manifest lists which digest: of every digest that it gives for an artifact, an
-- image or a file the first eight hex digits, one behind the other. Where those of a
-- digest occur, the manifest itself tells whether it lists it and for what; where they do
-- not, it does not. One row a manifest, in place of one a listed file: a tenth of the room.

CREATE TABLE listed (
	manifest INTEGER PRIMARY KEY REFERENCES manifest (id),
	prefixes TEXT NOT NULL CHECK (typeof(prefixes) = 'text'
	         AND length(prefixes) > 0 AND length(prefixes) % 8 = 0)
);
INSERT INTO listed (manifest, prefixes)
SELECT l.manifest, lower(group_concat(hex(substr(f.digest, 1, 4)), ''))
FROM file f JOIN listing l ON l.file = f.id GROUP BY l.manifest;

CREATE TRIGGER listed_fixed BEFORE UPDATE ON listed
BEGIN SELECT RAISE(ABORT, 'what a manifest lists never changes'); END;
CREATE TRIGGER listed_kept BEFORE DELETE ON listed
BEGIN SELECT RAISE(ABORT, 'what a manifest lists is never deleted'); END;
CREATE TRIGGER listed_once BEFORE INSERT ON listed
WHEN EXISTS (SELECT 1 FROM listed WHERE manifest = NEW.manifest)
BEGIN SELECT RAISE(ABORT, 'a row of listed is never replaced'); END;

DROP TABLE listing;
DROP TABLE file;
DROP TABLE name;
