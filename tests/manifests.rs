//! What a program becomes on a cluster: forms of the object, and what the
//! configuration adds to it.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};
use sqlflowc::backend::{ArgoForm, Naming, Options, Schedule, Target, TektonForm};
use sqlflowc::compile;
use sqlflowc::plan::Plan;
use sqlflowc::source::SourceFile;
use sqlflowc::syntax::sql::Dialect;

const PROGRAM: &str = "CREATE TABLE t AS SELECT * FROM raw;
SELECT * FROM t TO TRAIN xgboost.gbtree WITH objective = 'reg:squarederror' COLUMN a LABEL y INTO m;
";

fn documents(text: &str, target: Target, change: impl Fn(&mut Options)) -> Vec<Value> {
    let source = SourceFile::new("daily.sql", text);
    let mut options = support::options("daily", &source);
    change(&mut options);
    let (artifact, diagnostics) = compile::compile(&source, Dialect::DuckDb, target, &options);
    let artifact = artifact.unwrap_or_else(|| panic!("{diagnostics:?}"));
    artifact
        .split("\n---\n")
        .map(|document| serde_saphyr::from_str(document).unwrap())
        .collect()
}

fn argo(form: ArgoForm) -> Value {
    documents(PROGRAM, Target::Argo, |options| {
        options.cluster.argo.form = form.clone();
    })
    .remove(0)
}

#[test]
fn a_run_gets_a_name_from_the_cluster_unless_it_is_given() {
    for target in [Target::Argo, Target::Tekton] {
        let name = |naming: Naming| {
            let documents = documents(PROGRAM, target, |options| options.cluster.naming = naming);
            let metadata = documents[0]["metadata"].clone();
            (metadata["generateName"].clone(), metadata["name"].clone())
        };
        assert_eq!(name(Naming::Generated), (json!("daily-"), Value::Null));
        assert_eq!(name(Naming::Fixed), (Value::Null, json!("daily")));
    }
}

#[test]
fn a_workflow_template_has_parameters_for_what_differs() {
    let template = argo(ArgoForm::WorkflowTemplate);
    assert_eq!(template["kind"], "WorkflowTemplate");
    assert_eq!(template["metadata"]["name"], "daily");
    assert_eq!(
        template["metadata"]["labels"],
        template["spec"]["workflowMetadata"]["labels"]
    );
    let parameters = template["spec"]["arguments"]["parameters"].as_array();
    let parameters: BTreeMap<_, _> = parameters
        .unwrap()
        .iter()
        .map(|parameter| (parameter["name"].as_str().unwrap(), &parameter["value"]))
        .collect();
    assert_eq!(
        json!(parameters),
        json!({
            "image": "registry.example.com/sqlflow-runtime:1.0",
            "datasource-secret": "sqlflow-datasource",
            "model-store-secret": "sqlflow-model-store",
        })
    );
    for task in support::argo_tasks(&template) {
        assert_eq!(task.container["image"], "{{workflow.parameters.image}}");
    }
    let text = template.to_string();
    for name in parameters.keys() {
        assert!(text.contains(&format!("{{{{workflow.parameters.{name}}}}}")));
    }
}

#[test]
fn a_cron_workflow_holds_the_same_workflow() {
    let cron = argo(ArgoForm::CronWorkflow(Schedule {
        schedules: vec!["0 3 * * *".to_owned(), "@hourly".to_owned()],
        timezone: Some("Europe/Berlin".to_owned()),
        concurrency: "Replace".to_owned(),
    }));
    let spec = &cron["spec"];
    assert_eq!(spec["schedules"], json!(["0 3 * * *", "@hourly"]));
    assert_eq!(spec["timezone"], "Europe/Berlin");
    assert_eq!(spec["concurrencyPolicy"], "Replace");
    assert_eq!(spec["workflowSpec"], argo(ArgoForm::Workflow)["spec"]);
}

#[test]
fn a_pipeline_and_its_run_are_the_pipeline_run_in_two() {
    let whole = documents(PROGRAM, Target::Tekton, |_| {}).remove(0);
    let parts = documents(PROGRAM, Target::Tekton, |options| {
        options.cluster.tekton = TektonForm::Pipeline;
    });
    let [pipeline, run] = &parts[..] else {
        panic!("{parts:?}");
    };
    assert_eq!(pipeline["kind"], "Pipeline");
    assert_eq!(run["spec"]["pipelineRef"], json!({"name": "daily"}));
    assert_eq!(pipeline["metadata"]["name"], "daily");
    let mut joined = run.clone();
    let spec = joined["spec"].as_object_mut().unwrap();
    spec.remove("pipelineRef");
    spec.insert("pipelineSpec".to_owned(), pipeline["spec"].clone());
    assert_eq!(joined, whole);
}

/// Whether a DAG of DAGs starts a step only when another one is done.
fn waits(manifest: &Value, before: &[String], after: &[String]) -> bool {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let templates = manifest["spec"]["templates"].as_array().unwrap();
    let dag = match same {
        0 => "main",
        _ => &before[same - 1],
    };
    let dag = templates
        .iter()
        .find(|template| template["name"] == dag)
        .unwrap();
    let tasks = dag["dag"]["tasks"].as_array().unwrap();
    let needs = |name: &str| -> Vec<String> {
        let task = tasks.iter().find(|task| task["name"] == name).unwrap();
        let depends = task["depends"].as_str().unwrap_or_default();
        depends.split(" && ").map(str::to_owned).collect()
    };
    let mut open = needs(&after[same]);
    while let Some(name) = open.pop() {
        if name == before[same] {
            return true;
        }
        if !name.is_empty() {
            open.extend(needs(&name));
        }
    }
    false
}

#[test]
fn parts_keep_the_order_of_the_plan() {
    // A chain longer than a part, chains that fit into one, and one step that
    // all of the short ones wait for, which makes them one.
    let mut program = String::new();
    writeln!(program, "CREATE TABLE a0 AS SELECT 1 AS x;").unwrap();
    for number in 1..450 {
        let before = number - 1;
        writeln!(
            program,
            "CREATE TABLE a{number} AS SELECT * FROM a{before};"
        )
        .unwrap();
    }
    for number in 0..150 {
        writeln!(program, "CREATE TABLE b{number} AS SELECT 1 AS x;").unwrap();
        writeln!(
            program,
            "CREATE TABLE c{number} AS SELECT * FROM b{number};"
        )
        .unwrap();
    }
    for joined in [0, 120] {
        let mut program = program.clone();
        for number in 0..joined {
            writeln!(program, "INSERT INTO sums SELECT x FROM c{number};").unwrap();
        }
        let plan = plan(&program);
        let manifest = documents(&program, Target::Argo, |_| {}).remove(0);
        let paths: BTreeMap<String, Vec<String>> = support::argo_tasks(&manifest)
            .into_iter()
            .map(|task| (task.name, task.path))
            .collect();
        assert_eq!(paths.len(), plan.len());
        for (before, after, _) in plan.edges() {
            let path = |at: usize| &paths[&plan.step(at).name];
            assert!(
                waits(&manifest, path(before), path(after)),
                "{} does not wait for {}",
                plan.step(after).name,
                plan.step(before).name
            );
        }
        // Not everything waits for everything: the short chains are apart.
        let at = |name: &str| &paths[name];
        assert!(!waits(&manifest, at("create-b0"), at("create-b1")));
        for template in manifest["spec"]["templates"].as_array().unwrap() {
            let tasks = template["dag"]["tasks"].as_array();
            assert!(tasks.is_none_or(|tasks| tasks.len() <= 200));
        }
    }
}

fn plan(program: &str) -> Plan {
    let source = SourceFile::new("daily.sql", program);
    let (plan, diagnostics) = compile::plan(&source, Dialect::DuckDb);
    plan.unwrap_or_else(|| panic!("{diagnostics:?}"))
}
