SELECT * FROM iris
TO`RUN registry.example.com/team/clean:v1
CMD "pyth/on", "-m",ROM iris
TO`RUNris_clean;
