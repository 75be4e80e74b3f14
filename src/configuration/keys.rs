//! What the configuration file may say: every key, what it takes, and what it
//! means. Checks, the JSON schema and the page in `docs/` come from here.

use crate::backend::{ArgoForm, TektonForm};
use crate::diagnostic::Warnings;
use crate::ir::Action;
use crate::quantity::{
    is_cpu, is_image, is_label_key, is_label_value, is_memory, is_namespace, is_object_name,
    is_secret_key, seconds,
};
use crate::schedule::{is_schedule, is_timezone};
use crate::syntax::sql::Dialect;

/// One key of a section.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    pub(super) meaning: &'static str,
}

/// What stands behind a key.
pub(super) enum Takes {
    Text(Words),
    List(&'static Takes),
    /// A map whose keys the user chooses.
    Map(Words, &'static Takes),
    Section(&'static [Key]),
}

/// Which texts are allowed.
pub(super) enum Words {
    /// Those that fit, said in words.
    Of(fn(&str) -> bool, &'static str),
    /// The place of a secret and never the secret itself.
    Secret,
    /// Those that are listed.
    OneOf(fn() -> Vec<&'static str>),
    /// Codes of warnings.
    Warnings,
}

const fn key(name: &'static str, takes: Takes, meaning: &'static str) -> Key {
    Key {
        name,
        takes,
        meaning,
    }
}

const fn text(fits: fn(&str) -> bool, words: &'static str) -> Takes {
    Takes::Text(Words::Of(fits, words))
}

const COUNT: Takes = text(|text| text.parse::<u32>().is_ok(), "a whole number");
const ANY: Takes = text(|text| !text.is_empty(), "a text");

/// The keys of the file but for `profiles`, and those of a profile.
pub(super) static SETTINGS: &[Key] = &[
    key(
        "dialect",
        Takes::Text(Words::OneOf(dialects)),
        "The SQL dialect of the programs; the one of the datasource's URL when nothing is said, \
         else DuckDB's",
    ),
    key(
        "unparsed_sql",
        Takes::Text(Words::OneOf(|| vec!["error", "barrier"])),
        "What SQL is that does not parse: an `error`, or a step of unknown effects (`barrier`)",
    ),
    key(
        "schema",
        ANY,
        "File with the columns of tables, as `sqlflowc schema pull` writes it; relative to this file",
    ),
    key(
        "datasource",
        Takes::Section(DATASOURCE),
        "The database that programs work on",
    ),
    key(
        "model_store",
        Takes::Section(MODEL_STORE),
        "Where models are kept",
    ),
    key(
        "image",
        IMAGE,
        "Image with the step runtime, for steps on a cluster",
    ),
    key(
        "namespace",
        text(
            is_namespace,
            "at most 63 lower-case letters, digits and dashes",
        ),
        "Namespace to write into manifests",
    ),
    key(
        "service_account",
        text(
            is_object_name,
            "lower-case letters, digits, dashes and dots",
        ),
        "Service account of the pods",
    ),
    key(
        "labels",
        LABELS,
        "Labels of manifests and of their pods, beside the compiler's own",
    ),
    key(
        "image_pull_secrets",
        SECRETS,
        "Secrets by which images are pulled",
    ),
    key(
        "environment_secrets",
        SECRETS,
        "Secrets whose keys are environment variables of every step, such as an object store's \
         credentials",
    ),
    key(
        "ca_bundle",
        text(
            |text| config_map_key(text).is_some(),
            "the name of a ConfigMap and perhaps a key in it, `name:key`",
        ),
        "ConfigMap with certificates that steps trust: `name`, or `name:key`",
    ),
    key(
        "scratch",
        text(is_memory, "an amount of storage such as `20Gi`"),
        "How much a step may write to its scratch volume; `20Gi` when nothing is said",
    ),
    key(
        "on_exit",
        Takes::Section(ON_EXIT),
        "What is run when a run on a cluster is over, whether it succeeded or failed",
    ),
    key("argo", Takes::Section(ARGO), "What Argo alone has"),
    key("tekton", Takes::Section(TEKTON), "What Tekton alone has"),
    key(
        "jobs",
        text(
            |text| text.parse::<u16>().is_ok_and(|jobs| jobs > 0),
            "a whole number from 1",
        ),
        "Steps that `sqlflowc run` runs at the same time",
    ),
    key(
        "defaults",
        Takes::Map(Words::OneOf(kinds), &Takes::Section(STEP)),
        "What steps need, by their kind; `all` for every kind",
    ),
    key(
        "steps",
        Takes::Map(
            Words::Of(
                is_namespace,
                "the name of a step, as `sqlflowc plan` shows it",
            ),
            &Takes::Section(STEP),
        ),
        "What steps need, by their name",
    ),
    key(
        "warnings",
        Takes::Section(WARNINGS),
        "Which warnings are left out, and which are errors",
    ),
];

pub(super) static PROFILES: Key = key(
    "profiles",
    Takes::Map(
        Words::Of(
            |name| {
                name.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && name
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            },
            "a word of letters, digits, dashes, dots and underscores",
        ),
        &Takes::Section(SETTINGS),
    ),
    "Settings of environments, which `--profile` takes over the file's others",
);

const DATASOURCE: &[Key] = &[
    key("url", ANY, "Its URL, for `sqlflowc run`"),
    key(
        "secret",
        Takes::Text(Words::Secret),
        "Secret that holds its URL, for clusters: `name`, or `name:key`",
    ),
];

const MODEL_STORE: &[Key] = &[
    key("url", ANY, "Its URL, for `sqlflowc run`"),
    key(
        "secret",
        Takes::Text(Words::Secret),
        "Secret that holds its URL, for clusters: `name`, or `name:key`",
    ),
    key(
        "credentials",
        text(
            is_object_name,
            "lower-case letters, digits, dashes and dots",
        ),
        "Secret whose keys are environment variables of every step, for clusters: what object \
         storage asks for",
    ),
];

const SECRETS: Takes = Takes::List(&text(
    is_object_name,
    "the name of a Secret: lower-case letters, digits, dashes and dots",
));

const ON_EXIT: &[Key] = &[
    key("image", IMAGE, "Image that it runs in"),
    key(
        "command",
        Takes::List(&text(
            |word| !["{{", "$(", "$$"].iter().any(|sign| word.contains(sign)),
            "a word without `{{`, `$(` and `$$`, which engines rewrite",
        )),
        "The words of its command",
    ),
    key(
        "secret",
        text(
            is_object_name,
            "the name of a Secret: lower-case letters, digits, dashes and dots",
        ),
        "Secret whose keys are its environment variables",
    ),
];

const ARGO: &[Key] = &[
    key(
        "as",
        Takes::Text(Words::OneOf(|| ArgoForm::NAMES.to_vec())),
        "Which object a program becomes",
    ),
    key(
        "schedules",
        Takes::List(&text(is_schedule, SCHEDULE)),
        "When a CronWorkflow starts runs",
    ),
    key(
        "timezone",
        text(is_timezone, "a time zone such as `Europe/Berlin`"),
        "Time zone of the schedules; the controller's own when nothing is said",
    ),
    key(
        "concurrency",
        Takes::Text(Words::OneOf(|| CONCURRENCY.to_vec())),
        "What a CronWorkflow does while its last run is on; `Forbid` when nothing is said",
    ),
    key(
        "mutex",
        text(
            is_namespace,
            "at most 63 lower-case letters, digits and dashes",
        ),
        "Name of a mutex: runs with the same one wait for each other",
    ),
    key(
        "executor_service_account",
        text(
            is_object_name,
            "lower-case letters, digits, dashes and dots",
        ),
        "Service account of Argo's own container in each pod; the step's container then gets no \
         token of the cluster",
    ),
];

const TEKTON: &[Key] = &[key(
    "as",
    Takes::Text(Words::OneOf(|| TektonForm::NAMES.to_vec())),
    "Which objects a program becomes",
)];

/// What a CronWorkflow may do while its last run is on.
pub const CONCURRENCY: [&str; 3] = ["Allow", "Forbid", "Replace"];

/// What a schedule is, in words.
pub const SCHEDULE: &str = "cron's five fields such as `0 3 * * *`, or a word such as `@daily`";

const WARNINGS: &[Key] = &[
    key(
        "allow",
        Takes::List(&Takes::Text(Words::Warnings)),
        "Warnings that are left out; `warnings` for all",
    ),
    key(
        "deny",
        Takes::List(&Takes::Text(Words::Warnings)),
        "Warnings that are errors; `warnings` for all",
    ),
];

const IMAGE: Takes = text(
    is_image,
    "an image reference such as `registry/team/image:tag`",
);

const LABELS: Takes = Takes::Map(
    Words::Of(
        is_label_key,
        "a label's name such as `team` or `example.com/team`",
    ),
    &text(
        is_label_value,
        "at most 63 letters, digits, dashes, dots and underscores",
    ),
);

/// What one step needs.
pub(super) static STEP: &[Key] = &[
    key(
        "cpu",
        text(is_cpu, "a number of cores such as `4` or `500m`"),
        "Cores that it asks for",
    ),
    key(
        "memory",
        text(is_memory, "an amount of memory such as `8Gi` or `512Mi`"),
        "Memory that it asks for and may not exceed",
    ),
    key("gpu", COUNT, "Graphics processors"),
    key(
        "timeout",
        text(
            |text| seconds(text).is_some(),
            "a duration such as `2h` or `90m`",
        ),
        "After which an attempt is ended",
    ),
    key("retries", COUNT, "How often it may be run again"),
    key("image", IMAGE, "Image that it runs in"),
    key(
        "node_selector",
        LABELS,
        "Labels of the nodes that it may run on",
    ),
    key(
        "tolerations",
        Takes::List(&Takes::Section(TOLERATION)),
        "Taints of nodes that it tolerates",
    ),
    key(
        "writable_root",
        Takes::Text(Words::OneOf(|| vec!["true", "false"])),
        "Whether it may write to its image's own files, beside `/tmp`",
    ),
];

const TOLERATION: &[Key] = &[
    key(
        "key",
        text(is_label_key, "the key of a taint such as `nvidia.com/gpu`"),
        "The taint's key; every taint's when left out, with `operator: Exists`",
    ),
    key(
        "operator",
        Takes::Text(Words::OneOf(|| vec!["Equal", "Exists"])),
        "Whether the taint's `value` counts; `Equal` when left out",
    ),
    key(
        "value",
        text(
            is_label_value,
            "at most 63 letters, digits, dashes, dots and underscores",
        ),
        "The taint's value",
    ),
    key(
        "effect",
        Takes::Text(Words::OneOf(|| {
            vec!["NoSchedule", "PreferNoSchedule", "NoExecute"]
        })),
        "The taint's effect; every effect when left out",
    ),
];

/// The word for every kind of step.
pub(super) const ALL_KINDS: &str = "all";

fn kinds() -> Vec<&'static str> {
    [ALL_KINDS].into_iter().chain(Action::KINDS).collect()
}

fn dialects() -> Vec<&'static str> {
    Dialect::ALL
        .iter()
        .map(|dialect| dialect.as_str())
        .collect()
}

impl Words {
    pub(super) fn fit(&self, text: &str) -> bool {
        match self {
            Words::Of(fits, _) => fits(text),
            Words::Secret => secret(text).is_some(),
            Words::OneOf(choices) => choices().contains(&text),
            Words::Warnings => Warnings::from_name(text).is_ok(),
        }
    }

    /// What is allowed, in words.
    pub(super) fn words(&self) -> String {
        match self {
            Words::Of(_, words) => (*words).to_owned(),
            Words::Secret => "the name of a Secret and perhaps a key in it, `name:key`".to_owned(),
            Words::OneOf(choices) => format!("one of {}", choices().join(", ")),
            Words::Warnings => "the code of a warning, or `warnings`".to_owned(),
        }
    }

    /// The allowed texts, if they can be listed.
    pub(super) fn choices(&self) -> Option<Vec<&'static str>> {
        match self {
            Words::Of(..) | Words::Secret => None,
            Words::OneOf(choices) => Some(choices()),
            Words::Warnings => Some(Warnings::names().collect()),
        }
    }
}

/// The name of a Secret and the key in it, which is `url` when left out.
pub fn secret(text: &str) -> Option<(&str, &str)> {
    object_key(text, "url")
}

/// The name of a ConfigMap and the key in it, which is `ca.crt` when left out.
pub(super) fn config_map_key(text: &str) -> Option<(&str, &str)> {
    object_key(text, "ca.crt")
}

/// `name:key` of an object in Kubernetes, or its name alone.
fn object_key<'a>(text: &'a str, default: &'a str) -> Option<(&'a str, &'a str)> {
    let (name, key) = text.split_once(':').unwrap_or((text, default));
    (is_object_name(name) && is_secret_key(key)).then_some((name, key))
}
