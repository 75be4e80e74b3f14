-- sqlflowc: retries=-1 gpu=one image=ftp://team/image
CREATE TABLE daily AS SELECT station, avg(temperature) FROM readings GROUP BY station;
