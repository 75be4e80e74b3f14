//! The binary: exit statuses, streams, and what bad input is told.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::fs;
use std::path::Path;

use assert_cmd::Command;

/// What a command did, as a person at a terminal sees it.
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

fn sqlflowc(arguments: &[&str], input: &[u8]) -> Ran {
    sqlflowc_in(support::root(), arguments, input)
}

fn sqlflowc_in(folder: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_sqlflowc"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("SQLFLOWC_DIALECT")
        .env_remove("SQLFLOWC_IMAGE")
        .env_remove("SQLFLOW_DATASOURCE")
        .env_remove("SQLFLOW_MODEL_STORE")
        .env_remove("SQLFLOWC_PROFILE")
        .env_remove("SQLFLOWC_CONFIG")
        .write_stdin(input)
        .output()
        .unwrap();
    Ran {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

const IRIS: &str = "examples/iris/program.sql";

#[test]
fn an_artifact_goes_to_standard_output_and_nothing_else_does() {
    for target in ["argo", "tekton", "local", "ir", "plan"] {
        let ran = sqlflowc(&["compile", IRIS, "--target", target], b"");
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{target}");
        assert!(ran.stdout.ends_with('\n'), "{target}");
    }
}

#[test]
fn standard_input_is_a_program() {
    let program = fs::read(support::root().join(IRIS)).unwrap();
    let from_file = sqlflowc(&["compile", IRIS, "-t", "plan"], b"");
    let from_input = sqlflowc(&["compile", "-", "-t", "plan"], &program);
    assert_eq!(from_input.stdout, from_file.stdout);
}

#[test]
fn errors_of_the_program_exit_with_1_and_print_no_artifact() {
    let ran = sqlflowc(
        &["compile", "-", "-t", "argo"],
        b"SELECT 1 FROM t TO TRAIN nope LABEL y INTO m;",
    );
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    insta::assert_snapshot!(ran.stderr, @"
    error[E0302]: no estimator is named `nope`
     --> <stdin>:1:26
      |
    1 | SELECT 1 FROM t TO TRAIN nope LABEL y INTO m;
      |                          ^^^^
      |
      = help: `sqlflowc models` lists what this release trains
    ");
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &["compile", IRIS][..],
        &["compile", IRIS, "-t", "airflow"],
        &["compile", IRIS, "-t", "argo", "--check"],
        &["compile", IRIS, "-t", "argo", "--name", "Not A Name"],
        &[
            "compile",
            IRIS,
            "-t",
            "argo",
            "--datasource-secret",
            "postgres://u:p@h/d",
        ],
        &["compile", IRIS, "-t", "argo", "--namespace", "kube.system"],
        &["compile", IRIS, "-t", "argo", "--image", "Team/Image"],
        &["compile", IRIS, "-t", "argo", "--self-contained"],
        &["compile", IRIS, "-t", "local", "--namespace", "ml"],
        &["check"],
        &["run", IRIS, "--jobs", "0"],
        &["nonsense"],
    ] {
        let ran = sqlflowc(arguments, b"");
        assert_eq!(ran.status, 2, "{arguments:?}");
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
        assert!(!ran.stderr.contains("u:p@h"), "a secret is never repeated");
    }
}

#[test]
fn what_cannot_be_read_exits_with_3_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("latin1.sql"),
        b"SELECT 1;\nSELECT 'caf\xe9';\n",
    )
    .unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let mut said = String::new();
    for program in ["missing.sql", "folder", "latin1.sql"] {
        let ran = sqlflowc_in(folder.path(), &["check", program], b"");
        assert_eq!((ran.status, ran.stdout.as_str()), (3, ""), "{program}");
        said += &ran.stderr;
    }
    insta::assert_snapshot!(said, @"
    error: `missing.sql` cannot be read: No such file or directory (os error 2)
    error: `folder` is a folder; name the program's file, such as `folder/program.sql`
    error: `latin1.sql` is not UTF-8 text: byte 21, on line 2, fits no character; convert the file, for example with `iconv -t UTF-8`
    ");
}

#[test]
fn one_unreadable_program_hides_no_other() {
    let ran = sqlflowc(
        &["check", "missing.sql", "-", "--format", "json"],
        b"SELEC 1;",
    );
    assert_eq!(ran.status, 3);
    let line: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(line["code"], "E0201");
}

#[test]
fn diagnostics_have_the_forms_that_tools_read() {
    let program = b"SELECT 1;\n\tSELEC \xc3\xa4, 1;\n";
    let ran = sqlflowc(&["check", "-", "--format", "json"], program);
    insta::assert_snapshot!(ran.stdout, @r#"{"code":"E0201","severity":"error","message":"expected an SQL statement, found `SELEC`","file":"<stdin>","line":2,"column":2,"end_line":2,"end_column":7,"help":"did you mean `SELECT`?"}"#);
    let ran = sqlflowc(&["check", "-", "--format", "github"], program);
    insta::assert_snapshot!(ran.stdout, @"::error file=<stdin>,line=2,endLine=2,col=2,endColumn=7,title=E0201::expected an SQL statement, found `SELEC`%0Adid you mean `SELECT`?");
    let ran = sqlflowc(&["check", "-", "--format", "sarif"], program);
    let log: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let region = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], 2);
    assert_eq!(region["startColumn"], 2);
}

#[test]
fn check_finds_nothing_in_the_examples() {
    for program in support::examples() {
        let ran = sqlflowc(&["check", program.to_str().unwrap()], b"");
        assert_eq!(
            (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
            (0, "", "")
        );
    }
}

#[test]
fn a_stale_artifact_fails_the_check_and_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("iris.yaml");
    let file = file.to_str().unwrap();
    let arguments = ["compile", IRIS, "-t", "argo", "-o", file];
    let check = [&arguments[..], &["--check"]].concat();
    assert_eq!(sqlflowc(&check, b"").status, 1, "it is missing");
    assert_eq!(sqlflowc(&arguments, b"").status, 0);
    assert_eq!(sqlflowc(&check, b"").status, 0);
    fs::write(file, "old").unwrap();
    let ran = sqlflowc(&check, b"");
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("is stale"), "{}", ran.stderr);
    assert!(ran.stderr.contains("\n     1 | - old\n"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("       | + apiVersion: "),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.ends_with(" lines more\n"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(file).unwrap(), "old");
}

#[cfg(unix)]
#[test]
fn the_program_is_not_overwritten_and_a_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("p.sql");
    fs::write(&program, "SELECT 1").unwrap();
    let ran = sqlflowc_in(
        folder.path(),
        &["compile", "p.sql", "-t", "argo", "-o", "p.sql"],
        b"",
    );
    assert_eq!(ran.status, 2);
    assert_eq!(fs::read_to_string(&program).unwrap(), "SELECT 1");

    fs::write(folder.path().join("target.yaml"), "old").unwrap();
    std::os::unix::fs::symlink("target.yaml", folder.path().join("link.yaml")).unwrap();
    let ran = sqlflowc_in(
        folder.path(),
        &["compile", "p.sql", "-t", "argo", "-o", "link.yaml"],
        b"",
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let written = fs::read_to_string(folder.path().join("target.yaml")).unwrap();
    assert!(written.starts_with("# Generated by"));
    assert!(folder.path().join("link.yaml").is_symlink());
}

#[test]
fn an_artifact_that_cannot_be_written_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/iris.yaml");
    let ran = sqlflowc(
        &[
            "compile",
            IRIS,
            "-t",
            "argo",
            "-o",
            missing.to_str().unwrap(),
        ],
        b"",
    );
    assert_eq!(ran.status, 3);
    assert!(ran.stderr.contains("cannot be written"), "{}", ran.stderr);

    let file = folder.path().join("iris.yaml");
    fs::write(&file, "old").unwrap();
    let ran = sqlflowc(
        &["compile", "-", "-t", "argo", "-o", file.to_str().unwrap()],
        b"SELEC 1",
    );
    assert_eq!(ran.status, 1);
    assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    let ran = sqlflowc(&["compile", IRIS, "-t", "argo", "-o", "/dev/full"], b"");
    assert_eq!(ran.status, 3, "the disk is full");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left over"
    );
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = sqlflowc(&["completions", shell], b"");
        assert_eq!(ran.status, 0);
        assert!(ran.stdout.contains("self-contained"), "{shell}");
    }
}

#[test]
fn codes_are_explained() {
    let ran = sqlflowc(&["explain", "e0301"], b"");
    assert_eq!(ran.status, 0);
    assert!(ran.stdout.starts_with("# E0301: "), "{}", ran.stdout);
    let ran = sqlflowc(&["explain", "E9999"], b"");
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
}

#[test]
fn estimators_are_listed_with_their_attributes() {
    let ran = sqlflowc(&["models"], b"");
    assert!(ran.stdout.contains("DNNClassifier"), "{}", ran.stdout);
    let ran = sqlflowc(&["models", "XGBOOST.GBTREE"], b"");
    assert!(ran.stdout.contains("max_depth"), "{}", ran.stdout);
    let ran = sqlflowc(&["models", "KMean"], b"");
    assert_eq!(ran.status, 1);
    let ran = sqlflowc(&["models", "sklearn.cluster.DBSCAN"], b"");
    assert!(
        ran.stderr.contains("says nothing of rows"),
        "{}",
        ran.stderr
    );
    let ran = sqlflowc(&["models", "xgboost.gbtre"], b"");
    assert_eq!(ran.status, 1);
    assert_eq!(
        ran.stderr,
        "error: no estimator is named `xgboost.gbtre`; did you mean `xgboost.gbtree`?\n"
    );
}

#[test]
fn a_plan_is_drawn_and_explained() {
    let ran = sqlflowc(&["plan", IRIS, "--ascii"], b"");
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.is_ascii() && ran.stdout.contains("critical path (*): 6 steps"));
    let ran = sqlflowc(&["plan", IRIS, "--why"], b"");
    assert!(
        ran.stdout
            .contains("    after create-iris-raw: read-after-write on table iris.raw")
    );
    let ran = sqlflowc(
        &["plan", IRIS, "--why", "train-iris-dnn", "train-iris-dn"],
        b"",
    );
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.starts_with("train-iris-dnn  train  lines"),
        "{}",
        ran.stdout
    );
    assert_eq!(
        ran.stderr,
        "error: no step is named `train-iris-dn`; did you mean `train-iris-dnn`?\n"
    );
    for wrong in [
        &["plan", IRIS, "train-iris-dnn"][..],
        &["plan", IRIS, "--why", "--format", "svg"],
    ] {
        assert_eq!(sqlflowc(wrong, b"").status, 2, "{wrong:?}");
    }
}

#[test]
fn programs_are_formatted_in_place_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let canonical = "SELECT * FROM t\r\nTO EXPLAIN m;\r\n";
    write("done.sql", canonical);
    write("a.sql", "SELECT * FROM t TO EXPLAIN m\r\n");
    write("b.sql", "SELECT 1 ;\nSELEC 2 ;\n");

    let all = ["done.sql", "a.sql", "b.sql"];
    let ran = sqlflowc_in(
        folder.path(),
        &[&["fmt", "--check"], &all[..]].concat(),
        b"",
    );
    assert_eq!((ran.status, ran.stdout.as_str()), (1, "a.sql\nb.sql\n"));
    assert!(ran.stderr.contains("error[E0201]"), "{}", ran.stderr);
    let ran = sqlflowc_in(folder.path(), &["fmt", "--diff", "b.sql"], b"");
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stdout, @"
    --- b.sql
    +++ b.sql (canonical)
    @@ -1,2 +1,2 @@
    -SELECT 1 ;
    +SELECT 1;
     SELEC 2 ;
    ");
    assert_eq!(
        read("b.sql"),
        "SELECT 1 ;\nSELEC 2 ;\n",
        "nothing is written"
    );

    let ran = sqlflowc_in(folder.path(), &["fmt", "a.sql", "done.sql"], b"");
    assert_eq!(
        (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, "", "")
    );
    assert_eq!(read("a.sql"), canonical);
    let ran = sqlflowc_in(folder.path(), &["fmt", "--check", "a.sql", "done.sql"], b"");
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""));

    let ran = sqlflowc_in(folder.path(), &["fmt", "missing.sql", "b.sql"], b"");
    assert_eq!(ran.status, 3);
    assert_eq!(
        read("b.sql"),
        "SELECT 1;\nSELEC 2 ;\n",
        "neither the file that is missing nor the statement that is none keeps others from it"
    );
    let ran = sqlflowc(&["fmt", "-"], b"\xef\xbb\xbfSELECT 1");
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "\u{feff}SELECT 1;\n")
    );
}
