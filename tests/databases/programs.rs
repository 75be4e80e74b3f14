//! Programs from SQL to results, on every database.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::support;

/// Running servers, in a folder of their own.
struct Servers {
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

impl Servers {
    fn start() -> Servers {
        let folder = tempfile::tempdir().unwrap();
        // The servers have accounts of their own, which have to get in.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let mut servers = Servers {
            folder,
            variables: BTreeMap::new(),
        };
        let output = servers.script("start").output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        servers.variables = text(&output.stdout)
            .lines()
            .map(|line| line.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        servers
    }

    fn script(&self, action: &str) -> Command {
        let mut command = Command::new(support::root().join("tests/databases/servers.py"));
        command.arg(action).arg(self.folder.path().join("servers"));
        command
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let status = self.script("stop").status();
        // A second panic would hide the first.
        if !std::thread::panicking() {
            assert!(status.unwrap().success(), "the servers do not stop");
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The iris example with its rows in the program, since no database server reads our files.
fn iris(has_schemas: bool) -> String {
    let mut program = String::new();
    if has_schemas {
        program += "CREATE SCHEMA IF NOT EXISTS iris;\n";
    }
    program += "DROP TABLE IF EXISTS iris.raw;\nCREATE TABLE iris.raw (id INTEGER, \
        sepal_length DOUBLE PRECISION, sepal_width DOUBLE PRECISION, \
        petal_length DOUBLE PRECISION, petal_width DOUBLE PRECISION, species VARCHAR(20));\n\
        INSERT INTO iris.raw VALUES";
    let table = std::fs::read_to_string(support::root().join("examples/iris/iris.csv")).unwrap();
    for (number, line) in table.lines().skip(1).enumerate() {
        let (numbers, species) = line.rsplit_once(',').unwrap();
        let comma = if number == 0 { "" } else { "," };
        write!(program, "{comma}\n    ({numbers}, '{species}')").unwrap();
    }
    program += ";\n";
    program += include_str!("iris.sql");
    if has_schemas {
        program
    } else {
        program.replace("iris.", "iris_")
    }
}

fn run(folder: &Path, datasource: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sqlflowc"))
        .args(["run", "program.sql"])
        .current_dir(folder)
        .env("SQLFLOW_DATASOURCE", datasource)
        .output()
        .unwrap()
}

/// Rows of a query, by the driver that the steps use.
fn rows(datasource: &str, query: &str) -> Value {
    const SCRIPT: &str = "import json, sys\n\
        from sqlflow_runtime.data import connect\n\
        with connect() as database:\n    \
            rows = database.read(sys.argv[1]).read_all().to_pylist()\n\
        def plain(value):\n    \
            return round(value, 6) if isinstance(value, float) else value\n\
        rows = [{name.lower(): plain(value) for name, value in row.items()} for row in rows]\n\
        print(json.dumps(rows, default=float))\n";
    let environment = support::python_environment("test");
    let output = Command::new(environment.python)
        .args(["-c", SCRIPT, query])
        .env("PYTHONPATH", environment.pythonpath)
        .env("SQLFLOW_DATASOURCE", datasource)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a program leaves is the same on every database as on DuckDB.
#[test]
fn program_does_the_same_on_every_database() {
    const RESULTS: [&str; 5] = [
        "SELECT * FROM iris.gbtree_prediction ORDER BY id",
        "SELECT * FROM iris.logistic_prediction ORDER BY id",
        "SELECT * FROM iris.evaluation ORDER BY 1",
        "SELECT * FROM iris.production ORDER BY product",
        "SELECT COUNT(*) AS explained FROM iris.explanation",
    ];
    let servers = Servers::start();
    let postgresql = servers.variables["SQLFLOWC_TEST_POSTGRESQL"].clone();
    let datasources = [
        "duckdb:///data.duckdb".to_owned(),
        "sqlite:///data.sqlite".to_owned(),
        servers.variables["SQLFLOWC_TEST_MARIADB"].clone(),
        postgresql,
    ];
    let mut expected: Option<Vec<Value>> = None;
    for datasource in &datasources {
        let folder = tempfile::tempdir().unwrap();
        let has_schemas = !datasource.starts_with("sqlite:");
        std::fs::write(folder.path().join("program.sql"), iris(has_schemas)).unwrap();
        // The second time on what the first has left: tables are replaced.
        let is_server = !datasource.contains(":///");
        for _ in 0..1 + usize::from(is_server) {
            let output = run(folder.path(), datasource);
            let (out, err) = (text(&output.stdout), text(&output.stderr));
            assert_eq!(output.status.code(), Some(0), "{datasource}\n{out}\n{err}");
            assert!(!err.contains("p%40ss") && !out.contains("p%40ss"), "{err}");
        }
        let place = folder.path().display();
        let absolute = datasource.replace(":///data", &format!(":///{place}/data"));
        let found: Vec<Value> = RESULTS
            .iter()
            .map(|query| match has_schemas {
                true => rows(&absolute, query),
                false => rows(&absolute, &query.replace("iris.", "iris_")),
            })
            .collect();
        match &expected {
            None => {
                assert_eq!(found[0].as_array().unwrap().len(), 30);
                expected = Some(found);
            }
            Some(expected) => {
                for (query, (found, expected)) in RESULTS.iter().zip(found.iter().zip(expected)) {
                    assert_eq!(found, expected, "{query} on {datasource}");
                }
            }
        }
        let pulled = Command::new(env!("CARGO_BIN_EXE_sqlflowc"))
            .args(["schema", "pull", "--datasource", &absolute])
            .output()
            .unwrap();
        assert!(pulled.status.success(), "{}", text(&pulled.stderr));
        let schema = text(&pulled.stdout);
        assert!(schema.contains("gbtree_prediction"), "{schema}");
        assert!(schema.contains("petal_length"), "{schema}");
    }
}
