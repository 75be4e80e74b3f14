//! What is too large for a cluster is said before the cluster says it.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::fmt::Write;

use serde_json::Value;
use sqlflowc::backend::Target;
use sqlflowc::compile;
use sqlflowc::diagnostic::{Code, Diagnostics, Format, render};
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

fn compile(text: String, target: Target) -> (Option<String>, Diagnostics, SourceFile) {
    let source = SourceFile::new("program.sql", text);
    let options = support::options("limits", &source);
    let (artifact, diagnostics) = compile::compile(&source, Dialect::DuckDb, target, &options);
    (artifact, diagnostics, source)
}

fn codes(diagnostics: &Diagnostics) -> Vec<Code> {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect()
}

#[test]
fn a_workflow_of_more_than_199_steps_shares_templates() {
    let templates = |count: usize| {
        let (artifact, ..) = compile(support::statements(count), Target::Argo);
        let manifest: Value = serde_saphyr::from_str(&artifact.unwrap()).unwrap();
        assert_eq!(support::argo_tasks(&manifest).len(), count);
        manifest["spec"]["templates"].as_array().unwrap().len()
    };
    assert_eq!(templates(199), 200);
    // The entry, its part and the one template for queries.
    assert_eq!(templates(200), 3);
    assert_eq!(templates(201), 4);
    assert_eq!(templates(2000), 12);
}

#[test]
fn templates_that_cannot_be_shared_are_counted() {
    let own = |number: usize| {
        format!(
            "-- sqlflowc: memory={}Mi\nCREATE TABLE t{number} AS SELECT 1 AS x;\n",
            number + 1
        )
    };
    let (artifact, diagnostics, source) = compile((0..200).map(own).collect(), Target::Argo);
    assert!(artifact.is_none());
    insta::assert_snapshot!(
        render(&source, &diagnostics, Format::Human { colour: false }),
        @r"
    error[E0503]: the program's 200 steps need 202 templates and an Argo Workflow takes 200
       --> program.sql:400:1
        |
    400 | CREATE TABLE t199 AS SELECT 1 AS x;
        | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        |
        = help: steps with the same settings share a template; give fewer steps settings of their own, or split the program into several
    "
    );
}

#[test]
fn a_workflow_leaves_room_for_its_status() {
    let (artifact, diagnostics, source) = compile(support::statements(3000), Target::Argo);
    assert!(artifact.is_none());
    insta::assert_snapshot!(
        render(&source, &diagnostics, Format::Human { colour: false }),
        @r"
    error[E0502]: the manifest of 3000 steps is 869110 bytes as JSON, 1320164 with what the cluster keeps beside it, and a cluster takes 1024000
        --> program.sql:3000:1
         |
    3000 | CREATE TABLE filling_2999 AS SELECT 1 AS x;
         | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
         |
         = help: split the program into several and run them one after another, or keep long data out of the statements
    "
    );
}

#[test]
fn a_step_holds_96_kibibytes() {
    let literal = |size: usize| format!("SELECT '{}';", "x".repeat(size));
    for target in [Target::Argo, Target::Tekton] {
        let (artifact, _, _) = compile(literal(90_000), target);
        assert!(artifact.is_some());
        let (artifact, diagnostics, _) = compile(literal(100_000), target);
        assert!(artifact.is_none());
        assert_eq!(codes(&diagnostics), [Code::StepTooLarge]);
    }
    let (artifact, _, _) = compile(literal(1_000_000), Target::Local);
    assert!(artifact.is_some(), "a script on a disk has no such limit");
}

#[test]
fn a_manifest_fits_a_cluster() {
    let mut text = String::new();
    for number in 0..20 {
        writeln!(
            text,
            "CREATE TABLE t{number} AS SELECT '{}' AS x;",
            "x".repeat(60_000)
        )
        .unwrap();
    }
    for target in [Target::Argo, Target::Tekton] {
        let (artifact, diagnostics, _) = compile(text.clone(), target);
        assert!(artifact.is_none());
        assert_eq!(codes(&diagnostics), [Code::ArtifactTooLarge]);
    }
}

#[test]
fn a_run_lasts_as_long_as_its_steps_may() {
    let program = "-- sqlflowc: timeout=48h retries=1\nSELECT 1;";
    let (argo, _, _) = compile(program.to_owned(), Target::Argo);
    assert!(
        argo.unwrap()
            .contains("\n  activeDeadlineSeconds: 432000\n")
    );
    let (tekton, _, _) = compile(program.to_owned(), Target::Tekton);
    assert!(tekton.unwrap().contains("\n    pipeline: \"432000s\"\n"));
}

#[test]
fn text_for_an_image_of_the_users_arrives_as_it_is_or_not_at_all() {
    let program = |text: &str, word: &str| {
        format!("SELECT '{text}' AS x FROM t TO RUN team/print:v1 CMD 'print', '{word}' INTO p;")
    };
    for target in [Target::Argo, Target::Tekton] {
        let (artifact, _, _) = compile(program("a {b} $c", "-x"), target);
        let artifact = artifact.unwrap();
        let container = &support::containers(&artifact, target)[0];
        assert_eq!(container["image"], "team/print:v1");
        assert_eq!(container["command"], serde_json::json!(["print", "-x"]));
        let variables = container["env"].as_array().unwrap();
        let select = "SELECT 'a {b} $c' AS x FROM t";
        assert_eq!(
            variables[0],
            serde_json::json!({"name": "SQLFLOW_TO_RUN_SELECT", "value": select})
        );
        for (text, word) in [("{{x}}", ""), ("$(x)", ""), ("", "$$"), ("$é", "")] {
            let (artifact, diagnostics, _) = compile(program(text, word), target);
            assert!(artifact.is_none());
            assert_eq!(codes(&diagnostics), [Code::TextRewritten]);
        }
    }
    let (artifact, _, _) = compile(program("{{x}}", "$$"), Target::Local);
    assert!(artifact.is_some());
}

#[test]
fn secrets_stay_out_of_manifests_and_messages() {
    let program = "ATTACH 'postgres://etl:hunter2@db.example.com/sales' AS sales;
SET s3_secret_access_key = 'wJalrXUtnFEMI';
SELECT * FROM users WHERE token = 'x';
";
    for target in [Target::Argo, Target::Tekton] {
        let (artifact, diagnostics, source) = compile(program.to_owned(), target);
        assert!(artifact.is_none());
        insta::allow_duplicates! {
            insta::assert_snapshot!(
                render(&source, &diagnostics, Format::Human { colour: false }),
                @r"
                error[E0505]: a password stands in the program, and would stand in the manifest
                --> program.sql:1:24
                 = help: manifests are shown to reviewers and kept in repositories: let the database keep the secret, or let it look into the step's environment

                error[E0505]: a secret stands in the program, and would stand in the manifest
                --> program.sql:2:28
                 = help: manifests are shown to reviewers and kept in repositories: let the database keep the secret, or let it look into the step's environment
                "
            );
        }
    }
    let (artifact, _, _) = compile(program.to_owned(), Target::Local);
    assert!(artifact.is_some(), "a script on a disk is the user's own");
    let wrong = "ATTACH 'postgres://etl:hunter2@db.example.com/sales' AS sales;; SELEC 1;
CREATE SECRET (TYPE s3, SECRET 'wJalrXUtnFEMI') 'wJalrXUtnFEMI';";
    let (_, diagnostics, source) = compile(wrong.to_owned(), Target::Argo);
    assert_eq!(codes(&diagnostics), [Code::SqlSyntax, Code::SqlSyntax]);
    for format in [
        Format::Human { colour: false },
        Format::Json,
        Format::Sarif,
        Format::Github,
    ] {
        let shown = render(&source, &diagnostics, format);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(!shown.contains("wJalr"), "{shown}");
    }
}
