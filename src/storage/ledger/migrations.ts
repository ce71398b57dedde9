// The seeder's schema. A lane's sessions are its lines from the first one known on: `place` counts them, `settled_place`
// and `length` are how many of them are settled and known.
import type { Migrations } from '../migrate.ts'

export const LEDGER_MIGRATIONS: Migrations = [
  `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

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

  CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    lane_id INTEGER NOT NULL REFERENCES lanes (id),
    place INTEGER NOT NULL,
    session BLOB NOT NULL UNIQUE CHECK (length(session) = 24),
    next BLOB NOT NULL CHECK (length(next) = 24),
    session_key BLOB NOT NULL CHECK (length(session_key) = 20),
    max_bytes INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'unused' CHECK (state IN ('unused', 'open', 'closed', 'settled')),
    streaming INTEGER NOT NULL DEFAULT 0,
    sealed INTEGER NOT NULL DEFAULT 0,
    content_id TEXT,
    holder BLOB,
    created INTEGER NOT NULL,
    UNIQUE (lane_id, place)
  ) STRICT;
  CREATE INDEX sessions_next ON sessions (lane_id, next);
  CREATE INDEX sessions_streaming ON sessions (id) WHERE streaming = 1;

  -- The one table that changes with every receipt: small rows, so that a group of them dirties few pages.
  CREATE TABLE progress (
    session_id INTEGER PRIMARY KEY REFERENCES sessions (id),
    served INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    signature BLOB CHECK (length(signature) = 64),
    touched INTEGER NOT NULL,
    CHECK ((bytes = 0) = (signature IS NULL))
  ) STRICT;

  CREATE TABLE heads (
    id INTEGER PRIMARY KEY,
    lane_id INTEGER NOT NULL REFERENCES lanes (id),
    place INTEGER NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 24),
    expiry INTEGER NOT NULL,
    signer BLOB NOT NULL CHECK (length(signer) = 20),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    UNIQUE (lane_id, place, signer)
  ) STRICT;

  CREATE TABLE vouchers (
    id INTEGER PRIMARY KEY,
    lane_id INTEGER NOT NULL REFERENCES lanes (id),
    from_place INTEGER NOT NULL,
    to_place INTEGER NOT NULL CHECK (to_place > from_place),
    amount TEXT NOT NULL,
    signer BLOB NOT NULL CHECK (length(signer) = 20),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    UNIQUE (lane_id, from_place, to_place)
  ) STRICT;

  CREATE TABLE moves (
    hash TEXT NOT NULL,
    lane_id INTEGER NOT NULL REFERENCES lanes (id),
    from_place INTEGER NOT NULL,
    to_place INTEGER NOT NULL CHECK (to_place > from_place),
    amount TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (hash, lane_id, from_place)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX moves_lane ON moves (lane_id, from_place);

  -- What the chain credited, by content; content_id '' is what no known session stands for.
  CREATE TABLE paid (
    lane_id INTEGER NOT NULL REFERENCES lanes (id),
    content_id TEXT NOT NULL,
    amount TEXT NOT NULL,
    PRIMARY KEY (lane_id, content_id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- What a wallet means to do once, and every bid that it signed for it.
  CREATE TABLE intents (
    id TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    chain_id INTEGER NOT NULL,
    account BLOB NOT NULL CHECK (length(account) = 20),
    to_address BLOB NOT NULL CHECK (length(to_address) = 20),
    data BLOB NOT NULL,
    value TEXT NOT NULL,
    max_fee TEXT,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed', 'dropped')),
    created INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX intents_open ON intents (chain_id, account) WHERE state = 'open';

  CREATE TABLE signed (
    id INTEGER PRIMARY KEY,
    intent TEXT NOT NULL REFERENCES intents (id),
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    raw BLOB NOT NULL,
    nonce INTEGER NOT NULL,
    gas TEXT NOT NULL,
    max_fee TEXT NOT NULL,
    max_tip TEXT NOT NULL,
    lost INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX signed_intent ON signed (intent);

  -- A move is known by the intent that makes it: a transaction that is bid for again has several hashes.
  ALTER TABLE moves RENAME COLUMN hash TO intent;
  `,
  `
  -- Progress by place, so that a lane's unsettled lines are one stretch of small rows that a sum runs over; with the
  -- content, so that it needs no other table.
  CREATE TABLE placed_progress (
    lane_id INTEGER NOT NULL,
    place INTEGER NOT NULL,
    content_id TEXT NOT NULL DEFAULT '',
    served INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    signature BLOB CHECK (length(signature) = 64),
    touched INTEGER NOT NULL,
    PRIMARY KEY (lane_id, place),
    FOREIGN KEY (lane_id, place) REFERENCES sessions (lane_id, place),
    CHECK ((bytes = 0) = (signature IS NULL)),
    CHECK (served >= bytes)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO placed_progress (lane_id, place, content_id, served, bytes, signature, touched)
    SELECT s.lane_id, s.place, COALESCE(s.content_id, ''),
      CASE WHEN COALESCE(p.served, 0) > COALESCE(p.bytes, 0) THEN p.served ELSE COALESCE(p.bytes, 0) END,
      COALESCE(p.bytes, 0), p.signature, COALESCE(p.touched, s.created)
    FROM sessions s LEFT JOIN progress p ON p.session_id = s.id
    WHERE p.session_id IS NOT NULL OR s.content_id IS NOT NULL;
  DROP TABLE progress;
  ALTER TABLE placed_progress RENAME TO progress;
  ALTER TABLE sessions DROP COLUMN content_id;
  -- Which process of those that share the database has the stream.
  ALTER TABLE sessions ADD COLUMN node TEXT;
  -- All that was paid for a lane; null until it is summed up.
  ALTER TABLE lanes ADD COLUMN paid TEXT;
  -- Settled lines before this place were pruned.
  ALTER TABLE lanes ADD COLUMN pruned_place INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX paid_content ON paid (content_id);
  -- A row for writers of the journal to wait at.
  INSERT INTO settings (name, value) VALUES ('journal', 'one writer at a time');

  -- Who may write: a holder and an epoch that grows whenever it changes hands.
  CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    expires INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Bytes of a lane's unsettled lines, kept with every change of one; and a checksum over each row that an amount hangs
  -- on, of which the program makes the first ones.
  ALTER TABLE lanes ADD COLUMN bytes TEXT NOT NULL DEFAULT '0';
  ALTER TABLE lanes ADD COLUMN served TEXT NOT NULL DEFAULT '0';
  ALTER TABLE lanes ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE progress ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE heads ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE vouchers ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE moves ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE paid ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- What of \`paid\` was learned of on which day, counted from 1970-01-01 UTC. What older versions wrote has none.
  CREATE TABLE payments (
    lane_id INTEGER NOT NULL REFERENCES lanes (id),
    content_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    amount TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (lane_id, content_id, day)
  ) STRICT, WITHOUT ROWID;
  `,
]
