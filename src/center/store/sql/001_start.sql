-- Times: whole microseconds, UTC; 0 stands for "never". Ids: 26 characters made by the center.
-- Every table whose rows belong to a firm has firm_id and is read and written only through a scope.

-- ---- who there is: operator -> reseller -> firm; responders, agents and insurers beside them ----

CREATE TABLE organisation (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    parent_id TEXT REFERENCES organisation(id),
    created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE firm (
    firm_id TEXT PRIMARY KEY REFERENCES organisation(id),
    reseller_id TEXT REFERENCES organisation(id),
    language TEXT NOT NULL,
    phrase TEXT
) STRICT;

-- Which firms an organisation reaches: itself, by the tree, or by a grant. Written only when a firm or a grant is made or
-- ended; every question about firm data joins it.
CREATE TABLE reach (
    organisation_id TEXT NOT NULL REFERENCES organisation(id),
    firm_id TEXT NOT NULL REFERENCES firm(firm_id),
    why TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, firm_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE site (
    id TEXT PRIMARY KEY,
    firm_id TEXT NOT NULL REFERENCES firm(firm_id),
    name TEXT NOT NULL,
    created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX site_by_firm ON site (firm_id);

CREATE TABLE contact (
    id TEXT PRIMARY KEY,
    firm_id TEXT NOT NULL REFERENCES firm(firm_id),
    name TEXT NOT NULL,
    mail TEXT NOT NULL,
    language TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    UNIQUE (firm_id, mail)
) STRICT;

CREATE TABLE user (
    id TEXT PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisation(id),
    language TEXT NOT NULL,
    password TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    locked_until_us INTEGER NOT NULL DEFAULT 0,
    last_login_us INTEGER NOT NULL DEFAULT 0,
    created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
    token_hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES user(id),
    csrf TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    used_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_user ON session (user_id);

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at_us INTEGER NOT NULL,
    actor_id TEXT,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    thing_id TEXT,
    firm_id TEXT,
    detail TEXT
) STRICT, WITHOUT ROWID;

-- Numbers that only rise: incident numbers by day.
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- ---- the fleet ----

CREATE TABLE gateway (
    id TEXT PRIMARY KEY,
    firm_id TEXT NOT NULL REFERENCES firm(firm_id),
    site_id TEXT NOT NULL REFERENCES site(id),
    name TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    enrolled_us INTEGER NOT NULL DEFAULT 0,
    revoked_us INTEGER NOT NULL DEFAULT 0,
    last_heartbeat_us INTEGER NOT NULL DEFAULT 0,
    silent INTEGER NOT NULL DEFAULT 0,
    version TEXT,
    capture TEXT,
    fail_open INTEGER NOT NULL DEFAULT -1,
    counters TEXT,
    clock_offset_us INTEGER NOT NULL DEFAULT 0,
    policy_number INTEGER NOT NULL DEFAULT 1,
    known_policy INTEGER NOT NULL DEFAULT -1
) STRICT;
CREATE INDEX gateway_by_firm ON gateway (firm_id);

CREATE TABLE certificate (
    serial TEXT PRIMARY KEY,
    firm_id TEXT NOT NULL REFERENCES firm(firm_id),
    gateway_id TEXT NOT NULL REFERENCES gateway(id),
    issued_us INTEGER NOT NULL,
    not_after_us INTEGER NOT NULL,
    revoked_us INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_by_gateway ON certificate (gateway_id);

-- A code that was given out: the id and the key that both sides derive from it (hex); the code itself is kept nowhere.
CREATE TABLE claim (
    claim_id TEXT PRIMARY KEY,
    claim_key TEXT NOT NULL,
    firm_id TEXT NOT NULL REFERENCES firm(firm_id),
    gateway_id TEXT NOT NULL REFERENCES gateway(id),
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    asked INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_by_gateway ON claim (gateway_id);

CREATE TABLE device (
    id TEXT PRIMARY KEY,
    firm_id TEXT NOT NULL REFERENCES firm(firm_id),
    site_id TEXT NOT NULL REFERENCES site(id),
    gateway_id TEXT NOT NULL REFERENCES gateway(id),
    mac TEXT NOT NULL,
    maker TEXT,
    hostname TEXT,
    vendor_class TEXT,
    name TEXT,
    place TEXT,
    ips TEXT NOT NULL DEFAULT '[]',
    first_seen_us INTEGER NOT NULL,
    last_seen_us INTEGER NOT NULL,
    unknown INTEGER NOT NULL DEFAULT 0,
    isolation_state TEXT NOT NULL DEFAULT '',
    isolation_by TEXT NOT NULL DEFAULT '',
    isolation_reason TEXT,
    isolation_since_us INTEGER NOT NULL DEFAULT 0,
    isolation_expires_us INTEGER NOT NULL DEFAULT 0,
    released_us INTEGER NOT NULL DEFAULT 0,
    UNIQUE (gateway_id, mac)
) STRICT;
CREATE INDEX device_by_firm ON device (firm_id, last_seen_us);

-- ---- what happened ----

-- How far each spool epoch of a gateway is on disk. The events themselves lie in event_YYYYMM, by month of receipt.
CREATE TABLE epoch (
    gateway_id TEXT NOT NULL REFERENCES gateway(id),
    epoch TEXT NOT NULL,
    firm_id TEXT NOT NULL REFERENCES firm(firm_id),
    durable_seq INTEGER NOT NULL,
    refused INTEGER NOT NULL DEFAULT 0,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    PRIMARY KEY (gateway_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE incident (
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    firm_id TEXT NOT NULL REFERENCES firm(firm_id),
    site_id TEXT NOT NULL REFERENCES site(id),
    gateway_id TEXT NOT NULL REFERENCES gateway(id),
    device_id TEXT NOT NULL DEFAULT '',
    device_then TEXT,
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    reasons TEXT NOT NULL DEFAULT '[]',
    state TEXT NOT NULL,
    opened_by TEXT NOT NULL DEFAULT '',
    direction TEXT NOT NULL DEFAULT '',
    count INTEGER NOT NULL DEFAULT 0,
    blocked_count INTEGER NOT NULL DEFAULT 0,
    first_seen_us INTEGER NOT NULL,
    last_seen_us INTEGER NOT NULL,
    isolated_us INTEGER NOT NULL DEFAULT 0,
    acknowledged_us INTEGER NOT NULL DEFAULT 0,
    acknowledged_by TEXT,
    resolved_us INTEGER NOT NULL DEFAULT 0,
    resolved_by TEXT,
    resolved_note TEXT,
    technical TEXT NOT NULL DEFAULT '{}',
    created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX incident_by_time ON incident (last_seen_us, id);
CREATE INDEX incident_by_firm ON incident (firm_id, last_seen_us, id);
CREATE INDEX incident_by_cause ON incident (gateway_id, device_id, kind, last_seen_us);

-- The outbox is the record: a notice waits here until it is sent or given up.
CREATE TABLE notice (
    id TEXT PRIMARY KEY,
    firm_id TEXT NOT NULL REFERENCES firm(firm_id),
    incident_id TEXT NOT NULL REFERENCES incident(id),
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    recipient TEXT NOT NULL,
    language TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    message_id TEXT NOT NULL,
    in_reply_to TEXT,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_us INTEGER NOT NULL,
    sent_us INTEGER NOT NULL DEFAULT 0,
    next_try_us INTEGER NOT NULL,
    error TEXT,
    UNIQUE (incident_id, recipient, kind)
) STRICT;
CREATE INDEX notice_waiting ON notice (next_try_us) WHERE state = 'waiting';
CREATE INDEX notice_by_firm ON notice (firm_id, id);
CREATE INDEX notice_by_recipient ON notice (firm_id, recipient, created_us);
