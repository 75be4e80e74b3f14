//! Every example and every hostile program against the engines' own
//! validators and substitution. Needs Go, so `cargo test` leaves it out:
//! `cargo test --test engines`.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sqlflowc::backend::Target;
use sqlflowc::compile;
use sqlflowc::syntax::sql::Dialect;
use tempfile::TempDir;

/// The folder of the built validators.
fn programs() -> PathBuf {
    let output = Command::new(support::root().join("tests/engines/build"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the validators cannot be built: {said}"
    );
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// The manifests of all programs for one engine, in a folder of their own.
fn manifests(target: Target) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for path in [support::examples(), support::programs("hostile")].concat() {
        let source = support::source(&path);
        let name = source.name().replace('/', "-").replace(".sql", "");
        let options = support::options("engines", &source);
        let (artifact, diagnostics) = compile::compile(&source, Dialect::DuckDb, target, &options);
        let artifact = artifact.unwrap_or_else(|| panic!("{}: {diagnostics:?}", source.name()));
        let file = folder
            .path()
            .join(format!("{name}.{}.yaml", target.as_str()));
        fs::write(&file, artifact).unwrap();
        files.push(file);
    }
    (folder, files)
}

/// The arguments of a manifest's containers, as written.
fn written(file: &Path, target: Target) -> Vec<Value> {
    support::containers(&fs::read_to_string(file).unwrap(), target)
        .into_iter()
        .map(|container| container["args"].clone())
        .collect()
}

/// The arguments as the containers get them: after the engine's templates and
/// the kubelet.
fn substituted(validator: &Path, file: &Path) -> Vec<Value> {
    let output = Command::new(validator)
        .arg("--substitute")
        .arg(file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", file.display());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["args"].clone())
        .collect()
}

fn check(target: Target) {
    let validator = programs().join(format!("{}-validate", target.as_str()));
    let (_folder, files) = manifests(target);
    let output = Command::new(&validator).args(&files).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for file in &files {
        assert_eq!(
            substituted(&validator, file),
            written(file, target),
            "{} changes on its way to a container",
            file.display()
        );
    }
}

#[test]
fn argo_accepts_every_manifest_and_changes_no_text() {
    check(Target::Argo);
}

#[test]
fn tekton_accepts_every_manifest_and_changes_no_text() {
    check(Target::Tekton);
}
