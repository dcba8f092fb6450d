-- migrate:up
ALTER TABLE orders ADD COLUMN price numeric(12, 2);
UPDATE orders SET price = cents / 100.0;
ALTER TABLE orders ALTER COLUMN price SET NOT NULL, DROP COLUMN cents;

-- migrate:down
ALTER TABLE orders ADD COLUMN cents int;
UPDATE orders SET cents = (price * 100)::int;
ALTER TABLE orders ALTER COLUMN cents SET NOT NULL, DROP COLUMN price;
