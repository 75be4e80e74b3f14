SELECT * FROM iris
TO RUN https://registry.example.com/team/clean
CMD "clean"
INTO iris_clean;
