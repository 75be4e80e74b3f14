SELECT * FROM iris
TO RUN registry.example.com/team/clean:v1
CMD "python", "-m", "clean"
INTO iris_clean;
