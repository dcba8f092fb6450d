-- Everything that readers of catalogs have stumbled over.
CREATE EXTENSION citext;
CREATE EXTENSION postgres_fdw;
CREATE SCHEMA "Odd Schema";
CREATE SCHEMA _backout_1;
CREATE TABLE _backout_1.kept (id int);

CREATE TYPE mood AS ENUM ('sad', 'ok');
ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok';
-- A new value may be used only once it is committed.
BEGIN;
COMMIT;
CREATE TYPE pair AS (a int, m mood);
CREATE TYPE moods AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE DOMAIN positive AS int DEFAULT 1 CONSTRAINT is_positive CHECK (VALUE > 0);
CREATE DOMAIN short AS varchar(10) CHECK (VALUE IN ('x', 'y', ''));
CREATE DOMAIN feeling AS mood NOT NULL;

CREATE TABLE t (t int PRIMARY KEY, tgt text, "Weird ""Name" text COLLATE "C" UNIQUE);
CREATE TABLE tgt (tgt int REFERENCES t, t text, PRIMARY KEY (tgt, t));
CREATE TABLE "Odd Schema"."it's ""odd""" ("Weird ""Name" int GENERATED ALWAYS AS IDENTITY, "select" text);
CREATE TABLE identities (a int GENERATED ALWAYS AS IDENTITY (INCREMENT BY -3 CACHE 7), b serial, c bigserial);
CREATE TABLE generated (a int, b int, sum int GENERATED ALWAYS AS (a + b) STORED);
CREATE TABLE nokey (a int, a2 int[], j json, jb jsonb, x xml, p point, m mood, ms mood[], pr pair, po positive[],
    sh short, fe feeling, ct citext, rc regclass, mo money, iv interval, ts timestamptz, f float8, n numeric, by bytea,
    r moods, tv tsvector, bits bit(3), u uuid, "oid" oid, c "char", bp bpchar(3));
CREATE TABLE nothing ();
CREATE TABLE dropped (a int, gone text, b int);
ALTER TABLE dropped DROP COLUMN gone;
ALTER TABLE dropped ADD COLUMN "_backout_c" text;
CREATE UNLOGGED TABLE unlogged (a int PRIMARY KEY);

-- A child whose columns a restore puts into another order.
CREATE TABLE parent (a int, status varchar(8) CHECK (status IN ('new', 'old')));
CREATE TABLE child (own text, PRIMARY KEY (a)) INHERITS (parent);
ALTER TABLE parent ADD COLUMN later int DEFAULT 7;
ALTER TABLE child ALTER COLUMN later SET DEFAULT 8;

CREATE TABLE events (id int, at date NOT NULL, status varchar, ref int REFERENCES t, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
CREATE TABLE events_new (at date NOT NULL, status varchar, ref int, id int NOT NULL);
ALTER TABLE events ATTACH PARTITION events_new FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE INDEX events_status ON events (status) WHERE status IN ('a', 'b');
CREATE TABLE about_events (id int, at date, FOREIGN KEY (id, at) REFERENCES events);
ALTER TABLE nokey ADD CONSTRAINT later CHECK (a > -100) NOT VALID;
CREATE INDEX lowered ON t (lower(tgt) DESC, "Weird ""Name" text_pattern_ops) INCLUDE (t);
CREATE TABLE excluded (during tsrange, EXCLUDE USING gist (during WITH &&));

CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION total(a int, VARIADIC b numeric[] DEFAULT '{}') RETURNS numeric LANGUAGE sql STABLE AS 'SELECT 1.0';
CREATE FUNCTION atomic(s varchar) RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT s IN ('a', 'b'); END;
CREATE PROCEDURE act(INOUT a int) LANGUAGE sql AS 'SELECT a';
CREATE AGGREGATE mine(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE TRIGGER touched BEFORE UPDATE OF tgt ON t FOR EACH ROW WHEN (OLD.tgt IS DISTINCT FROM NEW.tgt)
    EXECUTE FUNCTION touched();
ALTER TABLE t DISABLE TRIGGER touched;
CREATE TRIGGER everywhere AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION touched();
CREATE CONSTRAINT TRIGGER at_last AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touched();
CREATE RULE ignored AS ON DELETE TO tgt WHERE OLD.tgt = 0 DO INSTEAD NOTHING;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY partly ON t AS RESTRICTIVE FOR UPDATE TO postgres USING (tgt::varchar IN ('a', 'b')) WITH CHECK (t > 0);
ALTER TABLE tgt REPLICA IDENTITY FULL;

CREATE VIEW seen WITH (security_barrier) AS SELECT t.*, e.status IN ('a', 'b') AS is_known FROM t JOIN events e ON e.ref = t.t;
CREATE MATERIALIZED VIEW summed AS SELECT status, count(*) FROM events GROUP BY status;
CREATE UNIQUE INDEX summed_status ON summed (status);
CREATE VIEW "Odd Schema"."view" AS SELECT "Weird ""Name" AS "x""y" FROM "Odd Schema"."it's ""odd""";
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/nonexistent');
CREATE FOREIGN TABLE far (a int) SERVER elsewhere OPTIONS (table_name 'near');
CREATE SEQUENCE "Odd Schema"."Seq" INCREMENT BY 5 MINVALUE -10 START -10 CYCLE CACHE 3;
CREATE STATISTICS together ON a, b FROM generated;

INSERT INTO t SELECT i, 'row ' || i, 'x' || i FROM generate_series(1, 1000) i;
INSERT INTO tgt SELECT i, 'y' FROM generate_series(1, 500) i;
INSERT INTO "Odd Schema"."it's ""odd""" ("select") SELECT 'a' FROM generate_series(1, 10);
INSERT INTO identities DEFAULT VALUES;
INSERT INTO generated SELECT i, 2 * i FROM generate_series(1, 100) i;
INSERT INTO nokey SELECT i, ARRAY[i, NULL], '{"a": [1,  2]}', '{"b": 1, "a": 2}', '<a/>', point(0.1, i), 'meh', '{sad,ok}',
    ROW(i, 'ok')::pair, '{3}', 'x', 'sad', 'ABC', 't'::regclass, 12.5, '1 mon -1 day', '2026-11-21 05:00+01', 0.1 + i,
    1.10, '\xdeadbeef', moods(1, i + 1), 'a fat cat', B'101', '6f1ed002-ab5f-4b11-8e5f-5a0f8a1b2c3d', i, 'x', 'b'
    FROM generate_series(1, 50) i;
INSERT INTO nokey (fe) VALUES ('ok');
INSERT INTO nothing DEFAULT VALUES;
INSERT INTO dropped VALUES (1, 2, 'kept'), (3, 4, NULL);
INSERT INTO unlogged VALUES (1);
INSERT INTO parent VALUES (1, 'new'), (2, 'old');
INSERT INTO child (a, status, own, later) SELECT i, 'new', 'mine', i FROM generate_series(10, 20) i;
INSERT INTO events SELECT i, '2025-12-01'::date + i, 'a', i FROM generate_series(1, 900) i;
INSERT INTO about_events VALUES (1, '2025-12-02');
REFRESH MATERIALIZED VIEW summed;
SELECT nextval('"Odd Schema"."Seq"'), nextval('identities_b_seq');
SELECT lo_put(lo_create(0), 0, '\x010203');
SELECT lo_create(424242);
SELECT lo_put(lo_create(424243), 100000, '\x01');
DELETE FROM t WHERE t > 950;
