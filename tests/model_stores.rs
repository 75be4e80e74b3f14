//! `sqlflowc model`, on stores that real trainings have filled.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
}

/// Runs `sqlflowc` in a folder, with a database there.
fn sqlflowc(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_sqlflowc"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("SQLFLOW_DATASOURCE")
        .env_remove("SQLFLOW_MODEL_STORE")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn done(folder: &Path, arguments: &[&str]) -> Ran {
    let ran = sqlflowc(folder, arguments);
    assert_eq!(ran.status, Some(0), "{}\n{}", ran.out, ran.err);
    ran
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    serde_json::from_str(&done(folder, &arguments).out).unwrap()
}

fn versions(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let listed = json(folder, &[&["model", "list", "doubles"], arguments].concat());
    listed["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["version"].as_str().unwrap().to_owned())
        .collect()
}

/// Trains `doubles` with so many rounds.
fn train(folder: &Path, rounds: usize, flags: &[&str]) {
    let program = format!(
        "CREATE OR REPLACE TABLE points AS SELECT range AS x, range * 2.0 AS y FROM range(20);
         SELECT * FROM points
         TO TRAIN xgboost.XGBRegressor WITH train.num_boost_round = {rounds}
         LABEL y INTO doubles;"
    );
    fs::write(folder.join("train.sql"), program).unwrap();
    done(folder, &[&["run", "train.sql"], flags].concat());
}

#[test]
fn a_store_is_looked_into_copied_and_cleared() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();

    let empty = done(folder, &["model", "list"]);
    assert_eq!(
        (empty.out.as_str(), empty.err.trim()),
        ("", "no models in .sqlflow/models")
    );
    let missing = sqlflowc(folder, &["model", "show", "doubles"]);
    assert_eq!(missing.status, Some(1));
    assert_eq!(
        missing.err,
        "error: no model `doubles` in .sqlflow/models\nhelp: no model has been trained there yet\n"
    );

    for rounds in 1..=3 {
        train(folder, rounds, &[]);
    }
    let listed = json(folder, &["model", "list"]);
    let model = &listed["models"][0];
    assert_eq!(model["name"], "doubles");
    assert_eq!(model["estimator"], "xgboost.XGBRegressor");
    assert_eq!(model["rows"], 20);
    assert_eq!(model["versions"], 3);
    assert!(model["metrics"]["train_rmse"].is_number(), "{model}");
    let trained = versions(folder, &[]);
    assert_eq!(trained.len(), 3);
    assert_eq!(model["version"], trained[0], "the latest one comes first");

    let text = done(folder, &["model", "list", "doubles"]).out;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        [
            "model",
            "version",
            "published",
            "estimator",
            "rows",
            "metrics",
            "size",
            "latest"
        ]
    );
    assert!(
        lines[2].contains(&trained[0]) && lines[2].ends_with("latest"),
        "{text}"
    );
    assert!(
        lines[4].contains(&trained[2]) && !lines[4].ends_with("latest"),
        "{text}"
    );

    // The card is of the version that was asked for.
    let oldest = format!("doubles@{}", &trained[2][..10]);
    let card = done(folder, &["model", "show", &oldest]).out;
    assert!(card.contains(&format!("doubles@{}", trained[2])), "{card}");
    assert!(card.contains("train.num_boost_round = 1"), "{card}");
    assert!(card.contains("1 rounds in"), "{card}");
    let shown = json(folder, &["model", "show", &oldest]);
    assert_eq!(shown["document"]["format"], 2);
    assert_eq!(shown["versions"].as_array().unwrap().len(), 3);

    // A version of its own, in a program.
    let predict = format!("SELECT * FROM points TO PREDICT guessed.y USING {oldest};");
    fs::write(folder.join("predict.sql"), predict).unwrap();
    done(folder, &["run", "predict.sql"]);

    let to = ["--model-store", "file:copies"];
    done(folder, &["model", "pull", &oldest, "copies"]);
    assert_eq!(versions(folder, &to), trained[2..]);
    done(folder, &["model", "pull", "doubles", "database:"]);
    assert_eq!(
        versions(folder, &["--model-store", "database:"]),
        trained[..1]
    );
    done(
        folder,
        &[
            "model",
            "push",
            "doubles",
            "database:",
            "--model-store",
            "file:copies",
        ],
    );
    assert_eq!(versions(folder, &to), [&*trained[0], &*trained[2]]);

    let refused = sqlflowc(folder, &["model", "delete", "doubles"]);
    assert_eq!(refused.status, Some(2));
    assert_eq!(
        refused.err,
        "error: this would delete 3 versions of `doubles` in .sqlflow/models; say so with `--yes`, \
         or type its name on a terminal\n"
    );
    assert_eq!(versions(folder, &[]), trained);
    done(
        folder,
        &["model", "delete", "doubles", "--keep", "2", "--yes"],
    );
    assert_eq!(versions(folder, &[]), trained[..2]);
    done(folder, &["model", "delete", "doubles", "--keep", "2"]);
    let latest = format!("doubles@{}", trained[0]);
    done(folder, &["model", "delete", &latest, "--yes"]);
    assert_eq!(versions(folder, &[]), trained[1..2]);
    let both = sqlflowc(folder, &["model", "delete", &latest, "--keep", "1"]);
    assert_eq!(both.status, Some(2));
    done(folder, &["model", "delete", "doubles", "--yes"]);
    assert_eq!(
        sqlflowc(folder, &["model", "list", "doubles"]).status,
        Some(1)
    );
}

#[test]
fn a_model_that_cannot_be_used_hides_none_of_the_others() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    train(folder, 1, &[]);
    train(folder, 2, &[]);
    let trained = versions(folder, &[]);
    let document = format!(".sqlflow/models/doubles/{}/model.json", trained[1]);
    fs::write(folder.join(document), "{}").unwrap();
    let listed = json(folder, &["model", "list", "doubles"]);
    assert_eq!(listed["models"][0]["problem"], Value::Null);
    assert_eq!(
        listed["models"][1]["problem"],
        "the model `doubles` is refused: its model.json is not what was published"
    );
    let broken = format!("doubles@{}", trained[1]);
    assert_eq!(
        sqlflowc(folder, &["model", "show", &broken]).status,
        Some(3)
    );
    let pulled = sqlflowc(folder, &["model", "pull", &broken, "copies"]);
    assert_eq!(pulled.status, Some(3));
    assert!(!folder.join("copies/doubles").exists());
    done(folder, &["model", "delete", &broken, "--yes"]);
    assert_eq!(versions(folder, &[]), trained[..1]);
}

/// `script` gives the program a terminal.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_the_name_is_asked_for() {
    use std::io::Write as _;

    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    train(folder, 1, &[]);
    let answer = |text: &str| -> (Option<i32>, String) {
        let command = format!("{} model delete doubles", env!("CARGO_BIN_EXE_sqlflowc"));
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(folder)
            .env_remove("SQLFLOW_MODEL_STORE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "{text}").unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), said)
    };
    let (status, said) = answer("double");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("type `doubles` to go on"), "{said}");
    assert!(
        said.contains("that is another name; nothing was deleted"),
        "{said}"
    );
    assert_eq!(versions(folder, &[]).len(), 1);
    let (status, said) = answer("doubles");
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(
        sqlflowc(folder, &["model", "list", "doubles"]).status,
        Some(1)
    );
}
