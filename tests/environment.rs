//! The Python environment of steps: prepared by several programs at once, killed while it is made,
//! and damaged. In a cache of the tests' own, with the packages that were downloaded before.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// A cache folder without environments.
struct Cache {
    folder: tempfile::TempDir,
    downloaded: PathBuf,
}

impl Cache {
    fn new() -> Cache {
        let python = support::python_environment("core").python;
        Cache {
            folder: tempfile::tempdir().unwrap(),
            // CACHE/environments/HASH/bin/python
            downloaded: python.ancestors().nth(4).unwrap().to_owned(),
        }
    }

    fn prepare(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sqlflowc"));
        command
            .arg("environment")
            .env("SQLFLOWC_CACHE_DIR", self.folder.path())
            .env("UV_CACHE_DIR", self.downloaded.join("uv"))
            .env("PIP_CACHE_DIR", self.downloaded.join("pip"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn environments(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("environments")) else {
            return Vec::new();
        };
        let folders = entries.map(|entry| entry.unwrap().path());
        folders.filter(|path| path.is_dir()).collect()
    }
}

/// Returns where an environment's interpreter is, which imports what steps need.
fn python(output: &Output) -> PathBuf {
    let said = said(output);
    assert!(output.status.success(), "{said}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["bytes"].as_u64() > Some(100_000_000), "{document}");
    let python = PathBuf::from(document["python"].as_str().unwrap());
    let runtime = document["pythonpath"].as_str().unwrap();
    let imports = "import duckdb, sklearn, skops.io, sqlflow_runtime, xgboost";
    let status = Command::new(&python)
        .args(["-c", imports])
        .env("PYTHONPATH", runtime)
        .status()
        .unwrap();
    assert!(status.success(), "{said}");
    python
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The files of packages, sorted.
fn packages(environment: &Path) -> Vec<PathBuf> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("__pycache__") {
                collect(&path, found);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(&environment.join("lib"), &mut found);
    found.sort();
    found
}

#[test]
fn it_is_made_once_and_made_again_when_it_is_damaged() {
    let cache = Cache::new();

    // Killed at moments between the start and the end, with the installer or without.
    for milliseconds in [30, 300, 900, 1500, 2500] {
        let mut child = cache.prepare().spawn().unwrap();
        thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    let children: Vec<_> = (0..3).map(|_| cache.prepare().spawn().unwrap()).collect();
    let outputs: Vec<_> = children
        .into_iter()
        .map(|child| child.wait_with_output().unwrap())
        .collect();
    let pythons: Vec<_> = outputs.iter().map(python).collect();
    assert!(pythons.iter().all(|python| *python == pythons[0]));
    let made = outputs
        .iter()
        .filter(|output| said(output).contains("preparing Python"));
    assert!(made.count() <= 1, "one of them makes it, the others wait");
    let environment = pythons[0].ancestors().nth(2).unwrap();
    assert_eq!(cache.environments(), [environment], "nothing else is left");

    // What is there is taken as it is.
    let again = cache.prepare().output().unwrap();
    assert_eq!(said(&again), "");

    let files = packages(environment);
    assert!(files.len() > 2000, "{}", files.len());
    for damage in [0, 1] {
        // Every 400th file, others each time.
        for file in files.iter().skip(damage * 7).step_by(400) {
            fs::remove_file(file).unwrap();
        }
        let repaired = cache.prepare().output().unwrap();
        assert!(
            said(&repaired).contains("is damaged"),
            "{}",
            said(&repaired)
        );
        python(&repaired);
        let missing: Vec<_> = files.iter().filter(|file| !file.exists()).collect();
        assert_eq!(missing, Vec::<&PathBuf>::new());
    }
    fs::remove_file(&pythons[0]).unwrap();
    python(&cache.prepare().output().unwrap());

    // The runtime itself.
    let document: Value =
        serde_json::from_slice(&cache.prepare().output().unwrap().stdout).unwrap();
    let runtime = PathBuf::from(document["pythonpath"].as_str().unwrap());
    fs::write(runtime.join("sqlflow_runtime/_errors.py"), "").unwrap();
    fs::remove_file(runtime.join("sqlflow_runtime/store/_store.py")).unwrap();
    python(&cache.prepare().output().unwrap());

    let listed = cache.prepare().arg("--list").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let line = listed.lines().last().unwrap();
    assert!(line.starts_with("core "), "{listed}");
    assert!(
        line.contains(" MiB ") && line.contains(" today "),
        "{listed}"
    );
    assert!(
        line.ends_with(&environment.display().to_string()),
        "{listed}"
    );
}

/// Where the packages' index has no `uv` for the machine. Takes minutes: `cargo test --test
/// environment -- --ignored`.
#[test]
#[ignore = "installs everything by pip"]
fn pip_makes_up_for_a_missing_uv() {
    let cache = Cache::new();
    let path = std::env::var_os("PATH").unwrap();
    let without_uv = std::env::split_paths(&path).filter(|folder| !folder.join("uv").exists());
    let nowhere = cache.folder.path().join("constraint.txt");
    fs::write(&nowhere, "uv==0.0.1\n").unwrap();
    let output = cache
        .prepare()
        .env("PATH", std::env::join_paths(without_uv).unwrap())
        .env("PIP_CONSTRAINT", &nowhere)
        .output()
        .unwrap();
    assert!(
        said(&output).contains("there is no uv for this machine"),
        "{}",
        said(&output)
    );
    python(&output);
}
