-- sqlflowc: memory=8Gi
SET threads = 4;

-- sqlflowc: memory=2Gi
BEGIN;
-- sqlflowc: memory=8Gi retries=1
INSERT INTO daily SELECT * FROM readings;
COMMIT;
