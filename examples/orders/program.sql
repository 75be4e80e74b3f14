-- A small sales mart in plain SQL: from the raw records of a coffee shop's web store to a monthly
-- report. The records are made up by range() and remainders, so they are the same on every run.

CREATE SCHEMA IF NOT EXISTS sales;

-- Raw records, as a web store would hand them over.

CREATE OR REPLACE TABLE sales.customers (
    customer_id INTEGER PRIMARY KEY,
    name VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    is_staff BOOLEAN NOT NULL DEFAULT false
);

INSERT INTO sales.customers (customer_id, name, region, is_staff)
SELECT
    id,
    'Customer ' || lpad(id::VARCHAR, 3, '0'),
    ['North', 'East', 'South', 'West'][1 + id * 5 % 4],
    id % 50 = 0
FROM range(1, 201) AS ids(id);

CREATE OR REPLACE TABLE sales.products AS
SELECT *
FROM (
    VALUES
        (1, 'House blend 250 g', 'coffee', 6.90),
        (2, 'House blend 1 kg', 'coffee', 23.50),
        (3, 'Single origin Ethiopia', 'coffee', 9.80),
        (4, 'Single origin Colombia', 'coffee', 9.20),
        (5, 'Decaffeinated 250 g', 'coffee', 7.40),
        (6, 'Hand grinder', 'equipment', 89.00),
        (7, 'Pour-over dripper', 'equipment', 24.00),
        (8, 'Paper filters, 100', 'equipment', 4.50),
        (9, 'Gooseneck kettle', 'equipment', 64.00),
        (10, 'Earl Grey 100 g', 'tea', 5.60),
        (11, 'Sencha 100 g', 'tea', 8.20),
        (12, 'Gift card', 'other', 25.00)
) AS list(product_id, product, category, unit_price);

-- The store sends some orders twice, writes states in any case, and leaves blanks around them.
-- It starts with fifty customers and gains more as the year goes on.
CREATE OR REPLACE TABLE sales.raw_orders AS
WITH ids AS (
    SELECT id, copy, (id * id * 7919 + id * 104729) % 10007 AS draw
    FROM range(1, 2401) AS orders(id)
    CROSS JOIN range(0, 2) AS copies(copy)
    WHERE copy = 0 OR id % 89 = 0
)
SELECT
    id AS order_id,
    1 + draw * (50 + id // 16) // 10007 AS customer_id,
    TIMESTAMP '2025-01-01 08:00:00' + to_minutes(id * 298 - id * id * 27 // 800 + draw % 180)
        AS ordered_at,
    CASE
        WHEN draw % 29 = 0 THEN 'Cancelled'
        WHEN draw % 5 = 0 THEN ' paid '
        WHEN draw % 7 = 0 THEN 'PAID'
        ELSE 'paid'
    END AS state,
    TIMESTAMP '2026-01-01 00:00:00' + to_minutes(id + copy * 60) AS received_at
FROM ids;

CREATE OR REPLACE TABLE sales.raw_order_lines AS
WITH ids AS (
    SELECT id, line, pow(id * 4 + line, 2)::BIGINT * 6007 + id * 30011 + line AS draw
    FROM range(1, 2401) AS orders(id), range(1, 5) AS lines(line)
)
SELECT
    id AS order_id,
    line AS line_number,
    -- The more often a product stands in this list, the more often it is bought.
    [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 8, 8, 9, 10, 10, 11, 12][1 + draw % 10009 % 21]
        AS product_id,
    1 + draw % 10009 % 31 // 20 AS quantity
FROM ids
WHERE line <= 1 + id * 11 % 4;

CREATE OR REPLACE TABLE sales.returns AS
SELECT order_id, line_number, 1 AS quantity_returned
FROM sales.raw_order_lines
WHERE (order_id * 3 + line_number) % 67 = 0;

-- Staging: one row per order, the last one received, with clean states.

CREATE OR REPLACE TABLE sales.orders AS
SELECT order_id, customer_id, ordered_at, lower(trim(state)) AS state
FROM sales.raw_orders
QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY received_at DESC) = 1;

-- Staff buy at cost: their orders would spoil every average.
DELETE FROM sales.orders
WHERE customer_id IN (SELECT customer_id FROM sales.customers WHERE is_staff);

CREATE OR REPLACE TABLE sales.order_lines AS
SELECT lines.order_id, lines.line_number, lines.product_id, lines.quantity, products.unit_price
FROM sales.raw_order_lines AS lines
JOIN sales.products AS products USING (product_id);

-- Kettles were sold at 59.00 during the May sale, which the price list does not know.
UPDATE sales.order_lines AS lines
SET unit_price = 59.00
FROM sales.orders AS orders, sales.products AS products
WHERE lines.order_id = orders.order_id
    AND lines.product_id = products.product_id
    AND products.product = 'Gooseneck kettle'
    AND orders.ordered_at >= TIMESTAMP '2025-05-01'
    AND orders.ordered_at < TIMESTAMP '2025-06-01';

MERGE INTO sales.order_lines AS lines
USING sales.returns AS returns
ON lines.order_id = returns.order_id AND lines.line_number = returns.line_number
WHEN MATCHED AND lines.quantity = returns.quantity_returned THEN DELETE
WHEN MATCHED THEN UPDATE SET quantity = lines.quantity - returns.quantity_returned;

-- The mart.

CREATE OR REPLACE VIEW sales.paid_lines AS
SELECT
    orders.order_id,
    orders.customer_id,
    orders.ordered_at,
    date_trunc('month', orders.ordered_at)::DATE AS order_month,
    lines.product_id,
    lines.quantity,
    lines.quantity * lines.unit_price AS revenue
FROM sales.orders AS orders
JOIN sales.order_lines AS lines USING (order_id)
WHERE orders.state = 'paid';

CREATE OR REPLACE TABLE sales.monthly_revenue AS
WITH monthly AS (
    SELECT
        order_month,
        count(DISTINCT order_id) AS orders,
        count(DISTINCT customer_id) AS customers,
        sum(revenue) AS revenue
    FROM sales.paid_lines
    GROUP BY order_month
)
SELECT
    order_month,
    orders,
    customers,
    revenue,
    revenue - lag(revenue) OVER by_month AS change,
    round(avg(revenue) OVER (by_month ROWS 2 PRECEDING), 2) AS three_month_mean,
    sum(revenue) OVER (PARTITION BY year(order_month) ORDER BY order_month) AS year_to_date
FROM monthly
WINDOW by_month AS (ORDER BY order_month);

-- A products bring in four fifths of the money, B the next fifteen per cent, C the rest.
CREATE OR REPLACE TABLE sales.product_classes AS
WITH sold AS (
    SELECT products.product, products.category, sum(lines.revenue) AS revenue
    FROM sales.paid_lines AS lines
    JOIN sales.products AS products USING (product_id)
    GROUP BY products.product, products.category
),
ranked AS (
    SELECT
        *,
        sum(revenue) OVER (ORDER BY revenue DESC, product) / sum(revenue) OVER () AS running_share
    FROM sold
)
SELECT
    product,
    category,
    revenue,
    round(100 * running_share, 1) AS running_percent,
    CASE
        WHEN running_share <= 0.80 THEN 'A'
        WHEN running_share <= 0.95 THEN 'B'
        ELSE 'C'
    END AS class
FROM ranked;

-- Recency, frequency and money, a quarter of the customers in each mark; 4 is best.
CREATE OR REPLACE TABLE sales.customer_marks AS
WITH totals AS (
    SELECT
        customer_id,
        max(ordered_at) AS last_order_at,
        count(DISTINCT order_id) AS orders,
        sum(revenue) AS revenue
    FROM sales.paid_lines
    GROUP BY customer_id
)
SELECT
    customers.name,
    customers.region,
    totals.*,
    ntile(4) OVER (ORDER BY totals.last_order_at, customer_id) AS recency,
    ntile(4) OVER (ORDER BY totals.orders, customer_id) AS frequency,
    ntile(4) OVER (ORDER BY totals.revenue, customer_id) AS money
FROM totals
JOIN sales.customers AS customers USING (customer_id);

-- Of the customers who first bought in a quarter, how many bought again in each later one?
CREATE OR REPLACE TABLE sales.cohorts AS
WITH active AS (
    SELECT DISTINCT customer_id, date_trunc('quarter', ordered_at)::DATE AS quarter
    FROM sales.paid_lines
),
first_seen AS (
    SELECT customer_id, min(quarter) AS cohort
    FROM active
    GROUP BY customer_id
)
SELECT
    first_seen.cohort,
    datediff('quarter', first_seen.cohort, active.quarter) AS quarters_later,
    count(*) AS customers
FROM active
JOIN first_seen USING (customer_id)
GROUP BY ALL;

CREATE OR REPLACE TABLE sales.bought_together AS
SELECT
    one.product AS product,
    other.product AS bought_with,
    count(DISTINCT a.order_id) AS orders
FROM sales.paid_lines AS a
JOIN sales.paid_lines AS b ON a.order_id = b.order_id AND a.product_id < b.product_id
JOIN sales.products AS one ON one.product_id = a.product_id
JOIN sales.products AS other ON other.product_id = b.product_id
GROUP BY one.product, other.product
HAVING count(DISTINCT a.order_id) >= 20;

-- The mart must add up to the lines it was made from: this lists nothing when it does.
SELECT 'monthly_revenue' AS mart_table, sum(revenue) AS revenue FROM sales.monthly_revenue
HAVING sum(revenue) <> (SELECT sum(revenue) FROM sales.paid_lines)
UNION ALL
SELECT 'product_classes', sum(revenue) FROM sales.product_classes
HAVING sum(revenue) <> (SELECT sum(revenue) FROM sales.paid_lines)
UNION ALL
SELECT 'customer_marks', sum(revenue) FROM sales.customer_marks
HAVING sum(revenue) <> (SELECT sum(revenue) FROM sales.paid_lines);

SELECT * FROM sales.product_classes ORDER BY revenue DESC;

SELECT * FROM sales.bought_together ORDER BY orders DESC, product, bought_with LIMIT 5;

SELECT
    cohort,
    max(customers) FILTER (WHERE quarters_later = 0) AS customers,
    max(customers) FILTER (WHERE quarters_later = 1) AS after_1_quarter,
    max(customers) FILTER (WHERE quarters_later = 2) AS after_2_quarters,
    max(customers) FILTER (WHERE quarters_later = 3) AS after_3_quarters
FROM sales.cohorts
GROUP BY cohort
ORDER BY cohort;

-- Good customers who have not been back: the ones worth a letter, the best of each region first.
CREATE OR REPLACE TABLE sales.customers_to_write_to AS
SELECT
    region,
    rank() OVER (PARTITION BY region ORDER BY revenue DESC) AS place,
    name,
    orders,
    revenue,
    last_order_at::DATE AS last_order_on
FROM sales.customer_marks
WHERE recency = 1 AND money >= 3;

-- The report.
SELECT
    strftime(monthly.order_month, '%Y-%m') AS month,
    monthly.orders,
    monthly.customers,
    monthly.revenue,
    monthly.change,
    monthly.three_month_mean,
    monthly.year_to_date,
    best.product AS best_seller
FROM sales.monthly_revenue AS monthly
JOIN (
    SELECT lines.order_month, products.product
    FROM sales.paid_lines AS lines
    JOIN sales.products AS products USING (product_id)
    GROUP BY lines.order_month, products.product
    QUALIFY row_number() OVER (
        PARTITION BY lines.order_month ORDER BY sum(lines.revenue) DESC, products.product
    ) = 1
) AS best USING (order_month)
ORDER BY monthly.order_month;

DROP TABLE sales.raw_orders;

DROP TABLE sales.raw_order_lines;

DROP TABLE sales.returns;
