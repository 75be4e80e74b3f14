//! What several integration tests need.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod formatting;
pub(crate) mod options;
pub(crate) mod programs;
pub(crate) mod properties;
pub(crate) mod statements;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use sqlflowc::backend::Target;
use sqlflowc::compile::Context;
use sqlflowc::schema::Schema;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::{Dialect, Reading, Unparsed};

#[allow(unused_imports, reason = "each test file uses its part")]
pub(crate) use options::options;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every example program, sorted by name.
pub(crate) fn examples() -> Vec<PathBuf> {
    let mut programs: Vec<_> = fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path().join("program.sql"))
        .filter(|path| path.is_file())
        .collect();
    programs.sort();
    assert!(programs.len() >= 5, "the examples are not there");
    programs
}

/// Every program and configuration file that must fail, sorted by name.
pub(crate) fn failing() -> Vec<PathBuf> {
    let mut files = programs("errors");
    files.extend(files_of("errors", "yaml"));
    files.sort();
    files
}

/// Every `.sql` file of a folder below `tests/`, sorted by name.
pub(crate) fn programs(folder: &str) -> Vec<PathBuf> {
    files_of(folder, "sql")
}

fn files_of(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut programs: Vec<_> = fs::read_dir(root().join("tests").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == ending)
        })
        .collect();
    programs.sort();
    assert!(!programs.is_empty(), "tests/{folder} is empty");
    programs
}

/// A program under its path in the repository, so that no snapshot holds the
/// path of a machine.
pub(crate) fn source(path: &Path) -> SourceFile {
    let text = fs::read(path).unwrap();
    let text = String::from_utf8(text).unwrap();
    let shown = path.strip_prefix(root()).unwrap();
    let shown: Vec<_> = shown.iter().map(|part| part.to_string_lossy()).collect();
    SourceFile::new(shown.join("/"), text)
}

/// How the program of a code is read: W0201 is about what is else E0201.
pub(crate) fn reading(code: &str) -> Reading {
    Reading {
        dialect: Dialect::DuckDb,
        unparsed: match code {
            "W0201" => Unparsed::Barrier,
            _ => Unparsed::Error,
        },
        ..Reading::from(Dialect::DuckDb)
    }
}

/// The same with what a schema file says.
pub(crate) fn context(code: &str, schema: Option<&str>) -> Context {
    let read = |text: &str| {
        let source = SourceFile::new("schema.yaml", text);
        Arc::new(Schema::read(&source).unwrap())
    };
    Context {
        schema: schema.map(read),
        ..Context::from(reading(code))
    }
}

/// The name of an example: its folder's.
pub(crate) fn example_name(path: &Path) -> String {
    let folder = path.parent().unwrap().file_name().unwrap();
    folder.to_string_lossy().into_owned()
}

/// The containers of a manifest's steps, in order, as a YAML reader reads
/// them.
pub(crate) fn containers(manifest: &str, target: Target) -> Vec<Value> {
    let manifest: Value = serde_saphyr::from_str(manifest).unwrap();
    let list = |value: &Value| value.as_array().unwrap().clone();
    match target {
        Target::Argo => argo_tasks(&manifest)
            .into_iter()
            .map(|task| task.container)
            .collect(),
        _ => list(&manifest["spec"]["pipelineSpec"]["tasks"])
            .into_iter()
            .map(|task| task["taskSpec"]["steps"][0].clone())
            .collect(),
    }
}

/// A step of a Workflow.
pub(crate) struct ArgoTask {
    pub(crate) name: String,
    /// The names of the DAGs and tasks that lead to it, its own last.
    pub(crate) path: Vec<String>,
    pub(crate) container: Value,
}

/// The steps of a Workflow in program order, with what their templates take
/// from parameters filled in.
pub(crate) fn argo_tasks(manifest: &Value) -> Vec<ArgoTask> {
    let templates = manifest["spec"]["templates"].as_array().unwrap();
    let template = |name: &Value| {
        let mut all = templates.iter();
        all.find(|template| template["name"] == *name).unwrap()
    };
    let mut open = vec![(Vec::new(), template(&manifest["spec"]["entrypoint"]))];
    let mut tasks: Vec<(u64, ArgoTask)> = Vec::new();
    while let Some((path, dag)) = open.pop() {
        for task in dag["dag"]["tasks"].as_array().unwrap() {
            let name = task["name"].as_str().unwrap().to_owned();
            let path = [path.clone(), vec![name.clone()]].concat();
            let used = template(&task["template"]);
            if used.get("dag").is_some() {
                open.push((path, used));
                continue;
            }
            let parameters = task["arguments"]["parameters"].as_array();
            let filled = filled(used, parameters.map_or(&[], Vec::as_slice));
            let lines = filled["metadata"]["annotations"]["sqlflow.org/lines"].as_str();
            let first = lines.unwrap().split('-').next().unwrap().parse().unwrap();
            let container = filled["container"].clone();
            tasks.push((
                first,
                ArgoTask {
                    name,
                    path,
                    container,
                },
            ));
        }
    }
    tasks.sort_by_key(|(line, _)| *line);
    tasks.into_iter().map(|(_, task)| task).collect()
}

fn filled(value: &Value, parameters: &[Value]) -> Value {
    match value {
        Value::String(text) => {
            let fill = |text: String, parameter: &Value| {
                let tag = format!(
                    "{{{{inputs.parameters.{}}}}}",
                    parameter["name"].as_str().unwrap()
                );
                text.replace(&tag, parameter["value"].as_str().unwrap())
            };
            let text = parameters.iter().fold(text.clone(), fill);
            Value::String(text.replace("{{node.name}}", "node"))
        }
        Value::Array(items) => items.iter().map(|item| filled(item, parameters)).collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), filled(value, parameters)))
            .collect(),
        other => other.clone(),
    }
}

/// So many small statements, which nothing connects.
pub(crate) fn statements(count: usize) -> String {
    (0..count)
        .map(|number| format!("CREATE TABLE filling_{number} AS SELECT 1 AS x;\n"))
        .collect()
}

/// Where steps run: an interpreter and the folder of the runtime.
pub(crate) struct PythonEnvironment {
    pub(crate) python: PathBuf,
    pub(crate) pythonpath: PathBuf,
}

/// Prepares an environment as `sqlflowc run` would. Without Python, or
/// without a network the first time, this fails and says so.
pub(crate) fn python_environment(packages: &str) -> PythonEnvironment {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sqlflowc"))
        .args(["environment", packages])
        .stderr(std::process::Stdio::inherit())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "the Python environment of the step runtime cannot be prepared; these tests need it"
    );
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let path = |key: &str| PathBuf::from(document[key].as_str().unwrap());
    PythonEnvironment {
        python: path("python"),
        pythonpath: path("pythonpath"),
    }
}

/// A program of about so many steps, as large ones look: one table cleaned,
/// then a chain a region, then everything joined.
pub(crate) fn large_program(steps: usize) -> String {
    let mut text = "\
CREATE SCHEMA shop;
CREATE TABLE shop.raw AS SELECT * FROM read_parquet('orders.parquet');
CREATE TABLE shop.clean AS SELECT * FROM shop.raw WHERE amount > 0;
"
    .to_owned();
    let regions = steps.saturating_sub(6) / 6;
    for region in 0..regions {
        text += &format!(
            "\
CREATE TABLE shop.r{region} AS SELECT * FROM shop.clean WHERE region = {region};
CREATE TABLE shop.r{region}_train AS SELECT * FROM shop.r{region} WHERE customer % 5 < 4;
CREATE TABLE shop.r{region}_test AS SELECT * FROM shop.r{region} WHERE customer % 5 = 4;
-- sqlflowc: memory=8Gi cpu=4
SELECT * FROM shop.r{region}_train
TO TRAIN xgboost.gbtree
WITH objective = \"binary:logistic\", max_depth = 6
COLUMN spent, orders
LABEL churned
INTO r{region}_model;
SELECT * FROM shop.r{region}_test TO EVALUATE r{region}_model LABEL churned INTO shop.r{region}_scores;
SELECT * FROM shop.r{region} TO PREDICT shop.r{region}_opinion.churned USING r{region}_model;
"
        );
    }
    let union = |what: &str| {
        let parts: Vec<_> = (0..regions)
            .map(|region| format!("SELECT * FROM shop.r{region}_{what}"))
            .collect();
        parts.join("\nUNION ALL ")
    };
    if regions > 0 {
        text += &format!("CREATE TABLE shop.scores AS {};\n", union("scores"));
        text += &format!("CREATE TABLE shop.opinions AS {};\n", union("opinion"));
    }
    text + "DROP TABLE shop.raw;\n"
}
