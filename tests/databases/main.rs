//! The databases that need servers: the runtime's tests of its drivers, and programs from SQL to
//! results, and orders of steps; all on servers that are started for them. `cargo test --test databases`.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod orders;
mod programs;
#[path = "../support/mod.rs"]
mod support;

use std::process::Command;

/// Starts servers, runs a command beside them and stops them.
fn beside_servers() -> Command {
    let mut command = Command::new(support::root().join("tests/databases/servers.py"));
    command.args(["run", "--"]);
    command
}

#[test]
fn drivers() {
    let environment = support::python_environment("test");
    let status = beside_servers()
        .arg(environment.python)
        .args([
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/databases",
        ])
        .current_dir(support::root().join("runtime"))
        .env("OMP_WAIT_POLICY", "PASSIVE")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status()
        .unwrap();
    assert!(status.success(), "a driver does not do what it should");
}

#[test]
fn model_stores() {
    let environment = support::python_environment("test");
    let status = beside_servers()
        .arg(environment.python)
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
        .args(["tests/test_store.py", "-k", "postgresql or mysql"])
        .current_dir(support::root().join("runtime"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status()
        .unwrap();
    assert!(status.success(), "a database is no model store");
}
