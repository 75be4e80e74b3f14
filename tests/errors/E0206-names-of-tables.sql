-- sqlflowc: unparsed=skip reads=clicks,'a.csv'
UPDATE EXTENSIONS (spatial);
