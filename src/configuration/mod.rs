//! The configuration file: what a project says once for all of its programs.
//!
//! The file's text comes in, settings with the places where they were given
//! go out. What beats what between file, environment and flags is up to the
//! binary.

mod check;
mod keys;
mod schema;
pub(crate) mod yaml;

use std::collections::BTreeMap;

pub use keys::{CONCURRENCY, SCHEDULE, secret};
pub use schema::{json_schema, paths, tables};

use crate::backend::{ConfigMapKey, OnExit, SecretKey, StepDefaults, StepSettings, Toleration};
use crate::diagnostic::{Diagnostics, Level, Levels, Warnings, nearest};
use crate::ir::Settings;
use crate::quantity::seconds;
use crate::source::{SourceFile, Span};
use crate::syntax::sql::{Dialect, Unparsed};
use yaml::{Entry, Node, NodeKind};

/// The file that is looked for beside a program and in the folders above.
pub const FILE_NAME: &str = "sqlflowc.yaml";

/// More values than this are no configuration.
const MOST_NODES: usize = 10_000;

/// What the file says; without a file, nothing.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    pub dialect: Option<Dialect>,
    pub unparsed_sql: Option<Unparsed>,
    /// The schema file, as the file names it.
    pub schema: Option<String>,
    pub datasource_url: Option<String>,
    pub datasource_secret: Option<SecretKey>,
    pub model_store_url: Option<String>,
    pub model_store_secret: Option<SecretKey>,
    pub model_store_credentials: Option<String>,
    pub image: Option<String>,
    pub namespace: Option<String>,
    pub service_account: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub image_pull_secrets: Vec<String>,
    pub environment_secrets: Vec<String>,
    pub ca_bundle: Option<ConfigMapKey>,
    pub scratch: Option<String>,
    pub on_exit: Option<OnExit>,
    pub argo: Argo,
    /// The name of a `TektonForm`.
    pub tekton_form: Option<String>,
    pub jobs: Option<u16>,
    pub steps: StepDefaults,
    pub warnings: Vec<(Warnings, Level)>,
    pub entries: Vec<Setting>,
}

/// What the file says about Argo.
#[derive(Debug, Clone, Default)]
pub struct Argo {
    /// The name of an `ArgoForm`.
    pub form: Option<String>,
    pub schedules: Vec<String>,
    pub timezone: Option<String>,
    pub concurrency: Option<String>,
    pub mutex: Option<String>,
    pub executor_service_account: Option<String>,
}

/// One value of the file and where it was given.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The keys that lead to it, joined by dots.
    pub path: String,
    pub value: String,
    pub line: usize,
    /// The profile that gave it.
    pub profile: Option<String>,
}

/// Why there is no configuration.
#[derive(Debug)]
pub enum Failure {
    /// The file is wrong.
    File(Diagnostics),
    /// The profile that was asked for is not in it.
    Profile(String),
}

impl Configuration {
    /// Reads a file and lays one of its profiles over it. All of the file is
    /// checked, the other profiles too.
    pub fn read(source: &SourceFile, profile: Option<&str>) -> Result<Configuration, Failure> {
        let mut diagnostics = Diagnostics::default();
        let root = match yaml::read(source, MOST_NODES) {
            Ok(root) => root,
            Err(error) => {
                diagnostics.push(error);
                return Err(Failure::File(diagnostics));
            }
        };
        check::check(&root, &mut diagnostics);
        if !diagnostics.is_empty() {
            diagnostics.sort();
            return Err(Failure::File(diagnostics));
        }
        let profiles = root.get("profiles");
        let mut merged = root.clone();
        if let NodeKind::Map(entries) = &mut merged.kind {
            entries.retain(|entry| entry.key != "profiles");
        }
        if let Some(name) = profile {
            let Some(chosen) = profiles.and_then(|profiles| profiles.get(name)) else {
                return Err(Failure::Profile(unknown_profile(name, profiles)));
            };
            overlay(&mut merged, chosen);
        }
        let chosen = profile.zip(profiles.and_then(|profiles| profiles.get(profile?)));
        let places = Places { source, chosen };
        let mut entries = Vec::new();
        places.list(&merged, "", &mut entries);
        Ok(configuration(&merged, entries))
    }

    /// The levels of warnings that the file asks for.
    pub fn levels(&self) -> Levels {
        let mut levels = Levels::default();
        levels.set(&self.warnings);
        levels
    }

    /// Where a value was given.
    pub fn entry(&self, path: &str) -> Option<&Setting> {
        self.entries.iter().find(|entry| entry.path == path)
    }
}

fn unknown_profile(name: &str, profiles: Option<&Node>) -> String {
    let known: Vec<&str> = match profiles.map(|profiles| &profiles.kind) {
        Some(NodeKind::Map(entries)) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        _ => Vec::new(),
    };
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "it has none".to_owned(),
        None => format!("it has {}", known.join(", ")),
    };
    format!("has no profile named `{name}`; {help}")
}

/// Lays a profile over the rest: maps entry by entry, all else as a whole. An
/// entry without a value takes away what is there.
fn overlay(base: &mut Node, over: &Node) {
    let (NodeKind::Map(entries), NodeKind::Map(others)) = (&mut base.kind, &over.kind) else {
        *base = over.clone();
        return;
    };
    for other in others {
        let at = entries.iter().position(|entry| entry.key == other.key);
        match (at, &other.value.kind) {
            (Some(at), NodeKind::Null) => {
                entries.remove(at);
            }
            (Some(at), _) => overlay(&mut entries[at].value, &other.value),
            (None, _) => entries.push(other.clone()),
        }
    }
}

/// Where values come from.
struct Places<'a> {
    source: &'a SourceFile,
    chosen: Option<(&'a str, &'a Node)>,
}

impl Places<'_> {
    fn list(&self, node: &Node, path: &str, found: &mut Vec<Setting>) {
        let NodeKind::Map(entries) = &node.kind else {
            found.extend(self.setting(node, path));
            return;
        };
        for entry in entries {
            let path = match path {
                "" => entry.key.clone(),
                path => format!("{path}.{}", entry.key),
            };
            self.list(&entry.value, &path, found);
        }
    }

    fn setting(&self, node: &Node, path: &str) -> Option<Setting> {
        Some(Setting {
            path: path.to_owned(),
            value: shown(node)?,
            line: self.source.line(node.span.start),
            profile: self
                .chosen
                .filter(|(_, chosen)| is_inside(node.span, chosen.span))
                .map(|(name, _)| name.to_owned()),
        })
    }
}

fn is_inside(inner: Span, outer: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// A value on one line, as YAML.
fn shown(node: &Node) -> Option<String> {
    match &node.kind {
        NodeKind::Null => None,
        NodeKind::Text(text) => Some(text.clone()),
        NodeKind::List(items) => {
            let items: Vec<_> = items.iter().filter_map(shown).collect();
            Some(format!("[{}]", items.join(", ")))
        }
        NodeKind::Map(entries) => {
            let entry = |entry: &Entry| Some(format!("{}: {}", entry.key, shown(&entry.value)?));
            let entries: Vec<_> = entries.iter().filter_map(entry).collect();
            Some(format!("{{{}}}", entries.join(", ")))
        }
    }
}

/// Reads settings off a checked tree.
fn configuration(root: &Node, entries: Vec<Setting>) -> Configuration {
    let section = |name: &str| root.get(name);
    let of = |name: &str, key: &str| section(name).and_then(|node| text(node, key));
    Configuration {
        dialect: text(root, "dialect").and_then(|name| {
            let mut all = Dialect::ALL.iter().copied();
            all.find(|dialect| dialect.as_str() == name)
        }),
        unparsed_sql: text(root, "unparsed_sql").map(|word| match word.as_str() {
            "barrier" => Unparsed::Barrier,
            _ => Unparsed::Error,
        }),
        schema: text(root, "schema"),
        datasource_url: of("datasource", "url"),
        datasource_secret: of("datasource", "secret").and_then(secret_key),
        model_store_url: of("model_store", "url"),
        model_store_secret: of("model_store", "secret").and_then(secret_key),
        model_store_credentials: of("model_store", "credentials"),
        image: text(root, "image"),
        namespace: text(root, "namespace"),
        service_account: text(root, "service_account"),
        labels: section("labels").map(texts).unwrap_or_default(),
        image_pull_secrets: list(root.get("image_pull_secrets")),
        environment_secrets: list(root.get("environment_secrets")),
        ca_bundle: text(root, "ca_bundle").and_then(|text| {
            let (name, key) = keys::config_map_key(&text)?;
            Some(ConfigMapKey {
                name: name.to_owned(),
                key: key.to_owned(),
            })
        }),
        scratch: text(root, "scratch"),
        on_exit: section("on_exit").and_then(on_exit),
        argo: section("argo").map(argo).unwrap_or_default(),
        tekton_form: of("tekton", "as"),
        jobs: text(root, "jobs").and_then(|jobs| jobs.parse().ok()),
        steps: step_defaults(root),
        warnings: warnings(root),
        entries,
    }
}

fn text(node: &Node, key: &str) -> Option<String> {
    match &node.get(key)?.kind {
        NodeKind::Text(text) => Some(text.clone()),
        NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => None,
    }
}

fn texts(node: &Node) -> BTreeMap<String, String> {
    entries(node)
        .filter_map(|entry| Some((entry.key.clone(), text(node, &entry.key)?)))
        .collect()
}

fn entries(node: &Node) -> impl Iterator<Item = &Entry> {
    let entries = match &node.kind {
        NodeKind::Map(entries) => entries.as_slice(),
        NodeKind::Null | NodeKind::Text(_) | NodeKind::List(_) => &[],
    };
    entries.iter()
}

fn items(node: Option<&Node>) -> impl Iterator<Item = &Node> {
    let items = match node.map(|node| &node.kind) {
        Some(NodeKind::List(items)) => items.as_slice(),
        _ => &[],
    };
    items.iter()
}

/// The texts of a list.
fn list(node: Option<&Node>) -> Vec<String> {
    let text = |item: &Node| match &item.kind {
        NodeKind::Text(text) => Some(text.clone()),
        NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => None,
    };
    items(node).filter_map(text).collect()
}

fn on_exit(section: &Node) -> Option<OnExit> {
    Some(OnExit {
        image: text(section, "image")?,
        command: list(section.get("command")),
        secret: text(section, "secret"),
    })
}

fn argo(section: &Node) -> Argo {
    Argo {
        form: text(section, "as"),
        schedules: list(section.get("schedules")),
        timezone: text(section, "timezone"),
        concurrency: text(section, "concurrency"),
        mutex: text(section, "mutex"),
        executor_service_account: text(section, "executor_service_account"),
    }
}

fn secret_key(text: String) -> Option<SecretKey> {
    let (name, key) = secret(&text)?;
    Some(SecretKey {
        name: name.to_owned(),
        key: key.to_owned(),
    })
}

fn warnings(root: &Node) -> Vec<(Warnings, Level)> {
    let of = |key: &str, level: Level| {
        let list = root.get("warnings").and_then(|section| section.get(key));
        items(list).filter_map(move |item| match &item.kind {
            NodeKind::Text(text) => Some((Warnings::from_name(text).ok()?, level)),
            NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => None,
        })
    };
    of("allow", Level::Allow)
        .chain(of("deny", Level::Deny))
        .collect()
}

fn step_defaults(root: &Node) -> StepDefaults {
    let of = |section: &str| -> BTreeMap<String, StepSettings> {
        root.get(section)
            .into_iter()
            .flat_map(entries)
            .map(|entry| (entry.key.clone(), step_settings(&entry.value)))
            .collect()
    };
    let mut kinds = of("defaults");
    StepDefaults {
        all: kinds.remove(keys::ALL_KINDS).unwrap_or_default(),
        kinds,
        names: of("steps"),
    }
}

fn step_settings(node: &Node) -> StepSettings {
    let number = |key: &str| text(node, key).and_then(|text| text.parse().ok());
    StepSettings {
        settings: Settings {
            cpu: text(node, "cpu"),
            memory: text(node, "memory"),
            gpu: number("gpu"),
            timeout_seconds: text(node, "timeout").and_then(|text| seconds(&text)),
            retries: number("retries"),
            image: text(node, "image"),
        },
        node_selector: node.get("node_selector").map(texts),
        tolerations: node
            .get("tolerations")
            .map(|list| items(Some(list)).map(toleration).collect()),
        writable_root: text(node, "writable_root").map(|word| word == "true"),
    }
}

fn toleration(node: &Node) -> Toleration {
    Toleration {
        key: text(node, "key"),
        operator: text(node, "operator").unwrap_or_else(|| "Equal".to_owned()),
        value: text(node, "value"),
        effect: text(node, "effect"),
    }
}
