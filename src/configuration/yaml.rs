//! YAML text → nodes that know their places.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceFile, Span};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone)]
pub(crate) enum NodeKind {
    /// Nothing behind the colon, `~` or `null`.
    Null,
    /// A scalar's text. What it means is up to the key, so that a version
    /// `1.10` keeps its zero.
    Text(String),
    List(Vec<Node>),
    /// Entries in the file's order.
    Map(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Node {
    /// The value of a key, if this is a map that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let NodeKind::Map(entries) = &self.kind else {
            return None;
        };
        let entry = entries.iter().find(|entry| entry.key == key)?;
        Some(&entry.value)
    }

    /// What it is, for messages.
    pub(crate) fn what(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "nothing",
            NodeKind::Text(_) => "a single value",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }
}

/// Reads the one document of a file; an empty file is an empty map.
///
/// A file may repeat what it has named with `&name`; more than `most` nodes
/// are an attack and no configuration.
pub(crate) fn read(source: &SourceFile, most: usize) -> Result<Node, Diagnostic> {
    let mut options = granit_parser::options! { disallow_directives: true };
    options.set_emit_comments(false);
    let mut builder = Builder {
        most,
        ..Builder::default()
    };
    for event in Parser::new_from_str_with_options(source.text(), options) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset();
            let at = at.unwrap_or_default().min(source.text().len());
            broken(Span { start: at, end: at }, error.info())
        })?;
        let range = span.byte_range().unwrap_or_default();
        builder.take(
            event,
            Span {
                start: range.start,
                end: range.end,
            },
        )?;
    }
    let end = source.text().len();
    Ok(builder.document.unwrap_or(Node {
        kind: NodeKind::Map(Vec::new()),
        span: Span { start: end, end },
    }))
}

fn broken(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::ConfigurationSyntax, span, message)
}

/// Puts the parser's events together.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    most: usize,
    document: Option<Node>,
}

/// A list or a map whose end has not come.
struct Open {
    kind: NodeKind,
    /// The key that waits for its value.
    key: Option<(String, Span)>,
    /// The keys so far and where each stands, since a map may be long.
    keys: BTreeMap<String, Span>,
    anchor: usize,
    start: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Diagnostic> {
        let mut begin = |kind, anchor| {
            self.open.push(Open {
                kind,
                key: None,
                keys: BTreeMap::new(),
                anchor,
                start: span.start,
            });
        };
        match event {
            Event::DocumentStart(..) if self.document.is_some() => {
                return Err(broken(span, "a second document in one file")
                    .help("keep one; what differs between environments goes under `profiles:`"));
            }
            Event::SequenceStart(_, anchor, _) => begin(NodeKind::List(Vec::new()), anchor),
            Event::MappingStart(_, anchor, _) => begin(NodeKind::Map(Vec::new()), anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.open.pop().expect("the parser closes what it opened");
                let node = Node {
                    kind: open.kind,
                    span: Span {
                        start: open.start,
                        end: span.end,
                    },
                };
                return self.finish(node, open.anchor);
            }
            Event::Scalar(text, style, anchor, _) => {
                let is_null = style == ScalarStyle::Plain
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let kind = match is_null {
                    true => NodeKind::Null,
                    false => NodeKind::Text(text.into_owned()),
                };
                return self.finish(Node { kind, span }, anchor);
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or_else(|| broken(span, "a value that contains itself"))?;
                self.nodes += size(&node);
                return self.finish(node, 0);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), Diagnostic> {
        self.nodes += 1;
        if self.nodes > self.most {
            let message = format!("more than {} values, counting repeated ones", self.most);
            return Err(broken(node.span, message));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.document = Some(node);
            return Ok(());
        };
        match (&mut open.kind, open.key.take()) {
            (NodeKind::List(items), _) => items.push(node),
            (NodeKind::Map(entries), Some((key, key_span))) => {
                if let Some(first) = open.keys.insert(key.clone(), key_span) {
                    return Err(broken(key_span, format!("`{key}` is given twice"))
                        .note(first, "first here")
                        .help("keep one of them"));
                }
                entries.push(Entry {
                    key,
                    key_span,
                    value: node,
                });
            }
            (NodeKind::Map(_), None) => {
                let NodeKind::Text(key) = node.kind else {
                    return Err(broken(node.span, "a key is a single word"));
                };
                open.key = Some((key, node.span));
            }
            (NodeKind::Null | NodeKind::Text(_), _) => {
                unreachable!("only lists and maps are opened")
            }
        }
        Ok(())
    }
}

fn size(node: &Node) -> usize {
    match &node.kind {
        NodeKind::Null | NodeKind::Text(_) => 1,
        NodeKind::List(items) => items.iter().map(size).sum::<usize>() + 1,
        NodeKind::Map(entries) => entries.iter().map(|e| size(&e.value)).sum::<usize>() + 1,
    }
}
