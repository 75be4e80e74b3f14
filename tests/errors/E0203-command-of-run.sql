SELECT * FROM iris
TO RUN registry.example.com/team/clean:v1
INTO iris_clean;
