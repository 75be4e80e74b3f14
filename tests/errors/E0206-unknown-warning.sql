-- sqlflowc: allow=W0350
SELECT 1;
-- sqlflowc: allow=E0301
SELECT 2;
