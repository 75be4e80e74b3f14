//! Model stores in object storage, on a real server of the S3 protocol: the runtime's tests of
//! stores, and programs and `sqlflowc model` on one. The server comes as a Go module, pinned in
//! `go.mod`, so `cargo test` leaves this out: `cargo test --test object_storage`.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const SERVER: &str = "github.com/versity/versitygw/cmd/versitygw";
const BUCKET: &str = "models";
const START: Duration = Duration::from_secs(60);

/// A server with one bucket; it is stopped in the end.
struct Server {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Server {
    fn start() -> Server {
        let program = build();
        let folder = tempfile::tempdir().unwrap();
        for name in [&format!("data/{BUCKET}"), "attributes"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let port = free_port();
        let child = Command::new(program)
            .args(["--port", &format!("127.0.0.1:{port}"), "--quiet"])
            // Not every file system has room for attributes beside a file.
            .args(["posix", "--sidecar"])
            .arg(folder.path().join("attributes"))
            .arg(folder.path().join("data"))
            .env("ROOT_ACCESS_KEY", "tester")
            .env("ROOT_SECRET_KEY", "secret of the tests")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(started.elapsed() < START, "the server does not answer");
            thread::sleep(Duration::from_millis(20));
        }
        Server {
            child,
            port,
            _folder: folder,
        }
    }

    /// What the steps of a user would find in their environment.
    fn variables(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ACCESS_KEY_ID", "tester".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret of the tests".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            (
                "AWS_ENDPOINT_URL",
                format!("http://127.0.0.1:{}", self.port),
            ),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Builds the server once, in the cache of the tests.
fn build() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    let program = cache.join("sqlflowc-tests/object_storage/versitygw");
    let status = Command::new("go")
        .args(["build", "-trimpath", "-p", "2", "-o"])
        .args([program.as_os_str(), SERVER.as_ref()])
        .current_dir(support::root().join("tests/object_storage"))
        .status()
        .unwrap();
    assert!(status.success(), "the server cannot be built");
    program
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn stores() {
    let server = Server::start();
    let environment = support::python_environment("test");
    let status = Command::new(environment.python)
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
        .args(["tests/test_store.py", "tests/test_store_remote.py"])
        .args(["-k", "s3 or remote"])
        .current_dir(support::root().join("runtime"))
        .envs(server.variables())
        .env("SQLFLOWC_TEST_S3", format!("s3://{BUCKET}"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status()
        .unwrap();
    assert!(status.success(), "object storage is no model store");
}

#[test]
fn programs_keep_their_models_there() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let sqlflowc = |arguments: &[&str]| -> Output {
        Command::new(env!("CARGO_BIN_EXE_sqlflowc"))
            .args(arguments)
            .current_dir(folder.path())
            .envs(server.variables())
            .env("SQLFLOW_MODEL_STORE", format!("s3://{BUCKET}/of/programs"))
            .env_remove("SQLFLOW_DATASOURCE")
            .env("NO_COLOR", "1")
            .output()
            .unwrap()
    };
    let done = |output: Output| -> String {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    let program = "
        CREATE TABLE points AS SELECT range AS x, range * 2.0 AS y FROM range(20);
        SELECT * FROM points TO TRAIN xgboost.XGBRegressor LABEL y INTO doubles;
        SELECT * FROM points TO PREDICT guessed.y USING doubles;
    ";
    fs::write(folder.path().join("program.sql"), program).unwrap();
    done(sqlflowc(&["run", "program.sql"]));

    let listed: serde_json::Value =
        serde_json::from_str(&done(sqlflowc(&["model", "list", "--format", "json"]))).unwrap();
    assert_eq!(listed["store"], format!("s3://{BUCKET}/of/programs"));
    assert_eq!(listed["models"][0]["name"], "doubles");
    done(sqlflowc(&["model", "pull", "doubles", "copies"]));
    done(sqlflowc(&["model", "delete", "doubles", "--yes"]));
    assert_eq!(
        sqlflowc(&["model", "show", "doubles"]).status.code(),
        Some(1)
    );
    done(sqlflowc(&["model", "push", "doubles", "copies"]));
    done(sqlflowc(&["model", "show", "doubles"]));
}
