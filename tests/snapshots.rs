//! Every example through every stage, and every failing program's message.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use insta::{Settings, assert_snapshot};
use sqlflowc::backend::Target;
use sqlflowc::configuration::{Configuration, Failure};
use sqlflowc::diagnostic::{Code, Format, render};
use sqlflowc::plan;
use sqlflowc::syntax::sql::{self, Dialect};
use sqlflowc::{compile, syntax};

const STAGES: [&str; 7] = [
    "1-tokens", "2-ast", "3-ir", "4-plan", "5-argo", "5-tekton", "5-local",
];

fn dump(stage: &str, program: &Path) -> String {
    let source = support::source(program);
    let dialect = Dialect::DuckDb;
    let artifact = |target| {
        let options = support::options(&support::example_name(program), &source);
        let (artifact, diagnostics) = compile::compile(&source, dialect, target, &options);
        artifact.unwrap_or_else(|| panic!("{diagnostics:?}"))
    };
    match stage {
        "1-tokens" => syntax::show_tokens(&source, &sql::tokenize(&source, dialect).0),
        "2-ast" => {
            let (program, _) = syntax::parse(&source, dialect);
            serde_json::to_string_pretty(&program).unwrap()
        }
        "3-ir" => artifact(Target::Ir),
        "4-plan" => {
            let (plan, diagnostics) = compile::plan(&source, dialect);
            let plan = plan.unwrap_or_else(|| panic!("{diagnostics:?}"));
            plan::show(&plan, plan::Format::Reasons)
        }
        "5-argo" => artifact(Target::Argo),
        "5-tekton" => artifact(Target::Tekton),
        "5-local" => artifact(Target::Local),
        _ => panic!("no stage is called {stage}"),
    }
}

fn check(stage: &str) {
    for program in support::examples() {
        let mut settings = Settings::clone_current();
        let folder = format!("../snapshots/{}", support::example_name(&program));
        settings.set_snapshot_path(folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| assert_snapshot!(stage, dump(stage, &program)));
    }
}

#[test]
fn tokens() {
    check("1-tokens");
}

#[test]
fn ast() {
    check("2-ast");
}

#[test]
fn ir() {
    check("3-ir");
}

#[test]
fn plans() {
    check("4-plan");
}

#[test]
fn argo() {
    check("5-argo");
}

#[test]
fn tekton() {
    check("5-tekton");
}

#[test]
fn local() {
    check("5-local");
}

#[test]
fn a_second_compile_gives_the_same_bytes() {
    for program in support::examples() {
        for stage in STAGES {
            assert_eq!(dump(stage, &program), dump(stage, &program), "{stage}");
        }
    }
}

/// What `sqlflowc check` says of a failing program or configuration file.
fn messages(program: &Path) -> (String, BTreeSet<Code>) {
    let source = support::source(program);
    if program
        .extension()
        .is_some_and(|extension| extension == "yaml")
    {
        let Err(Failure::File(diagnostics)) = Configuration::read(&source, None) else {
            panic!("{} does not fail", program.display());
        };
        let codes = diagnostics.iter().map(|d| d.code).collect();
        let text = render(&source, &diagnostics, Format::Human { colour: false });
        return (text, codes);
    }
    let name = program.file_name().unwrap().to_string_lossy();
    let schema = program
        .with_file_name("schema")
        .join(&*name)
        .with_extension("yaml");
    let schema = fs::read_to_string(schema).ok();
    let (_, diagnostics) = compile::lower(&source, support::context(&name[..5], schema.as_deref()));
    let codes = diagnostics.iter().map(|d| d.code).collect();
    let text = render(&source, &diagnostics, Format::Human { colour: false });
    (text, codes)
}

#[test]
fn errors() {
    for program in support::failing() {
        let name = program.file_stem().unwrap().to_string_lossy();
        let (text, codes) = messages(&program);
        let code = Code::from_name(&name[..5]).expect("the file begins with a code");
        assert!(
            codes.contains(&code),
            "{name} does not show {code}:\n{text}"
        );
        let mut settings = Settings::clone_current();
        settings.set_snapshot_path("../snapshots/errors");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| assert_snapshot!(name.as_ref(), text));
    }
}

/// Codes of what a cluster does not take; `tests/limits.rs` shows them, since
/// nothing is wrong with the program for other targets.
const GENERATED: [Code; 5] = [
    Code::StepTooLarge,
    Code::ArtifactTooLarge,
    Code::TooManySteps,
    Code::TextRewritten,
    Code::SecretInProgram,
];

#[test]
fn every_code_has_a_failing_program_and_a_page() {
    let shown: BTreeSet<Code> = support::failing()
        .iter()
        .flat_map(|program| messages(program).1)
        .collect();
    for code in Code::ALL {
        assert!(
            shown.contains(code) || GENERATED.contains(code),
            "no program in tests/errors shows {code}"
        );
        let title = format!("# {code}: {}", code.meaning());
        assert_eq!(code.page().lines().next(), Some(title.as_str()));
        assert!(
            code.page().contains("```sql") || code.page().contains("```yaml"),
            "the page of {code} shows no program"
        );
    }
}

#[test]
fn no_snapshot_is_unreferenced() {
    let mut wanted = BTreeSet::new();
    for program in support::examples() {
        let example = support::example_name(&program);
        wanted.extend(STAGES.map(|stage| format!("{example}/{stage}.snap")));
    }
    for program in support::failing() {
        let name = program.file_stem().unwrap().to_string_lossy().into_owned();
        wanted.insert(format!("errors/{name}.snap"));
    }
    let mut there = BTreeSet::new();
    for folder in fs::read_dir(support::root().join("snapshots")).unwrap() {
        let folder = folder.unwrap();
        for file in fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap().file_name();
            let folder = folder.file_name();
            there.insert(format!(
                "{}/{}",
                folder.to_string_lossy(),
                file.to_string_lossy()
            ));
        }
    }
    assert_eq!(there, wanted);
}
