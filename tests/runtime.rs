//! The step runtime's own checks, in the environment that the compiler
//! prepares for them.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::process::Command;

/// Runs a module of the test environment in `runtime/`.
fn check(module: &str, arguments: &[&str]) {
    let environment = support::python_environment("test");
    let status = Command::new(environment.python)
        .args(["-m", module])
        .args(arguments)
        .current_dir(support::root().join("runtime"))
        .env("OMP_WAIT_POLICY", "PASSIVE")
        // Caches of tools are no part of the tree.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status()
        .unwrap();
    assert!(status.success(), "{module} found something in runtime/");
}

#[test]
fn tests() {
    check("pytest", &["-q", "-p", "no:cacheprovider"]);
}

#[test]
fn types() {
    check("mypy", &["--cache-dir", "/dev/null"]);
    check("mypy", &["--cache-dir", "/dev/null", "../tests/databases"]);
    check("mypy", &["--cache-dir", "/dev/null", "../tests/libraries"]);
}

#[test]
fn lint() {
    check(
        "ruff",
        &[
            "check",
            "--no-cache",
            "--config",
            "pyproject.toml",
            ".",
            "../tests/databases",
            "../tests/libraries",
        ],
    );
}

#[test]
fn format() {
    check(
        "ruff",
        &[
            "format",
            "--check",
            "--no-cache",
            "--config",
            "pyproject.toml",
            ".",
            "../tests/databases",
            "../tests/libraries",
        ],
    );
}
