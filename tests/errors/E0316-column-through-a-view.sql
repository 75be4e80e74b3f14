CREATE TABLE orders (id INTEGER, customer VARCHAR, total DECIMAL(10, 2));
CREATE VIEW paid AS
WITH large(order_id, amount) AS (SELECT id, total FROM orders WHERE total > 100)
SELECT order_id, amount FROM large;

SELECT paid.order_id, paid.total FROM paid JOIN orders ON orders.id = paid.order_id WHERE custmer = 'a';
INSERT INTO archive SELECT order_id, color FROM paid;
