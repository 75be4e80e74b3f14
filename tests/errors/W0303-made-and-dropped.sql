CREATE TABLE recent_orders AS SELECT * FROM orders WHERE ordered_at > DATE '2025-01-01';
CREATE TABLE report AS SELECT customer, count(*) AS orders FROM orders GROUP BY customer;
DROP TABLE recent_orders;
