-- SPDX-License-Identifier: Apache-2.0
-- Release keys that the operator of a mirror trusts, whatever the tree itself says: every
-- signed file that comes must be vouched for by these, too.

CREATE TABLE pin (
	id        INTEGER PRIMARY KEY CHECK (id = 1),
	threshold INTEGER NOT NULL
	          CHECK (typeof(threshold) = 'integer' AND threshold BETWEEN 1 AND 64),
	bytes     BLOB NOT NULL CHECK (typeof(bytes) = 'blob' AND length(bytes) > 0)
);
