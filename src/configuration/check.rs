//! Checks a file against the table of keys.

use super::keys::{Key, PROFILES, SETTINGS, Takes, Words};
use super::yaml::{Entry, Node, NodeKind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Warnings};

/// Reports everything in the file that no key takes.
pub(super) fn check(root: &Node, diagnostics: &mut Diagnostics) {
    let mut check = Check { diagnostics };
    let NodeKind::Map(entries) = &root.kind else {
        // A file of comments only says nothing.
        if !matches!(root.kind, NodeKind::Null) {
            let message = format!("the configuration is {}", root.what());
            let wrong = Diagnostic::new(Code::InvalidSetting, root.span, message);
            check
                .diagnostics
                .push(wrong.help("write keys and values, such as `dialect: postgresql`"));
        }
        return;
    };
    let keys: Vec<&Key> = SETTINGS.iter().chain([&PROFILES]).collect();
    for entry in entries {
        check.entry(entry, &keys, "");
    }
    check.warnings(root);
    if let Some(NodeKind::Map(profiles)) = root.get(PROFILES.name).map(|node| &node.kind) {
        for profile in profiles {
            check.warnings(&profile.value);
        }
    }
}

struct Check<'a> {
    diagnostics: &'a mut Diagnostics,
}

impl Check<'_> {
    fn entry(&mut self, entry: &Entry, keys: &[&Key], path: &str) {
        let shown = joined(path, &entry.key);
        match keys.iter().find(|key| key.name == entry.key) {
            Some(key) => self.value(&entry.value, &key.takes, &shown),
            None => self.unknown(entry, keys, path),
        }
    }

    fn unknown(&mut self, entry: &Entry, keys: &[&Key], path: &str) {
        let key = &entry.key;
        let message = match path {
            "" => format!("no setting is named `{key}`"),
            path => format!("`{path}` has no setting named `{key}`"),
        };
        let names = keys.iter().map(|key| key.name);
        self.diagnostics.push(
            Diagnostic::new(Code::UnknownKey, entry.key_span, message).suggest(
                key,
                names.clone(),
                || format!("the settings are {}", names.collect::<Vec<_>>().join(", ")),
            ),
        );
    }

    fn value(&mut self, node: &Node, takes: &Takes, path: &str) {
        match (takes, &node.kind) {
            // A key without a value is as good as none.
            (_, NodeKind::Null) => {}
            (Takes::Text(words), NodeKind::Text(text)) => self.text(node, text, words, path),
            (Takes::List(of), NodeKind::List(items)) => {
                for item in items {
                    self.value(item, of, path);
                }
            }
            (Takes::Map(names, of), NodeKind::Map(entries)) => {
                for entry in entries {
                    self.name(entry, names, path);
                    self.value(&entry.value, of, &joined(path, &entry.key));
                }
                if path.ends_with("labels") {
                    self.own_labels(entries);
                }
            }
            (Takes::Section(keys), NodeKind::Map(entries)) => {
                let keys: Vec<&Key> = keys.iter().collect();
                for entry in entries {
                    self.entry(entry, &keys, path);
                }
                if path.ends_with("tolerations") {
                    self.toleration(node);
                }
                if path == "on_exit" || path.ends_with(".on_exit") {
                    self.on_exit(node);
                }
            }
            (Takes::Text(_) | Takes::List(_) | Takes::Map(..) | Takes::Section(_), _) => {
                let wanted = match takes {
                    Takes::Text(words) => words.words(),
                    Takes::List(_) => "a list such as `[first, second]`".to_owned(),
                    Takes::Map(..) => "a map, `name: value`".to_owned(),
                    Takes::Section(keys) => {
                        let names: Vec<_> = keys.iter().map(|key| key.name).collect();
                        format!("the settings {}", names.join(", "))
                    }
                };
                let message = format!("`{path}` takes {wanted}, not {}", node.what());
                self.wrong(node, message);
            }
        }
    }

    fn wrong(&mut self, node: &Node, message: String) {
        self.diagnostics
            .push(Diagnostic::new(Code::InvalidSetting, node.span, message));
    }

    fn text(&mut self, node: &Node, text: &str, words: &Words, path: &str) {
        if words.fit(text) {
            return;
        }
        if let Words::Secret = words {
            let message = format!("`{path}` takes {}, never the secret itself", words.words());
            let wrong = Diagnostic::new(Code::SecretInConfiguration, node.span, message);
            self.diagnostics.push(wrong.help(
                "put the URL into a Secret of the cluster, and the Secret's name here; \
                 what `sqlflowc run` works on goes under `url`",
            ));
            return;
        }
        if let (Words::Warnings, Err(wrong)) = (words, Warnings::from_name(text)) {
            let wrong = wrong.at(Code::InvalidSetting, node.span);
            return self.diagnostics.push(wrong);
        }
        let message = format!("`{path}` takes {}, not `{text}`", words.words());
        let wrong = Diagnostic::new(Code::InvalidSetting, node.span, message);
        self.diagnostics.push(near(wrong, text, words));
    }

    fn name(&mut self, entry: &Entry, names: &Words, path: &str) {
        if names.fit(&entry.key) {
            return;
        }
        let code = match names {
            Words::OneOf(_) => Code::UnknownKey,
            Words::Of(..) | Words::Secret | Words::Warnings => Code::InvalidSetting,
        };
        let message = format!("`{path}` takes {}, not `{}`", names.words(), entry.key);
        let wrong = Diagnostic::new(code, entry.key_span, message);
        self.diagnostics.push(near(wrong, &entry.key, names));
    }

    /// The labels by which a run is found again are the compiler's.
    fn own_labels(&mut self, entries: &[Entry]) {
        for entry in entries {
            let is_own = matches!(
                entry.key.as_str(),
                "app.kubernetes.io/managed-by" | "app.kubernetes.io/name"
            ) || ["sqlflow.org/", "tekton.dev/", "workflows.argoproj.io/"]
                .iter()
                .any(|prefix| entry.key.starts_with(prefix));
            if is_own {
                let message = format!("the label `{}` is set by the tools", entry.key);
                self.diagnostics.push(
                    Diagnostic::new(Code::InvalidSetting, entry.key_span, message)
                        .help("take another name, such as `team` or `example.com/team`"),
                );
            }
        }
    }

    /// Without a command an engine would have to ask the registry for the
    /// image's own, which fails where that is private.
    fn on_exit(&mut self, node: &Node) {
        let is_empty = |node: &Node| match &node.kind {
            NodeKind::Null => true,
            NodeKind::List(items) => items.is_empty(),
            NodeKind::Text(_) | NodeKind::Map(_) => false,
        };
        for key in ["image", "command"] {
            if node.get(key).is_none_or(is_empty) {
                let message = format!("`on_exit` needs `{key}`");
                self.diagnostics.push(
                    Diagnostic::new(Code::InvalidSetting, node.span, message)
                        .help("such as `{image: team/notify:1, command: [notify, --channel, ml]}`"),
                );
            }
        }
    }

    /// What Kubernetes asks of a toleration as a whole.
    fn toleration(&mut self, node: &Node) {
        let text = |key: &str| {
            node.get(key).and_then(|node| match &node.kind {
                NodeKind::Text(text) => Some(text.as_str()),
                _ => None,
            })
        };
        let exists = text("operator") == Some("Exists");
        if text("key").is_none() && !exists {
            self.diagnostics.push(
                Diagnostic::new(
                    Code::InvalidSetting,
                    node.span,
                    "a toleration needs the `key` of a taint",
                )
                .help("add `key: …`, or `operator: Exists` to tolerate every taint"),
            );
        }
        if let (true, Some(value)) = (exists, node.get("value")) {
            self.diagnostics.push(
                Diagnostic::new(
                    Code::InvalidSetting,
                    value.span,
                    "a toleration with `operator: Exists` takes no value",
                )
                .help("leave `value` out, or write `operator: Equal`"),
            );
        }
    }

    /// One code cannot be left out and be an error.
    fn warnings(&mut self, section: &Node) {
        let list = |key: &str| -> Vec<&Node> {
            let list = section
                .get("warnings")
                .and_then(|warnings| warnings.get(key));
            match list.map(|node| &node.kind) {
                Some(NodeKind::List(items)) => items.iter().collect(),
                _ => Vec::new(),
            }
        };
        let code = |node: &Node| match &node.kind {
            NodeKind::Text(text) => Warnings::from_name(text).ok(),
            _ => None,
        };
        let allowed = list("allow");
        for denied in list("deny") {
            let Some(warnings) = code(denied) else {
                continue;
            };
            if let Some(first) = allowed.iter().find(|node| code(node) == Some(warnings)) {
                let message = format!("`{}` is allowed and denied", warnings.as_str());
                self.diagnostics.push(
                    Diagnostic::new(Code::InvalidSetting, denied.span, message)
                        .note(first.span, "allowed here")
                        .help("keep one of them"),
                );
            }
        }
    }
}

fn joined(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

fn near(diagnostic: Diagnostic, text: &str, words: &Words) -> Diagnostic {
    let choices = words.choices().unwrap_or_default();
    match crate::diagnostic::nearest(text, choices) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}
