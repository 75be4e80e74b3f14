//! The configuration file: what it does, and what beats what.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use sqlflowc::configuration::{self, Configuration};
use sqlflowc::source::SourceFile;

/// A folder with a program and perhaps a configuration file.
struct Project(tempfile::TempDir);

const PROGRAM: &str = "CREATE TABLE t AS SELECT * FROM raw;
SELECT * FROM t
TO TRAIN xgboost.gbtree
WITH objective = 'reg:squarederror', train.num_workers = 2
COLUMN a
LABEL y
INTO m;
";

impl Project {
    fn new(configuration: &str) -> Project {
        Project::of(PROGRAM, configuration)
    }

    fn of(program: &str, configuration: &str) -> Project {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("programs")).unwrap();
        fs::write(folder.path().join("programs/p.sql"), program).unwrap();
        if !configuration.is_empty() {
            fs::write(folder.path().join("sqlflowc.yaml"), configuration).unwrap();
        }
        Project(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Status and all that is printed, standard output first.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sqlflowc"));
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("SQLFLOW") {
                command.env_remove(variable);
            }
        }
        let output = command
            .args(arguments)
            .envs(variables.iter().copied())
            .current_dir(self.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(said).unwrap(),
        )
    }

    fn argo(&self) -> String {
        let (status, said) = self.run(&["compile", "programs/p.sql", "-t", "argo"], &[]);
        assert_eq!(status, 0, "{said}");
        said
    }

    /// The value and the origin that `sqlflowc config` shows of a key.
    fn config(&self, key: &str, more: &[&str], variables: &[(&str, &str)]) -> String {
        let (status, said) = self.run(&[&["config"], more].concat(), variables);
        assert_eq!(status, 0, "{said}");
        let line = said
            .lines()
            .find(|line| line.split_whitespace().next() == Some(key));
        let words: Vec<_> = line
            .unwrap_or_default()
            .split_whitespace()
            .skip(1)
            .collect();
        words.join(" ")
    }
}

/// For each key: a file that has it, a command, and what that prints for it
/// and not without it.
const EFFECTS: &[(&str, &str, &[&str], &str)] = &[
    (
        "dialect",
        "dialect: nope",
        &["check", "programs/p.sql"],
        "`dialect` takes one of ansi",
    ),
    (
        "unparsed_sql",
        "unparsed_sql: barrier",
        &["check", "programs/unparsed.sql"],
        "warning[W0201]",
    ),
    (
        "schema",
        "schema: programs/tables.yaml",
        &["check", "programs/p.sql"],
        "error[E0323]",
    ),
    (
        "datasource.url",
        "datasource: {url: 'nosuch://x'}",
        &["config"],
        "nosuch://x",
    ),
    (
        "datasource.secret",
        "datasource: {secret: warehouse}",
        ARGO,
        "              name: warehouse\n              key: url\n",
    ),
    (
        "model_store.url",
        "model_store: {url: 'nosuch://x'}",
        &["config"],
        "nosuch://x",
    ),
    (
        "model_store.secret",
        "model_store: {secret: 'models:place'}",
        ARGO,
        "              name: models\n              key: place\n",
    ),
    (
        "model_store.credentials",
        "model_store: {credentials: keys}",
        ARGO,
        "      envFrom:\n        - secretRef:\n            name: keys\n",
    ),
    (
        "image",
        "image: team/image:1",
        ARGO,
        "image: team/image:1\n",
    ),
    ("namespace", "namespace: ml", ARGO, "  namespace: ml\n"),
    (
        "service_account",
        "service_account: runner",
        ARGO,
        "  serviceAccountName: runner\n",
    ),
    (
        "labels",
        "labels: {team: 'yes'}",
        ARGO,
        "      team: \"yes\"\n",
    ),
    (
        "image_pull_secrets",
        "image_pull_secrets: [registry]",
        ARGO,
        "  imagePullSecrets:\n    - name: registry\n",
    ),
    (
        "environment_secrets",
        "environment_secrets: [bucket]",
        ARGO,
        "        - secretRef:\n            name: bucket\n",
    ),
    (
        "ca_bundle",
        "ca_bundle: corporate:root.pem",
        ARGO,
        "        name: corporate\n        items:\n          - key: root.pem\n",
    ),
    ("scratch", "scratch: 50Gi", ARGO, "sizeLimit: \"50Gi\"\n"),
    (
        "on_exit.image",
        "on_exit: {image: 'team/tell:1', command: [tell]}",
        ARGO,
        "        image: team/tell:1\n        command:\n          - tell\n",
    ),
    (
        "on_exit.command",
        "on_exit: {image: 'team/tell:1', command: [tell, --loud]}",
        TEKTON,
        "command:\n                - tell\n                - \"--loud\"\n",
    ),
    (
        "on_exit.secret",
        "on_exit: {image: 'team/tell:1', command: [tell], secret: hook}",
        TEKTON,
        "- secretRef:\n                    name: hook\n",
    ),
    (
        "argo.as",
        "argo: {as: WorkflowTemplate}",
        ARGO,
        "kind: WorkflowTemplate\n",
    ),
    (
        "argo.schedules",
        "argo: {as: CronWorkflow, schedules: [0 3 * * *]}",
        ARGO,
        "  schedules:\n    - \"0 3 * * *\"\n",
    ),
    (
        "argo.timezone",
        "argo: {as: CronWorkflow, schedules: ['@daily'], timezone: Europe/Berlin}",
        ARGO,
        "  timezone: Europe/Berlin\n",
    ),
    (
        "argo.concurrency",
        "argo: {as: CronWorkflow, schedules: ['@daily'], concurrency: Replace}",
        ARGO,
        "  concurrencyPolicy: Replace\n",
    ),
    (
        "argo.mutex",
        "argo: {mutex: daily}",
        ARGO,
        "    mutexes:\n      - name: daily\n",
    ),
    (
        "argo.executor_service_account",
        "argo: {executor_service_account: executor}",
        ARGO,
        "  automountServiceAccountToken: false\n  executor:\n    serviceAccountName: executor\n",
    ),
    (
        "tekton.as",
        "tekton: {as: Pipeline}",
        TEKTON,
        "kind: Pipeline\n",
    ),
    ("jobs", "jobs: 3", &["config"], "sqlflowc.yaml:1"),
    (
        "warnings.allow",
        "warnings: {allow: [W0601], deny: [warnings]}",
        &["compile", "programs/p.sql", "-t", "plan"],
        "\"version\": 1",
    ),
    (
        "warnings.deny",
        "warnings: {deny: [W0601]}",
        &["check", "programs/p.sql"],
        "error[W0601]",
    ),
    (
        "profiles",
        "profiles: {prod: {namespace: ml-prod}}",
        &[
            "compile",
            "programs/p.sql",
            "-t",
            "argo",
            "--profile",
            "prod",
        ],
        "  namespace: ml-prod\n",
    ),
];

/// The same for what a step needs, in `defaults` and in `steps`.
const STEP_EFFECTS: &[(&str, &str, &str)] = &[
    ("cpu", "cpu: 3", "cpu: \"3\"\n"),
    ("memory", "memory: 9Gi", "memory: \"9Gi\"\n"),
    ("gpu", "gpu: 2", "nvidia.com/gpu: \"2\"\n"),
    (
        "timeout",
        "timeout: 90m",
        "activeDeadlineSeconds: \"5400\"\n",
    ),
    ("retries", "retries: 7", "limit: \"7\"\n"),
    ("image", "image: team/step:2", "image: team/step:2\n"),
    (
        "node_selector",
        "node_selector: {pool: batch}",
        "      nodeSelector:\n        pool: batch\n",
    ),
    (
        "writable_root",
        "writable_root: true",
        "          readOnlyRootFilesystem: false\n",
    ),
    (
        "tolerations",
        "tolerations: [{key: batch, value: a, effect: NoSchedule}]",
        "      tolerations:\n        - operator: Equal\n          key: batch\n          value: a\n          effect: NoSchedule\n",
    ),
];

const TEKTON: &[&str] = &["compile", "programs/p.sql", "-t", "tekton"];

const ARGO: &[&str] = &["compile", "programs/p.sql", "-t", "argo"];

#[test]
fn every_key_has_its_effect() {
    let mut shown = BTreeSet::new();
    let mut effect = |key: String, file: &str, arguments: &[&str], expected: &str| {
        // What the file says must not be there without it.
        for (configuration, wanted) in [(file, true), ("", false)] {
            let project = Project::new(configuration);
            let unparsed = project.path().join("programs/unparsed.sql");
            fs::write(unparsed, "UPDATE EXTENSIONS;").unwrap();
            let schema = project.path().join("programs/tables.yaml");
            fs::write(schema, "complete: true").unwrap();
            let (_, said) = project.run(arguments, &[]);
            let is_there = said.contains(expected);
            // Warnings that are allowed print nothing, and the program compiles without too.
            if wanted || key != "warnings.allow" {
                assert_eq!(is_there, wanted, "{key}\n{said}");
            }
        }
        shown.insert(key);
    };
    for (key, file, arguments, expected) in EFFECTS {
        effect((*key).to_owned(), file, arguments, expected);
    }
    let local = &["compile", "programs/p.sql", "-t", "local"][..];
    for (key, file, expected) in [
        (
            "timeout",
            "defaults: {train: {timeout: 90m}}",
            "        timeout=5400,\n",
        ),
        (
            "retries",
            "steps: {train-m: {retries: 7}}",
            "        retries=7,\n",
        ),
    ] {
        effect(format!("defaults.KIND.{key}"), file, local, expected);
    }
    for (key, setting, expected) in STEP_EFFECTS {
        for (path, section) in [
            ("defaults.KIND", "defaults: {train: "),
            ("steps.NAME", "steps: {train-m: "),
        ] {
            let file = format!("{section}{{{setting}}}}}");
            effect(format!("{path}.{key}"), &file, ARGO, expected);
        }
    }
    let keys: BTreeSet<String> = configuration::paths().into_iter().collect();
    assert_eq!(shown, keys);
}

#[test]
fn flags_beat_variables_beat_the_file_beat_defaults() {
    let default = "sqlflow-runner default";
    let project = Project::new("");
    assert_eq!(project.config("service_account", &[], &[]), default);
    let project = Project::new("service_account: of-file\n");
    let of = |more: &[&str], variables: &[(&str, &str)]| {
        project.config("service_account", more, variables)
    };
    let variable = ("SQLFLOWC_SERVICE_ACCOUNT", "of-variable");
    let flag = ["--service-account", "of-flag"];
    assert_eq!(of(&[], &[]), "of-file sqlflowc.yaml:1");
    assert_eq!(of(&[], &[variable]), "of-variable SQLFLOWC_SERVICE_ACCOUNT");
    assert_eq!(of(&flag, &[variable]), "of-flag --service-account");
    assert_eq!(of(&["--no-config"], &[]), default);
}

#[test]
fn what_is_nearest_to_a_step_wins() {
    let file = "defaults: {all: {cpu: 1, memory: 1Gi}, train: {cpu: 2, memory: 2Gi}}\n\
                steps: {train-m: {cpu: 3}}\n";
    let program = PROGRAM.replace("SELECT * FROM t\n", "-- sqlflowc: cpu=4\nSELECT * FROM t\n");
    let cpu = |program: &str| {
        let manifest = Project::of(program, file).argo();
        let wanted = ["cpu: ", "memory: "];
        let lines = manifest.lines().map(str::trim);
        lines
            .filter(|line| wanted.iter().any(|word| line.starts_with(word)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(
        cpu(PROGRAM),
        "cpu: \"1\", memory: \"1Gi\", memory: \"1Gi\", cpu: \"3\", memory: \"2Gi\", memory: \"2Gi\""
    );
    assert_eq!(
        cpu(&program),
        "cpu: \"1\", memory: \"1Gi\", memory: \"1Gi\", cpu: \"4\", memory: \"2Gi\", memory: \"2Gi\""
    );
}

#[test]
fn the_nearest_file_holds_and_is_found_from_anywhere() {
    let project = Project::new("namespace: outer\n");
    let config = |arguments: &[&str]| project.config("namespace", arguments, &[]);
    assert_eq!(config(&["programs/p.sql"]), "outer sqlflowc.yaml:1");
    let absolute = project.path().join("programs/../programs/p.sql");
    // The path of a temporary folder may lead over a link.
    assert!(config(&[absolute.to_str().unwrap()]).starts_with("outer "));
    let inner = project.path().join("programs/sqlflowc.yaml");
    fs::write(&inner, "# the nearest holds, whole\n").unwrap();
    assert_eq!(config(&["programs/p.sql"]), "- default");
    assert_eq!(config(&[]), "outer sqlflowc.yaml:1");
    fs::remove_file(&inner).unwrap();
    fs::rename(
        project.path().join("sqlflowc.yaml"),
        project.path().join("sqlflowc.yml"),
    )
    .unwrap();
    let (status, said) = project.run(&["config"], &[]);
    assert_eq!(
        (status, said.as_str()),
        (
            2,
            "error: `sqlflowc.yml` is not read; call it `sqlflowc.yaml`\n"
        )
    );
}

#[test]
fn a_profile_is_laid_over_the_rest() {
    let file = "\
namespace: ml
labels: {team: growth, tier: low}
defaults:
  train: &training {cpu: 1, memory: 1Gi}
  predict: *training
profiles:
  prod:
    namespace:
    labels: {tier: high}
    defaults: {train: {memory: 2Gi}}
";
    let source = SourceFile::new("sqlflowc.yaml", file);
    let listed = |profile: Option<&str>| {
        let configuration = Configuration::read(&source, profile).unwrap();
        let entry = |entry: &configuration::Setting| {
            let profile = entry.profile.as_deref().unwrap_or_default();
            format!("{} {} {} {profile}", entry.path, entry.value, entry.line)
                .trim_end()
                .to_owned()
        };
        let lines: Vec<_> = configuration.entries.iter().map(entry).collect();
        lines.join("\n")
    };
    insta::assert_snapshot!(listed(Some("prod")), @"
    labels.team growth 2
    labels.tier high 9 prod
    defaults.train.cpu 1 4
    defaults.train.memory 2Gi 10 prod
    defaults.predict.cpu 1 4
    defaults.predict.memory 1Gi 4
    ");
    assert!(listed(None).starts_with("namespace ml 1\n"));
}

#[test]
fn a_wrong_configuration_is_wrong_usage() {
    let project = Project::new("namspace: ml\n");
    for command in [
        &["check", "programs/p.sql"][..],
        ARGO,
        &["plan", "programs/p.sql"],
        &["run", "programs/p.sql"],
        &["config"],
    ] {
        let (status, said) = project.run(command, &[]);
        assert_eq!(status, 2, "{command:?}\n{said}");
        assert!(said.contains("sqlflowc.yaml:1:1"), "{said}");
        assert!(said.contains("did you mean `namespace`?"), "{said}");
    }
    let (status, said) = project.run(&["check", "programs/p.sql", "--format", "json"], &[]);
    let line: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (status, &line["code"], &line["line"]),
        (2, &"E0602".into(), &1.into())
    );

    let project = Project::new("profiles: {prod: {}}\n");
    let (status, said) = project.run(&["config", "--profile", "prd"], &[]);
    assert_eq!(status, 2);
    assert_eq!(
        said,
        "error: `sqlflowc.yaml` has no profile named `prd`; did you mean `prod`?\n"
    );
    let (status, _) = project.run(&["config"], &[("SQLFLOWC_PROFILE", "prd")]);
    assert_eq!(status, 2);
    let (status, said) = Project::new("").run(&["config", "--profile", "prod"], &[]);
    assert_eq!(status, 2, "{said}");
    let (status, said) = project.run(&["config", "--config", "missing.yaml"], &[]);
    assert_eq!(status, 3, "{said}");
}

#[test]
fn a_secret_is_never_shown() {
    let project = Project::new("datasource: {secret: 'postgres://etl:hunter2@db/sales'}\n");
    let (status, said) = project.run(&["check", "programs/p.sql"], &[]);
    assert_eq!(status, 2);
    assert!(
        said.contains("E0604") && !said.contains("hunter2"),
        "{said}"
    );
    let project = Project::new("datasource: {url: 'postgres://etl:hunter2@db/sales'}\n");
    assert_eq!(
        project.config("datasource.url", &[], &[]),
        "postgres://etl:***@db/sales sqlflowc.yaml:1"
    );
}

#[test]
fn a_dialect_follows_from_the_datasource() {
    let dialect = |file: &str, more: &[&str]| Project::new(file).config("dialect", more, &[]);
    let file = "datasource: {url: 'postgresql+psycopg://db/sales'}\n";
    assert_eq!(dialect("", &[]), "duckdb default");
    assert_eq!(dialect(file, &[]), "postgresql datasource's URL");
    assert_eq!(
        dialect(file, &["--datasource", "mysql://db/x"]),
        "mysql datasource's URL"
    );
    assert_eq!(
        dialect(&format!("{file}dialect: snowflake\n"), &[]),
        "snowflake sqlflowc.yaml:2"
    );
}

#[test]
fn warnings_have_levels() {
    let project = Project::new("warnings: {deny: [W0601]}\n");
    let check = |more: &[&str]| project.run(&[&["check", "programs/p.sql"], more].concat(), &[]);
    let (status, said) = check(&[]);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("error[W0601]"), "{said}");
    let (status, said) = check(&["--warn", "w0601"]);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("warning[W0601]"), "{said}");
    assert_eq!(
        check(&["--allow", "W0601", "--allow", "warnings"]),
        (0, String::new())
    );
    let (status, said) = check(&[
        "--warn", "warnings", "--deny", "warnings", "--format", "sarif",
    ]);
    let log: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (status, &log["runs"][0]["results"][0]["level"]),
        (1, &"error".into())
    );
    let (status, said) = check(&["--deny", "W0611"]);
    assert_eq!(status, 2);
    assert!(said.contains("did you mean `W0601`?"), "{said}");
    let (status, said) = check(&["--allow", "E0301"]);
    assert_eq!(status, 2);
    assert!(said.contains("E0301 is an error and no warning"), "{said}");
}

#[test]
fn a_step_that_the_program_lacks_is_told() {
    let project = Project::new("steps: {trian-m: {cpu: 1}}\n");
    let said = project.config("steps.trian-m.cpu", &["programs/p.sql"], &[]);
    assert_eq!(
        said,
        "1 sqlflowc.yaml:1; the program has no such step; did you mean `train-m`?"
    );
}

#[test]
fn editors_get_a_schema_that_fits_the_file() {
    let project = Project::new("");
    let (status, said) = project.run(&["config", "--json-schema"], &[]);
    assert_eq!(status, 0);
    let schema: serde_json::Value = serde_json::from_str(&said).unwrap();
    for path in configuration::paths() {
        let mut at = &schema;
        for name in path.split('.') {
            at = match name {
                "KIND" | "NAME" => &at["additionalProperties"],
                name => &at["properties"][name],
            };
        }
        assert!(at["description"].is_string(), "{path}: {at}");
    }
}

#[test]
fn credentials_of_object_storage_are_variables_of_every_step() {
    let project = Project::new("model_store: {secret: models, credentials: models-credentials}\n");
    // Argo has a place for all steps; Tekton's pods take no such reference, so
    // each of the two steps has its own.
    for (target, indent, count) in [("argo", 6, 1), ("tekton", 14, 2)] {
        let compile = ["compile", "programs/p.sql", "--target", target];
        let (status, said) = project.run(&compile, &[]);
        assert_eq!(status, 0, "{said}");
        let indent = " ".repeat(indent);
        let variables = format!(
            "\n{indent}envFrom:\n{indent}  - secretRef:\n{indent}      name: models-credentials\n"
        );
        assert_eq!(said.matches(&variables).count(), count, "{said}");
        let (_, said) = Project::new("").run(&compile, &[]);
        assert!(!said.contains("envFrom"), "{said}");
    }
}

#[test]
fn self_contained_scripts_ask_for_what_the_model_store_needs() {
    for (url, needs) in [("s3://bucket/models", true), ("file:models", false)] {
        let project = Project::new(&format!("model_store: {{url: '{url}'}}\n"));
        let compile = [
            "compile",
            "programs/p.sql",
            "-t",
            "local",
            "--self-contained",
        ];
        let (status, said) = project.run(&compile, &[]);
        assert_eq!(status, 0, "{said}");
        assert_eq!(said.contains("#     \"obstore>="), needs, "{url}");
    }
}

#[test]
fn self_contained_scripts_ask_for_what_the_database_needs() {
    for (url, needs) in [
        ("postgresql://localhost/iris", "adbc-driver-postgresql"),
        ("mariadb://localhost/iris", "pymysql"),
        ("oracle+oracledb://localhost/iris", "sqlalchemy"),
        ("sqlite:///iris.sqlite", ""),
    ] {
        let project = Project::new(&format!("datasource: {{url: '{url}'}}\ndialect: generic\n"));
        let compile = [
            "compile",
            "programs/p.sql",
            "-t",
            "local",
            "--self-contained",
        ];
        let (status, said) = project.run(&compile, &[]);
        assert_eq!(status, 0, "{said}");
        for package in ["adbc-driver-postgresql", "pymysql", "sqlalchemy"] {
            let asked = said.contains(&format!("#     \"{package}"));
            assert_eq!(asked, package == needs, "{package} for {url}");
        }
    }
}
