-- migrate:up
ALTER TABLE orders ADD COLUMN code text;
CREATE UNIQUE INDEX orders_by_cents ON orders (cents);

-- migrate:down
DROP INDEX orders_by_cents;
ALTER TABLE orders DROP COLUMN code;
