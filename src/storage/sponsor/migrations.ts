// The sponsor's schema: logs that only grow, what each line was granted for, heads and vouchers that were signed.
import type { Migrations } from '../migrate.ts'

export const SPONSOR_MIGRATIONS: Migrations = [
  `
  CREATE TABLE lanes (
    id INTEGER PRIMARY KEY,
    sponsor BLOB NOT NULL CHECK (length(sponsor) = 20),
    seeder BLOB NOT NULL CHECK (length(seeder) = 20),
    lane TEXT NOT NULL,
    price TEXT NOT NULL,
    settled BLOB NOT NULL CHECK (length(settled) = 24),
    settled_place INTEGER NOT NULL DEFAULT 0,
    tip BLOB NOT NULL CHECK (length(tip) = 24),
    length INTEGER NOT NULL DEFAULT 0,
    UNIQUE (sponsor, seeder, lane, price)
  ) STRICT;

  CREATE TABLE lines (
    id INTEGER PRIMARY KEY,
    lane_id INTEGER NOT NULL REFERENCES lanes (id),
    place INTEGER NOT NULL,
    session BLOB NOT NULL UNIQUE CHECK (length(session) = 24),
    next BLOB NOT NULL CHECK (length(next) = 24),
    session_key BLOB NOT NULL CHECK (length(session_key) = 20),
    max_bytes INTEGER NOT NULL,
    seeder BLOB NOT NULL CHECK (length(seeder) = 20),
    content_id BLOB NOT NULL CHECK (length(content_id) = 32),
    holder BLOB NOT NULL CHECK (length(holder) = 20),
    download TEXT NOT NULL,
    created INTEGER NOT NULL,
    open INTEGER NOT NULL DEFAULT 1,
    acknowledged INTEGER,
    UNIQUE (lane_id, place)
  ) STRICT;
  CREATE INDEX lines_next ON lines (lane_id, next);
  CREATE INDEX lines_open_download ON lines (download, holder, content_id) WHERE open = 1;
  CREATE INDEX lines_open_seeder ON lines (seeder) WHERE open = 1;
  CREATE INDEX lines_holder ON lines (holder, content_id, created);
  CREATE INDEX lines_seeder ON lines (seeder, created);
  CREATE INDEX lines_acknowledged ON lines (seeder, acknowledged) WHERE acknowledged IS NOT NULL;

  CREATE TABLE heads (
    lane_id INTEGER NOT NULL REFERENCES lanes (id),
    place INTEGER NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 24),
    expiry INTEGER NOT NULL,
    signer BLOB NOT NULL CHECK (length(signer) = 20),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (lane_id, place)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE vouchers (
    lane_id INTEGER NOT NULL REFERENCES lanes (id),
    from_place INTEGER NOT NULL,
    to_place INTEGER NOT NULL CHECK (to_place > from_place),
    amount TEXT NOT NULL,
    signer BLOB NOT NULL CHECK (length(signer) = 20),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (lane_id, from_place, to_place)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- One row, for writers of several processes to wait at.
  CREATE TABLE writers (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  INSERT INTO writers (name) VALUES ('one');
  `,
]
