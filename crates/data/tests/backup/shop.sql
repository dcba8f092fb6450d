CREATE SCHEMA "Weird ""Schema";
CREATE TYPE state AS ENUM ('new', 'paid');
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, rebate percent);
CREATE TABLE orders (
  id bigserial PRIMARY KEY, customer int NOT NULL REFERENCES customers, at date NOT NULL DEFAULT '2026-11-21',
  state state DEFAULT 'new', cents int NOT NULL, euros numeric GENERATED ALWAYS AS (cents / 100.0) STORED, note json
);
CREATE INDEX orders_at ON orders (at) WHERE state = 'paid';
CREATE TABLE "Weird ""Schema"."Weird ""Name" (t int, "tgt" text);
CREATE TABLE t (t int PRIMARY KEY, xml_like text);
CREATE TABLE without_key (a int, b double precision);
CREATE TABLE events (at timestamptz NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z');
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01Z') TO ('2027-01-01Z');
CREATE TABLE base (id int PRIMARY KEY, name text);
CREATE TABLE derived (extra text) INHERITS (base);
CREATE UNLOGGED TABLE cache (key text PRIMARY KEY, value bytea);
CREATE MATERIALIZED VIEW totals AS SELECT customer, sum(cents) AS cents FROM orders GROUP BY customer;
CREATE SEQUENCE down INCREMENT -5 MAXVALUE 1000 START 1000;

INSERT INTO customers (name, rebate) SELECT E'n\tame \\' || i, i % 100 FROM generate_series(1, 200) i;
INSERT INTO orders (customer, cents, state, note)
  SELECT 1 + i % 200, i, CASE WHEN i % 3 = 0 THEN 'paid' ELSE 'new' END::state, json_build_object('i', i)
  FROM generate_series(1, 5000) i;
INSERT INTO "Weird ""Schema"."Weird ""Name" SELECT i, repeat('ü', i) FROM generate_series(1, 20) i;
INSERT INTO t SELECT i, '<a>' FROM generate_series(1, 30) i;
INSERT INTO without_key SELECT i % 3, 'NaN' FROM generate_series(1, 30) i;
INSERT INTO events SELECT '2025-06-01Z'::timestamptz + i * interval '1 day', 'e' || i FROM generate_series(0, 400) i;
INSERT INTO base VALUES (1, 'base');
INSERT INTO derived VALUES (2, 'derived', 'more');
INSERT INTO cache VALUES ('k', '\x00ff5c');
REFRESH MATERIALIZED VIEW totals;
SELECT nextval('down'), nextval('down');
SELECT lo_from_bytea(0, convert_to('object ' || i, 'UTF8')) FROM generate_series(1, 100) i;
