//! `sqlflowc run` and compiled scripts, for real: real Python, DuckDB, XGBoost
//! and Keras, in a scratch folder.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn sqlflowc(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sqlflowc"));
    command
        .current_dir(folder)
        .env_remove("SQLFLOW_DATASOURCE")
        .env_remove("SQLFLOW_MODEL_STORE")
        .env("NO_COLOR", "1");
    command
}

fn run(folder: &Path, program: &Path, flags: &[&str]) -> Output {
    sqlflowc(folder)
        .arg("run")
        .arg(program)
        .args(flags)
        .output()
        .unwrap()
}

fn example(name: &str) -> std::path::PathBuf {
    support::root()
        .join("examples")
        .join(name)
        .join("program.sql")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn assert_status(output: &Output, status: i32) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{out}\n{err}");
}

/// Rows of a query on the folder's database, as JSON.
fn rows(folder: &Path, sql: &str) -> Value {
    const SCRIPT: &str = "import duckdb, json, sys\n\
        con = duckdb.connect('.sqlflow/database.duckdb', read_only=True)\n\
        print(json.dumps(con.execute(sys.argv[1]).fetchall(), default=str))\n";
    let output = Command::new(support::python_environment("core").python)
        .args(["-c", SCRIPT, sql])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A scratch folder with a program in it.
fn program(text: &str) -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program.sql");
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn iris_trains_evaluates_predicts_and_explains() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let output = run(folder, &example("iris"), &[]);
    assert_status(&output, 0);
    let said = text(&output.stdout);
    assert!(
        said.contains("accuracy_score"),
        "the evaluation is shown: {said}"
    );
    assert!(
        said.contains("petal_length"),
        "predicted rows are shown: {said}"
    );
    let said = text(&output.stderr);
    assert!(said.contains("14 succeeded"), "{said}");
    assert!(said.contains(".sqlflow/database.duckdb"), "{said}");

    let correct = "SELECT count(*) FROM iris.gbtree_prediction p JOIN iris.test t USING (id) \
                   WHERE p.species = t.species";
    assert!(rows(folder, correct)[0][0].as_u64().unwrap() >= 27, "of 30");
    let correct = correct.replace("gbtree", "dnn");
    assert!(
        rows(folder, &correct)[0][0].as_u64().unwrap() >= 26,
        "of 30"
    );
    let gone = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'raw'";
    assert_eq!(rows(folder, gone)[0][0], 0, "the clean-up ran");
    assert!(folder.join(".sqlflow/models/iris_gbtree/latest").exists());

    // The same again, on what the first run left.
    assert_status(&run(folder, &example("iris"), &[]), 0);
}

#[test]
fn every_other_example_runs() {
    for path in support::examples() {
        if support::example_name(&path) == "iris" {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        assert_status(&run(folder.path(), &path, &[]), 0);
    }
}

const TRAIN: &str = "CREATE OR REPLACE TABLE t AS SELECT range AS x, range * 2.0 AS y FROM range(200);\n\
    SELECT * FROM t TO TRAIN xgboost.gbtree WITH objective = 'reg:squarederror' LABEL y INTO m;\n\
    SELECT * FROM t TO PREDICT p.y USING m;\n\
    SELECT sum(y) > 0 AS positive FROM p;\n";

#[test]
fn a_program_of_the_users_runs_as_a_step() {
    let write =
        "import os, pathlib; pathlib.Path('told').write_text(os.environ['SQLFLOW_TO_RUN_SELECT'])";
    let (folder, path) = program(&format!(
        "CREATE OR REPLACE TABLE t AS SELECT 1 AS x;\n\
         SELECT 'it''s {{{{x}}}}' AS a FROM t TO RUN team/print:v1 CMD 'python3', '-c', \"{write}\";\n\
         SELECT * FROM t TO RUN team/print:v1 CMD 'python3', '-c', 'import sys; sys.exit(4)' INTO p;\n"
    ));
    let output = run(folder.path(), &path, &[]);
    assert_status(&output, 1);
    let told = fs::read_to_string(folder.path().join("told")).unwrap();
    assert_eq!(told, "SELECT 'it''s {{x}}' AS a FROM t");
    assert!(text(&output.stderr).contains("`python3` ended with exit status 4"));
}

#[test]
fn a_compiled_script_does_what_run_does() {
    let (folder, path) = program(TRAIN);
    let script = folder.path().join("program.py");
    for flags in [&[][..], &["--self-contained"]] {
        let compiled = sqlflowc(folder.path())
            .arg("compile")
            .arg(&path)
            .args(["-t", "local", "-o", "program.py"])
            .args(flags)
            .output()
            .unwrap();
        assert_status(&compiled, 0);
        let environment = support::python_environment("core");
        let mut python = Command::new(environment.python);
        python.arg(&script).current_dir(folder.path());
        if flags.is_empty() {
            // Stands for an installed runtime.
            python.env("PYTHONPATH", environment.pythonpath);
        }
        let output = python.output().unwrap();
        assert_status(&output, 0);
        assert!(text(&output.stdout).contains("positive"), "{flags:?}");
        assert_eq!(rows(folder.path(), "SELECT count(*) FROM p")[0][0], 200);
        fs::remove_dir_all(folder.path().join(".sqlflow")).unwrap();
    }
}

#[test]
fn standard_input_runs_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = sqlflowc(folder.path());
    let mut child = command
        .args(["run", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"SELECT 41 + 1 AS answer")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_status(&output, 0);
    assert!(
        text(&output.stdout).contains("42"),
        "{}",
        text(&output.stdout)
    );
}

/// What a failing run says, with times and the scratch folder taken out.
fn said(output: &Output, folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap();
    text(&output.stderr).replace(folder.to_str().unwrap(), "FOLDER")
}

#[test]
fn a_program_is_run_by_its_bare_name_and_finds_its_files() {
    let (folder, _) = program("SELECT * FROM read_csv('numbers.csv');");
    fs::write(folder.path().join("numbers.csv"), "x\n17\n").unwrap();
    let output = run(folder.path(), Path::new("program.sql"), &[]);
    assert_status(&output, 0);
    assert!(
        text(&output.stdout).contains("17"),
        "{}",
        text(&output.stdout)
    );

    // From another folder the program's own is looked into.
    let elsewhere = tempfile::tempdir().unwrap();
    let output = run(elsewhere.path(), &folder.path().join("program.sql"), &[]);
    assert_status(&output, 0);
}

#[test]
fn what_is_not_there_is_named() {
    let (folder, path) = program("SELECT * FROM nowhere;");
    let output = run(folder.path(), &path, &[]);
    assert_status(&output, 1);
    assert!(
        said(&output, folder.path()).contains("nowhere"),
        "{}",
        said(&output, folder.path())
    );

    let (folder, path) =
        program("CREATE TABLE t AS SELECT 1 AS x;\nSELECT * FROM t TO PREDICT p.y USING nobody;");
    let output = run(folder.path(), &path, &[]);
    assert_status(&output, 1);
    assert!(
        said(&output, folder.path()).contains("nobody"),
        "{}",
        said(&output, folder.path())
    );

    let (folder, path) = program("SELECT 1;");
    let output = run(folder.path(), &path, &["--datasource", "oracle://host/db"]);
    assert_status(&output, 3);
    assert!(
        said(&output, folder.path()).contains("`oracledb` is missing"),
        "{}",
        said(&output, folder.path())
    );
    let output = run(
        folder.path(),
        &path,
        &["--datasource", "duckdb:////proc/no/such.duckdb"],
    );
    assert_status(&output, 3);
    assert!(
        said(&output, folder.path()).contains("/proc/no"),
        "{}",
        said(&output, folder.path())
    );
}

#[test]
fn a_failed_step_leaves_old_results_and_the_rest_can_be_resumed() {
    let (folder, path) = program(TRAIN);
    assert_status(&run(folder.path(), &path, &[]), 0);

    // The table that PREDICT reads lacks the training column.
    let broken = TRAIN.replace(
        "SELECT * FROM t TO PREDICT",
        "SELECT y AS z FROM t TO PREDICT",
    );
    fs::write(&path, &broken).unwrap();
    let output = run(folder.path(), &path, &[]);
    assert_status(&output, 1);
    assert!(
        said(&output, folder.path()).contains("`x`"),
        "{}",
        said(&output, folder.path())
    );
    assert_eq!(
        rows(folder.path(), "SELECT count(*), sum(y) > 0 FROM p")[0][0],
        200
    );

    // The training succeeded, so it is not done again.
    let latest = || fs::read_link(folder.path().join(".sqlflow/models/m/latest")).unwrap();
    let model = latest();
    fs::write(&path, TRAIN).unwrap();
    let output = run(folder.path(), &path, &["--resume"]);
    assert_status(&output, 0);
    assert_eq!(latest(), model);
}

#[cfg(unix)]
#[test]
fn an_interrupt_in_the_middle_of_training_loses_nothing() {
    let (folder, path) = program(TRAIN);
    assert_status(&run(folder.path(), &path, &[]), 0);
    let before = fs::read_link(folder.path().join(".sqlflow/models/m/latest")).unwrap();

    let long = TRAIN.replace("LABEL y", ", train.num_boost_round = 10000000 LABEL y");
    fs::write(&path, long).unwrap();
    let mut child = sqlflowc(folder.path())
        .arg("run")
        .arg(&path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    for line in lines.by_ref() {
        said += &(line.unwrap() + "\n");
        if said.contains("/10000000 rounds") {
            break;
        }
    }
    let interrupt = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    for line in lines {
        said += &(line.unwrap() + "\n");
    }
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("cancelled"), "{said}");

    let store = folder.path().join(".sqlflow/models");
    assert_eq!(fs::read_link(store.join("m/latest")).unwrap(), before);
    assert_eq!(rows(folder.path(), "SELECT count(*) FROM p")[0][0], 200);
    let mut left: Vec<_> = fs::read_dir(&store)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    left.sort();
    // The lock stays for the next one who publishes.
    assert_eq!(left, [".lock", "m"], "no half-made model is left");
}

#[test]
fn what_the_machine_lacks_is_said() {
    let (folder, path) = program("SELECT 1;");
    let cache = tempfile::tempdir().unwrap();
    let nothing = tempfile::tempdir().unwrap();
    let output = sqlflowc(folder.path())
        .arg("run")
        .arg(&path)
        .env("SQLFLOWC_CACHE_DIR", cache.path())
        .env("PATH", nothing.path())
        .env_remove("SQLFLOWC_PYTHON")
        .output()
        .unwrap();
    assert_status(&output, 3);
    assert!(
        text(&output.stderr).contains("Python 3.11"),
        "{}",
        text(&output.stderr)
    );

    // Nobody listens on the discard port, so this is a machine without network.
    let output = sqlflowc(folder.path())
        .arg("run")
        .arg(&path)
        .env("SQLFLOWC_CACHE_DIR", cache.path())
        .env("UV_CACHE_DIR", cache.path())
        .env("PIP_CACHE_DIR", cache.path())
        .env("PIP_RETRIES", "0")
        .env("UV_HTTP_RETRIES", "0")
        .env_remove("PIP_FIND_LINKS")
        .env_remove("PIP_INDEX_URL")
        .env_remove("UV_DEFAULT_INDEX")
        .env_remove("UV_INDEX_URL")
        .env_remove("UV_FIND_LINKS")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9")
        .output()
        .unwrap();
    assert_status(&output, 3);
    assert!(
        text(&output.stderr).contains("network"),
        "{}",
        text(&output.stderr)
    );

    let output = sqlflowc(folder.path())
        .arg("run")
        .arg(&path)
        .env("SQLFLOWC_CACHE_DIR", "/proc/sqlflowc")
        .output()
        .unwrap();
    assert_status(&output, 3);
    assert!(
        text(&output.stderr).contains("SQLFLOWC_CACHE_DIR"),
        "{}",
        text(&output.stderr)
    );

    let output = run(Path::new("/proc"), &path, &[]);
    assert_status(&output, 3);
    assert!(
        text(&output.stderr).contains(".sqlflow"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_schema_is_pulled_from_the_database_and_checks_programs() {
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("make.sql");
    let text_of = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let pull = |flags: &[&str]| {
        let mut command = sqlflowc(folder.path());
        command
            .args(["schema", "pull"])
            .args(flags)
            .output()
            .unwrap()
    };

    // Looking at a database makes none.
    assert_status(&pull(&[]), 3);
    assert!(!folder.path().join(".sqlflow").exists());

    fs::write(
        &program,
        r#"
        CREATE SCHEMA s;
        CREATE TABLE s.t (b DECIMAL(10, 2), a TIMESTAMPTZ, "no" ENUM ('x', 'y'));
        CREATE TABLE gone (x INTEGER);
        CREATE VIEW broken AS SELECT * FROM gone;
        DROP TABLE gone;
        CREATE TABLE base (x INTEGER);
        CREATE VIEW wide AS SELECT * FROM base;
        CREATE OR REPLACE TABLE base (x INTEGER, "a: b" VARCHAR[]);
        "#,
    )
    .unwrap();
    assert_status(&run(folder.path(), &program, &["--jobs", "1"]), 0);
    fs::write(folder.path().join("sqlflowc.yaml"), "schema: schema.yaml\n").unwrap();
    assert_status(&pull(&["--check"]), 1);
    assert_status(&pull(&[]), 0);
    insta::assert_snapshot!(text_of("schema.yaml"), @r#"
    # Tables and their columns. Written by `sqlflowc schema pull`.
    tables:
      base:
        x: INTEGER
        "a: b": "VARCHAR[]"
      wide:
        x: INTEGER
        "a: b": "VARCHAR[]"
    schemas:
      s:
        t:
          b: DECIMAL(10,2)
          a: TIMESTAMP WITH TIME ZONE
          "no": "ENUM('x', 'y')"
    "#);
    assert_status(&pull(&["--check"]), 0);

    // That it is complete is the user's to say, and stays.
    let complete = text_of("schema.yaml").replace("tables:", "complete: true\ntables:");
    fs::write(folder.path().join("schema.yaml"), &complete).unwrap();
    assert_status(&pull(&[]), 0);
    assert_eq!(text_of("schema.yaml"), complete);

    fs::write(&program, "SELECT y FROM base;\nSELECT * FROM s.u;\n").unwrap();
    let checked = sqlflowc(folder.path())
        .args(["check", "make.sql"])
        .output()
        .unwrap();
    assert_status(&checked, 1);
    let said = text(&checked.stderr);
    assert!(said.contains("E0316") && said.contains("E0323"), "{said}");

    // A file that is no schema is not overwritten.
    fs::write(folder.path().join("notes.yaml"), "- buy milk\n").unwrap();
    assert_status(&pull(&["-o", "notes.yaml"]), 2);
    assert_eq!(text_of("notes.yaml"), "- buy milk\n");
}

#[test]
fn a_run_works_on_what_the_configuration_names() {
    let (folder, path) = program(
        "CREATE TABLE t AS SELECT range AS a, range * 2 AS y FROM range(20);
SELECT * FROM t TO TRAIN xgboost.gbtree
WITH objective = 'reg:squarederror', train.num_boost_round = 1
COLUMN a LABEL y INTO m;
",
    );
    let folder = folder.path();
    fs::create_dir(folder.join("data")).unwrap();
    fs::write(
        folder.join("sqlflowc.yaml"),
        "datasource:\n  url: duckdb:///data/own.duckdb\nmodel_store:\n  url: file:kept\njobs: 1\n",
    )
    .unwrap();
    assert_status(&run(folder, &path, &[]), 0);
    assert!(folder.join("data/own.duckdb").exists());
    assert!(folder.join("kept/m/latest").exists());
    assert!(!folder.join(".sqlflow/database.duckdb").exists());
    assert!(!folder.join(".sqlflow/models").exists());
    // What the command line says goes first.
    let flags = ["--datasource", "duckdb:///data/other.duckdb"];
    assert_status(&run(folder, &path, &flags), 0);
    assert!(folder.join("data/other.duckdb").exists());
}
