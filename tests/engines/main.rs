//! Every example and every hostile program against the engines' own
//! validators and substitution. Needs Go, so `cargo test` leaves it out:
//! `cargo test --test engines`.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sqlflowc::backend::{
    ArgoForm, ConfigMapKey, Naming, OnExit, Options, Schedule, Target, TektonForm, Toleration,
};
use sqlflowc::compile;
use sqlflowc::source::SourceFile;
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

/// One choice for each thing that changes a manifest's shape.
type Setting = (&'static str, &'static [fn(&mut Options)]);

/// What changes the shape of a manifest, each with its choices.
const SHAPES: &[Setting] = &[
    (
        "form",
        &[
            |_| {},
            |options| {
                options.cluster.argo.form = ArgoForm::WorkflowTemplate;
                options.cluster.tekton = TektonForm::Pipeline;
            },
            |options| {
                options.cluster.argo.form = ArgoForm::CronWorkflow(Schedule {
                    schedules: vec!["*/15 3 ? 1-3,12 1".to_owned(), "@every 90m".to_owned()],
                    timezone: Some("Europe/Berlin".to_owned()),
                    concurrency: "Allow".to_owned(),
                });
            },
        ],
    ),
    (
        "name",
        &[|_| {}, |options| options.cluster.naming = Naming::Fixed],
    ),
    (
        "namespace",
        &[
            |_| {},
            |options| {
                options.cluster.namespace = Some("ml".to_owned());
                options
                    .cluster
                    .labels
                    .insert("team".to_owned(), "growth".to_owned());
            },
        ],
    ),
    (
        "mutex",
        &[
            |_| {},
            |options| options.cluster.argo.mutex = Some("daily".to_owned()),
        ],
    ),
    (
        "executor",
        &[
            |_| {},
            |options| {
                options.cluster.argo.executor_service_account = Some("executor".to_owned());
            },
        ],
    ),
    (
        "on exit",
        &[
            |_| {},
            |options| on_exit(options, None),
            |options| on_exit(options, Some("hook".to_owned())),
        ],
    ),
    (
        "secrets",
        &[
            |_| {},
            |options| {
                options.cluster.image_pull_secrets = vec!["registry".to_owned()];
                options.cluster.environment_secrets = vec!["bucket".to_owned()];
                options.cluster.model_store_credentials = Some("store".to_owned());
            },
        ],
    ),
    (
        "certificates",
        &[
            |_| {},
            |options| {
                options.cluster.ca_bundle = Some(ConfigMapKey {
                    name: "corporate".to_owned(),
                    key: "ca.crt".to_owned(),
                });
            },
        ],
    ),
    (
        "steps",
        &[
            |_| {},
            |options| {
                let all = &mut options.steps.all;
                all.settings.gpu = Some(1);
                all.settings.timeout_seconds = Some(7200);
                all.settings.retries = Some(0);
                all.writable_root = Some(true);
            },
            |options| {
                let all = &mut options.steps.all;
                all.settings.image = Some("team/step:2".to_owned());
                let pool = [("pool".to_owned(), "batch".to_owned())];
                all.node_selector = Some(pool.into_iter().collect());
                all.tolerations = Some(vec![Toleration {
                    key: Some("batch".to_owned()),
                    operator: "Exists".to_owned(),
                    value: None,
                    effect: Some("NoSchedule".to_owned()),
                }]);
            },
        ],
    ),
    // How many more statements the program has: Argo shares templates then.
    ("size", &[|_| {}, |_| {}]),
];

fn on_exit(options: &mut Options, secret: Option<String>) {
    options.cluster.on_exit = Some(OnExit {
        image: "team/notify:1".to_owned(),
        command: vec!["notify".to_owned(), "--channel".to_owned()],
        secret,
    });
}

/// Rows of choices in which every pair of choices of two things occurs.
fn pairwise() -> Vec<Vec<usize>> {
    let mut open = BTreeSet::new();
    for (first, (_, choices)) in SHAPES.iter().enumerate() {
        for (second, (_, others)) in SHAPES.iter().enumerate().skip(first + 1) {
            for choice in 0..choices.len() {
                open.extend((0..others.len()).map(|other| ((first, choice), (second, other))));
            }
        }
    }
    let mut rows = Vec::new();
    while let Some(pair) = open.first().copied() {
        // The first open pair is fixed, and the rest chosen for the most pairs.
        let mut row: Vec<Option<usize>> = vec![None; SHAPES.len()];
        row[pair.0.0] = Some(pair.0.1);
        row[pair.1.0] = Some(pair.1.1);
        for at in 0..SHAPES.len() {
            if row[at].is_some() {
                continue;
            }
            let gain = |choice: usize| {
                let set = row
                    .iter()
                    .enumerate()
                    .filter_map(|(other, set)| Some((other, (*set)?)));
                let pairs = set.map(|one| (one.min((at, choice)), one.max((at, choice))));
                pairs.filter(|pair| open.contains(pair)).count()
            };
            row[at] = (0..SHAPES[at].1.len())
                .rev()
                .max_by_key(|choice| gain(*choice));
        }
        let row: Vec<usize> = row.into_iter().map(Option::unwrap).collect();
        open.retain(|(one, other)| row[one.0] != one.1 || row[other.0] != other.1);
        rows.push(row);
    }
    rows
}

/// A program with a step of every kind, plain and hostile, in each form.
fn shaped(target: Target, folder: &Path) -> Vec<PathBuf> {
    let mut program =
        fs::read_to_string(support::root().join("examples/iris/program.sql")).unwrap();
    program.push_str(
        "\nSELECT * FROM iris.test TO RUN team/tool:1 CMD 'tool', '--fast' INTO iris.tool;\n\
         SELECT 'It''s {{x}} $(y) $$z' AS t;\n",
    );
    let rows = pairwise();
    assert!(rows.len() >= 9);
    let file = |(at, row): (usize, &Vec<usize>)| {
        let filling = if row.last() == Some(&1) { 200 } else { 0 };
        let text = format!("{program}{}", support::statements(filling));
        let source = SourceFile::new("shaped.sql", text);
        let mut options = support::options("shaped", &source);
        for ((_, choices), choice) in SHAPES.iter().zip(row) {
            choices[*choice](&mut options);
        }
        write(folder, &format!("shaped-{at}"), &source, target, &options)
    };
    rows.iter().enumerate().map(file).collect()
}

fn write(
    folder: &Path,
    name: &str,
    source: &SourceFile,
    target: Target,
    options: &Options,
) -> PathBuf {
    let (artifact, diagnostics) = compile::compile(source, Dialect::DuckDb, target, options);
    let artifact = artifact.unwrap_or_else(|| panic!("{name}: {diagnostics:?}"));
    let file = folder.join(format!("{name}.{}.yaml", target.as_str()));
    fs::write(&file, artifact).unwrap();
    file
}

fn validate(target: Target, files: &[PathBuf]) {
    let validator = programs().join(format!("{}-validate", target.as_str()));
    let output = Command::new(&validator).args(files).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn both_accept_every_pair_of_settings() {
    for target in [Target::Argo, Target::Tekton] {
        let folder = tempfile::tempdir().unwrap();
        validate(target, &shaped(target, folder.path()));
    }
}

#[test]
fn both_accept_programs_of_all_sizes() {
    for (target, sizes) in [
        (Target::Argo, &[1, 2, 198, 199, 200, 201, 1000, 2000][..]),
        (Target::Tekton, &[1, 2, 200, 400]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<_> = sizes
            .iter()
            .map(|size| {
                let source = SourceFile::new("sized.sql", support::statements(*size));
                let options = support::options("sized", &source);
                write(
                    folder.path(),
                    &format!("sized-{size}"),
                    &source,
                    target,
                    &options,
                )
            })
            .collect();
        validate(target, &files);
    }
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
