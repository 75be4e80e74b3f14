//! The schema file: the tables of a database and their columns, so that
//! programs can be checked against a database without one.

use crate::configuration::yaml::{self, Entry, Node, NodeKind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::SourceFile;

/// What is known of a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    pub tables: Vec<Table>,
    /// Whether the database has no other tables.
    pub complete: bool,
}

/// A table or a view; names are as the database stores them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The database, if one is named; then the schema, but for the default
    /// one; then the table.
    pub name: Vec<String>,
    pub columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// As the database writes it.
    pub type_name: Option<String>,
}

/// A schema file may be long, and repeats nothing.
const MOST_NODES: usize = 5_000_000;

const KEYS: [&str; 4] = ["complete", "tables", "schemas", "databases"];
const COLUMN_KEYS: [&str; 2] = ["type", "nullable"];

impl Schema {
    /// Reads a schema file.
    pub fn read(source: &SourceFile) -> Result<Schema, Diagnostics> {
        let mut reader = Reader::default();
        match yaml::read(source, MOST_NODES) {
            Ok(root) => reader.root(&root),
            Err(error) => reader.diagnostics.push(error),
        }
        match reader.diagnostics.is_empty() {
            true => Ok(reader.schema),
            false => {
                reader.diagnostics.sort();
                Err(reader.diagnostics)
            }
        }
    }

    /// The file's text: the tables in the order of their names, each with its
    /// columns in the order of the table.
    pub fn write(&self) -> String {
        let mut tables: Vec<&Table> = self.tables.iter().collect();
        tables.sort_by_key(|table| (table.name.len(), &table.name));
        let mut out =
            String::from("# Tables and their columns. Written by `sqlflowc schema pull`.\n");
        if self.complete {
            out += "complete: true\n";
        }
        let mut open: Vec<&str> = Vec::new();
        for table in tables {
            let path = path(&table.name);
            let same = path.iter().zip(&open).take_while(|(a, b)| a == b).count();
            for (depth, key) in path.iter().enumerate().skip(same) {
                out += &format!("{}{}:\n", "  ".repeat(depth), quoted(key));
            }
            if table.columns.is_empty() {
                out.truncate(out.len() - 1);
                out += " {}\n";
            }
            for column in &table.columns {
                let type_name = column.type_name.as_deref().map(quoted);
                let indent = "  ".repeat(path.len());
                out += &format!(
                    "{indent}{}: {}\n",
                    quoted(&column.name),
                    type_name.unwrap_or_else(|| "~".to_owned())
                );
            }
            open = path;
        }
        out
    }
}

/// The keys above a table's columns.
fn path(name: &[String]) -> Vec<&str> {
    let first = match name.len() {
        0 | 1 => "tables",
        2 => "schemas",
        _ => "databases",
    };
    std::iter::once(first)
        .chain(name.iter().map(String::as_str))
        .collect()
}

/// A text as YAML: plain where no reader can take it for anything else.
fn quoted(text: &str) -> String {
    const MEANT: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "null", "y"];
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '(' | ')' | ' ' | ','))
        && !text.ends_with(' ');
    let is_meant =
        MEANT.iter().any(|word| word.eq_ignore_ascii_case(text)) || text.eq_ignore_ascii_case("n");
    match is_word && !is_meant {
        true => text.to_owned(),
        // A JSON string is a YAML string.
        false => serde_json::to_string(text).expect("a string is JSON"),
    }
}

#[derive(Default)]
struct Reader {
    schema: Schema,
    diagnostics: Diagnostics,
}

impl Reader {
    fn root(&mut self, root: &Node) {
        for entry in self.entries(root, "the file") {
            match entry.key.as_str() {
                "complete" => self.complete(&entry.value),
                "tables" => self.tables(&entry.value, &[]),
                "schemas" => self.schemas(&entry.value, &[]),
                "databases" => {
                    for database in self.entries(&entry.value, "`databases`") {
                        self.schemas(&database.value, &[&database.key]);
                    }
                }
                key => {
                    let message = format!("a schema file has no key `{key}`");
                    let wrong = Diagnostic::new(Code::UnknownKey, entry.key_span, message);
                    self.diagnostics.push(wrong.suggest(key, KEYS, || {
                        format!(
                            "its keys are {}",
                            KEYS.map(|key| format!("`{key}`")).join(", ")
                        )
                    }));
                }
            }
        }
    }

    fn complete(&mut self, node: &Node) {
        if let Some(complete) = self.truth(node, "complete") {
            self.schema.complete = complete;
        }
    }

    fn truth(&mut self, node: &Node, key: &str) -> Option<bool> {
        match &node.kind {
            NodeKind::Text(text) if text == "true" => Some(true),
            NodeKind::Text(text) if text == "false" => Some(false),
            _ => {
                self.wrong(
                    node,
                    format!("`{key}` takes `true` or `false`"),
                    "write one of both",
                );
                None
            }
        }
    }

    fn schemas(&mut self, node: &Node, above: &[&str]) {
        for schema in self.entries(node, "a list of schemas") {
            let above = [above, &[&schema.key]].concat();
            self.tables(&schema.value, &above);
        }
    }

    fn tables(&mut self, node: &Node, above: &[&str]) {
        for table in self.entries(node, "a list of tables") {
            let columns = self
                .entries(&table.value, &format!("table `{}`", table.key))
                .iter()
                .map(|column| Column {
                    name: column.key.clone(),
                    type_name: self.type_name(&column.value),
                })
                .collect();
            let name = above.iter().map(|part| (*part).to_owned());
            self.schema.tables.push(Table {
                name: name.chain([table.key.clone()]).collect(),
                columns,
            });
        }
    }

    fn type_name(&mut self, node: &Node) -> Option<String> {
        match &node.kind {
            NodeKind::Null => None,
            NodeKind::Text(text) => Some(text.clone()),
            NodeKind::List(_) => {
                let message = "a column takes its type, not a list".to_owned();
                self.wrong(node, message, "write `name: INTEGER`");
                None
            }
            NodeKind::Map(entries) => {
                for entry in entries {
                    let key = entry.key.as_str();
                    if key == "nullable" {
                        self.truth(&entry.value, key);
                    } else if key != "type" {
                        let message = format!("a column has no key `{key}`");
                        let wrong = Diagnostic::new(Code::UnknownKey, entry.key_span, message);
                        self.diagnostics.push(wrong.suggest(key, COLUMN_KEYS, || {
                            "its keys are `type` and `nullable`".to_owned()
                        }));
                    }
                }
                self.type_name(node.get("type")?)
            }
        }
    }

    /// The entries of a map; nothing at all is an empty one.
    fn entries<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Entry] {
        match &node.kind {
            NodeKind::Map(entries) => entries,
            NodeKind::Null => &[],
            NodeKind::Text(_) | NodeKind::List(_) => {
                let message = format!("{what} takes a map, `name: …`, not {}", node.what());
                let help =
                    "write each name with a colon on a line, and what it holds indented below";
                self.wrong(node, message, help);
                &[]
            }
        }
    }

    fn wrong(&mut self, node: &Node, message: String, help: &str) {
        self.diagnostics
            .push(Diagnostic::new(Code::InvalidSetting, node.span, message).help(help));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Format, render};

    fn read(text: &str) -> Result<Schema, String> {
        let source = SourceFile::new("schema.yaml", text);
        Schema::read(&source)
            .map_err(|wrong| render(&source, &wrong, Format::Human { colour: false }))
    }

    #[test]
    fn what_is_written_is_read_back() {
        let column = |name: &str, type_name: Option<&str>| Column {
            name: name.to_owned(),
            type_name: type_name.map(str::to_owned),
        };
        let table = |name: &[&str], columns: Vec<Column>| Table {
            name: name.iter().map(|part| (*part).to_owned()).collect(),
            columns,
        };
        let schema = Schema {
            complete: true,
            tables: vec![
                table(&["a: b"], vec![column("no", Some("ENUM('yes', \"x\")"))]),
                table(
                    &["houses"],
                    vec![
                        column("area", Some("DECIMAL(10,2)")),
                        column("", None),
                        column("1", Some("STRUCT(a INTEGER, \"b c\" VARCHAR)[]")),
                        column("größe\n\u{2028}#", Some("TIMESTAMP WITH TIME ZONE")),
                        column("~", Some("null")),
                    ],
                ),
                table(&["empty"], Vec::new()),
                table(&["s", "t"], vec![column("*x", Some("INTEGER"))]),
                table(&["s", "u"], vec![column("&x", Some("INTEGER"))]),
                table(&["d", "s", "t"], vec![column("x", Some("INTEGER"))]),
            ],
        };
        let text = schema.write();
        let mut back = read(&text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
        assert_eq!(back.write(), text);
        let mut wanted = schema;
        wanted.tables.sort_by_key(|table| table.name.clone());
        back.tables.sort_by_key(|table| table.name.clone());
        assert_eq!(back, wanted, "{text}");
        insta::assert_snapshot!(text.replace('\u{2028}', "U+2028"), @r#"
        # Tables and their columns. Written by `sqlflowc schema pull`.
        complete: true
        tables:
          "a: b":
            "no": "ENUM('yes', \"x\")"
          empty: {}
          houses:
            area: DECIMAL(10,2)
            "": ~
            "1": "STRUCT(a INTEGER, \"b c\" VARCHAR)[]"
            "größe\nU+2028#": TIMESTAMP WITH TIME ZONE
            "~": "null"
        schemas:
          s:
            t:
              "*x": INTEGER
            u:
              "&x": INTEGER
        databases:
          d:
            s:
              t:
                x: INTEGER
        "#);
    }

    #[test]
    fn what_does_not_belong_into_a_schema_file_is_shown() {
        let wrong = read(
            "tabels:\n  a: {x: INTEGER}\ntables:\n  b:\n    x: [INTEGER]\n    y: {typ: TEXT, nullable: maybe}\n  c: INTEGER\ncomplete: perhaps\n",
        );
        insta::assert_snapshot!(wrong.unwrap_err(), @"
        error[E0602]: a schema file has no key `tabels`
         --> schema.yaml:1:1
          |
        1 | tabels:
          | ^^^^^^
          |
          = help: did you mean `tables`?

        error[E0603]: a column takes its type, not a list
         --> schema.yaml:5:8
          |
        5 |     x: [INTEGER]
          |        ^^^^^^^^^
          |
          = help: write `name: INTEGER`

        error[E0602]: a column has no key `typ`
         --> schema.yaml:6:9
          |
        6 |     y: {typ: TEXT, nullable: maybe}
          |         ^^^
          |
          = help: did you mean `type`?

        error[E0603]: `nullable` takes `true` or `false`
         --> schema.yaml:6:30
          |
        6 |     y: {typ: TEXT, nullable: maybe}
          |                              ^^^^^
          |
          = help: write one of both

        error[E0603]: table `c` takes a map, `name: …`, not a single value
         --> schema.yaml:7:6
          |
        7 |   c: INTEGER
          |      ^^^^^^^
          |
          = help: write each name with a colon on a line, and what it holds indented below

        error[E0603]: `complete` takes `true` or `false`
         --> schema.yaml:8:11
          |
        8 | complete: perhaps
          |           ^^^^^^^
          |
          = help: write one of both
        ");
    }
}
