//! The table of keys for others: a JSON schema for editors, a table for people.

use serde_json::{Map, Value, json};

use super::keys::{Key, PROFILES, SETTINGS, STEP, Takes, Words};

/// A JSON schema of the file, by which editors complete and check it.
pub fn json_schema() -> String {
    let keys: Vec<&Key> = SETTINGS.iter().chain([&PROFILES]).collect();
    let mut schema = Map::from_iter([
        (
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        ),
        ("title".to_owned(), json!("sqlflowc.yaml")),
    ]);
    if let Value::Object(section) = section(&keys) {
        schema.extend(section);
    }
    format!("{:#}\n", Value::Object(schema))
}

fn section(keys: &[&Key]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| {
            let mut schema = takes(&key.takes);
            schema["description"] = json!(key.meaning);
            (key.name.to_owned(), schema)
        })
        .collect();
    json!({
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": properties,
    })
}

fn takes(takes_: &Takes) -> Value {
    match takes_ {
        Takes::Text(words) => match words.choices() {
            Some(choices) => {
                let choices: Vec<Value> = choices
                    .into_iter()
                    .map(|choice| match choice {
                        "true" => Value::Bool(true),
                        "false" => Value::Bool(false),
                        text => Value::from(text),
                    })
                    .chain([Value::Null])
                    .collect();
                json!({"enum": choices})
            }
            // `cpu: 4` is a number to YAML and a quantity to us.
            None => json!({"type": ["string", "number", "null"]}),
        },
        Takes::List(of) => json!({"type": ["array", "null"], "items": takes(of)}),
        Takes::Map(names, of) => {
            let mut schema = json!({
                "type": ["object", "null"],
                "additionalProperties": takes(of),
            });
            if let Some(choices) = names.choices() {
                schema["propertyNames"] = json!({"enum": choices});
            }
            schema
        }
        Takes::Section(keys) => section(&keys.iter().collect::<Vec<_>>()),
    }
}

/// The keys as tables in Markdown, as the page about the configuration has
/// them: those of the file, and those of a step.
pub fn tables() -> [String; 2] {
    [
        table(SETTINGS.iter().chain([&PROFILES])),
        table(STEP.iter()),
    ]
}

fn table(keys: impl Iterator<Item = &'static Key>) -> String {
    let mut lines = vec!["| key | takes | meaning |".to_owned()];
    lines.push("| --- | --- | --- |".to_owned());
    for (path, key) in leaves(keys) {
        lines.push(format!(
            "| `{path}` | {} | {} |",
            words(&key.takes),
            key.meaning
        ));
    }
    lines.join("\n") + "\n"
}

/// The paths of all keys; those of steps stand behind `defaults.KIND` and
/// `steps.NAME`.
pub fn paths() -> Vec<String> {
    let of_step =
        |path: &'static str| leaves(STEP.iter()).map(move |(inner, _)| format!("{path}.{inner}"));
    let settings = leaves(SETTINGS.iter().chain([&PROFILES])).map(|(path, _)| path);
    settings
        .filter(|path| path != "defaults" && path != "steps")
        .chain(of_step("defaults.KIND"))
        .chain(of_step("steps.NAME"))
        .collect()
}

/// The keys that take a value and are no section, with their paths.
fn leaves(
    keys: impl Iterator<Item = &'static Key>,
) -> impl Iterator<Item = (String, &'static Key)> {
    keys.flat_map(|key| match &key.takes {
        Takes::Section(inner) => inner
            .iter()
            .map(|inner| (format!("{}.{}", key.name, inner.name), inner))
            .collect(),
        _ => vec![(key.name.to_owned(), key)],
    })
}

fn words(takes: &Takes) -> String {
    let listed = |words: &Words| match words.choices() {
        Some(choices) => {
            let choices: Vec<_> = choices.iter().map(|choice| format!("`{choice}`")).collect();
            choices.join(", ")
        }
        None => words.words(),
    };
    match takes {
        Takes::Text(Words::Warnings) => "codes of warnings, or `warnings`".to_owned(),
        Takes::Text(of) => listed(of),
        Takes::List(Takes::Section(keys)) => {
            let names: Vec<_> = keys.iter().map(|key| format!("`{}`", key.name)).collect();
            format!("a list of maps with {}", names.join(", "))
        }
        Takes::List(of) => format!("a list: {}", words(of)),
        Takes::Map(names, Takes::Section(_)) => {
            format!("a map of sections by name: {}", listed(names))
        }
        Takes::Map(..) => "a map, `name: value`".to_owned(),
        Takes::Section(_) => "a map".to_owned(),
    }
}
