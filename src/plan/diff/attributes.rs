//! A step's attributes and settings by name, so that two can be compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Field, List, list};
use crate::ir::Step;

/// Single values and lists, by name.
#[derive(Default)]
pub(super) struct Attributes {
    values: BTreeMap<String, String>,
    lists: BTreeMap<String, Vec<String>>,
}

/// Reads them off the step's JSON form, which has them all. Texts of
/// statements are left out: they are compared as texts.
pub(super) fn attributes(step: &Step) -> Attributes {
    const TEXTS: [&str; 3] = ["select", "statement", "statements"];
    let mut attributes = Attributes::default();
    let action = serde_json::to_value(&step.action).expect("an action is JSON");
    if let Value::Object(fields) = action {
        for (name, value) in fields {
            if !TEXTS.contains(&name.as_str()) {
                attributes.add(&name, &value);
            }
        }
    }
    let settings = serde_json::to_value(&step.settings).expect("settings are JSON");
    if let Value::Object(fields) = settings {
        for (name, value) in fields {
            attributes.add(&name, &value);
        }
    }
    if let Some(image) = &step.image {
        attributes
            .values
            .insert("image of the estimator".to_owned(), image.clone());
    }
    if let Some(barrier) = step.barrier {
        attributes
            .values
            .insert("barrier".to_owned(), barrier.to_owned());
    }
    attributes
}

impl Attributes {
    fn add(&mut self, name: &str, value: &Value) {
        match value {
            // Settings with names of their own: `{"name", "value"}`.
            Value::Array(entries) if !entries.is_empty() && entries.iter().all(is_setting) => {
                for entry in entries {
                    let of = entry["name"].as_str().unwrap_or_default();
                    let name = match name {
                        "params" => of.to_owned(),
                        _ => format!("{name}.{of}"),
                    };
                    self.values.insert(name, shown(&entry["value"]));
                }
            }
            // The features of one target each.
            Value::Array(sets) if name == "features" => {
                for set in sets {
                    let name = match set.get("target").and_then(Value::as_str) {
                        Some(target) => format!("features for {target}"),
                        None => "features".to_owned(),
                    };
                    let features = set.get("features").and_then(Value::as_array);
                    let features = features.into_iter().flatten().map(shown);
                    self.lists.entry(name).or_default().extend(features);
                }
            }
            // The parts of a table's name.
            Value::Array(parts) if name == "into" => {
                let parts: Vec<_> = parts.iter().map(shown).collect();
                self.values.insert(name.to_owned(), parts.join("."));
            }
            Value::Array(entries) => {
                let entries = entries.iter().map(shown).collect();
                self.lists.insert(name.to_owned(), entries);
            }
            value => {
                self.values.insert(name.to_owned(), shown(value));
            }
        }
    }

    pub(super) fn difference(&self, new: &Attributes) -> (Vec<Field>, Vec<List>) {
        let names: BTreeSet<_> = self.values.keys().chain(new.values.keys()).collect();
        let fields = names
            .into_iter()
            .map(|name| Field {
                name: name.clone(),
                old: self.values.get(name).cloned(),
                new: new.values.get(name).cloned(),
            })
            .filter(|field| field.old != field.new)
            .collect();
        let names: BTreeSet<_> = self.lists.keys().chain(new.lists.keys()).collect();
        let entries = |lists: &BTreeMap<String, Vec<String>>, name: &String| {
            lists.get(name).cloned().unwrap_or_default()
        };
        let lists = names
            .into_iter()
            .filter_map(|name| {
                list(
                    name,
                    &entries(&self.lists, name),
                    &entries(&new.lists, name),
                )
            })
            .collect();
        (fields, lists)
    }
}

fn is_setting(value: &Value) -> bool {
    value.get("name").is_some_and(Value::is_string) && value.get("value").is_some()
}

/// A value as a person would write it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(entries) => {
            let entries: Vec<_> = entries.iter().map(shown).collect();
            format!("[{}]", entries.join(", "))
        }
        Value::Object(fields) => match fields.get("function").and_then(Value::as_str) {
            Some(function) => {
                let arguments = fields.get("arguments").and_then(Value::as_array);
                let arguments: Vec<_> = arguments.into_iter().flatten().map(argument).collect();
                // A plain column is called by its name.
                match (function, arguments.as_slice()) {
                    ("column", [name]) => name.clone(),
                    _ => format!("{function}({})", arguments.join(", ")),
                }
            }
            None => match fields.iter().next() {
                // A literal: its type and its value.
                Some((_, value)) if fields.len() == 1 => shown(value),
                _ => value.to_string(),
            },
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn argument(argument: &Value) -> String {
    let value = shown(&argument["value"]);
    match argument.get("name").and_then(Value::as_str) {
        Some(name) => format!("{name}={value}"),
        None => value,
    }
}
