//! Each dialect's strings, names and comments hold a `;` that ends nothing,
//! and its names are compared as its database compares them.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use sqlflowc::source::{SourceFile, Span};
use sqlflowc::syntax;
use sqlflowc::syntax::ast::{Ident, StatementKind};
use sqlflowc::syntax::sql::{Dialect, Reading, Unparsed};

struct Forms {
    dialect: Dialect,
    names: &'static [&'static str],
    strings: &'static [&'static str],
    comments: &'static [&'static str],
    /// Spellings of `Ab` that name what `Ab` without quotes names.
    same: &'static [&'static str],
    /// Spellings that name something else.
    other: &'static [&'static str],
}

const LINE: &str = "-- ;'\n";
const BLOCK: &str = "/* ;' */";
const NESTED: &str = "/* /* ; */ ;' */";

const FORMS: &[Forms] = &[
    Forms {
        dialect: Dialect::Ansi,
        names: &["\"a;b\"", "\"a\"\";b\""],
        strings: &["'a;''b'"],
        comments: &[LINE, BLOCK, NESTED],
        same: &["AB", "ab", "\"AB\""],
        other: &["\"ab\"", "\"Ab\""],
    },
    Forms {
        dialect: Dialect::BigQuery,
        names: &["`a;b`"],
        strings: &[
            r"'a;\'b'",
            r#""a;\"b""#,
            "'''a;'b\n'''",
            "\"\"\"a;\"b\"\"\"",
            r"r'a;b'",
            r#"R"a;b""#,
            "b'a;b'",
        ],
        comments: &[LINE, BLOCK, "# ;'\n"],
        same: &["AB", "`ab`"],
        other: &["abc"],
    },
    Forms {
        dialect: Dialect::ClickHouse,
        names: &["\"a;b\"", "`a;b`"],
        strings: &["'a;''b'", r"'a;\'b'"],
        comments: &[LINE, BLOCK, NESTED],
        same: &["`Ab`", "\"Ab\""],
        other: &["AB", "ab"],
    },
    Forms {
        dialect: Dialect::Databricks,
        names: &["`a;b`"],
        strings: &[r"'a;\'b'", "\"a;b\""],
        comments: &[LINE, BLOCK, NESTED],
        same: &["AB", "`ab`"],
        other: &["abc"],
    },
    Forms {
        dialect: Dialect::DuckDb,
        names: &["\"a;b\""],
        strings: &["'a;''b'", r"'a;\'", r"E'a;\'b'", "$$a;'b$$", "$x$a;$$'b$x$"],
        comments: &[LINE, BLOCK, NESTED],
        same: &["AB", "\"ab\""],
        other: &["abc"],
    },
    Forms {
        dialect: Dialect::Generic,
        names: &["\"a;b\"", "`a;b`"],
        strings: &["'a;''b'", "$$a;'b$$"],
        comments: &[LINE, BLOCK, NESTED],
        same: &["AB", "\"ab\""],
        other: &["abc"],
    },
    Forms {
        dialect: Dialect::Hive,
        names: &["`a;b`"],
        strings: &["'a;b'", "\"a;b\"", r"'a;\'b'"],
        comments: &[LINE, BLOCK],
        same: &["AB", "`ab`"],
        other: &["abc"],
    },
    Forms {
        dialect: Dialect::MsSql,
        names: &["[a;b]", "\"a;b\"", "[a]];b]"],
        strings: &["'a;''b'", "N'a;''b'", r"'a;\'"],
        comments: &[LINE, BLOCK, NESTED],
        same: &["AB", "[ab]"],
        other: &["abc"],
    },
    Forms {
        dialect: Dialect::MySql,
        names: &["`a;b`", "`a``;b`"],
        strings: &[
            "'a;''b'",
            r"'a;\'b'",
            "\"a;b\"",
            r#""a;\"b""#,
            "\"a;\"\"b\"",
        ],
        comments: &[LINE, BLOCK, "# ;'\n"],
        same: &["AB", "`ab`"],
        other: &["abc"],
    },
    Forms {
        dialect: Dialect::Oracle,
        names: &["\"a;b\""],
        strings: &[
            "'a;''b'",
            "q'[a;'b]'",
            "Q'{a;'b}'",
            "nq'!a;'b!'",
            "N'a;b'",
            r"'a;\'",
        ],
        comments: &[LINE, BLOCK],
        same: &["AB", "ab", "\"AB\""],
        other: &["\"ab\"", "\"Ab\""],
    },
    Forms {
        dialect: Dialect::PostgreSql,
        names: &["\"a;b\"", "\"a\"\";b\""],
        strings: &[
            "'a;''b'",
            r"'a;\'",
            r"E'a;\'b'",
            "U&'a;b'",
            "B'01'",
            "$$a;'b$$",
            "$x$a;$$'b$x$",
        ],
        comments: &[LINE, BLOCK, NESTED],
        same: &["AB", "ab", "\"ab\""],
        other: &["\"AB\"", "\"Ab\""],
    },
    Forms {
        dialect: Dialect::Redshift,
        names: &["\"a;b\""],
        strings: &["'a;''b'", r"'a;\'b'", "$$a;'b$$"],
        comments: &[LINE, BLOCK],
        same: &["AB", "ab", "\"ab\"", r#""AB""#],
        other: &[],
    },
    Forms {
        dialect: Dialect::Snowflake,
        names: &["\"a;b\""],
        strings: &["'a;''b'", r"'a;\'b'", "$$a;'b$$"],
        comments: &[LINE, BLOCK, "// ;'\n"],
        same: &["AB", "ab", "\"AB\""],
        other: &["\"ab\"", "\"Ab\""],
    },
    Forms {
        dialect: Dialect::Spark,
        names: &["`a;b`"],
        strings: &[r"'a;\'b'", "\"a;b\""],
        comments: &[LINE, BLOCK, NESTED],
        same: &["AB", "`ab`"],
        other: &["abc"],
    },
    Forms {
        dialect: Dialect::SQLite,
        names: &["\"a;b\"", "`a;b`", "[a;b]"],
        strings: &["'a;''b'", r"'a;\'"],
        comments: &[LINE, BLOCK],
        same: &["AB", "\"ab\""],
        other: &["abc"],
    },
    Forms {
        dialect: Dialect::Teradata,
        names: &["\"a;b\""],
        strings: &["'a;''b'", r"'a;\'"],
        comments: &[LINE, BLOCK],
        same: &["AB", "\"ab\""],
        other: &["abc"],
    },
];

/// The queries of TO EXPLAIN, marked, and the text of what is plain.
fn statements(text: &str, dialect: Dialect) -> Vec<(bool, String)> {
    let source = SourceFile::new("program.sql", text);
    let reading = Reading {
        unparsed: Unparsed::Barrier,
        ..Reading::from(dialect)
    };
    let (program, diagnostics) = syntax::parse(&source, reading);
    assert!(
        !diagnostics.has_errors(),
        "{dialect:?} {text}: {diagnostics:?}"
    );
    let statements = program.statements.iter();
    statements
        .map(|statement| match &statement.kind {
            StatementKind::Explain(explain) => (true, source.slice(explain.query.span).to_owned()),
            _ => (false, source.slice(statement.span).to_owned()),
        })
        .collect()
}

#[test]
fn a_semicolon_in_a_token_ends_no_statement() {
    for dialect in Dialect::ALL {
        let forms = FORMS.iter().find(|forms| forms.dialect == *dialect);
        let forms = forms.unwrap_or_else(|| panic!("{dialect:?} has no forms here"));
        let all = [forms.names, forms.strings, forms.comments, &["/*+ a; */"]].concat();
        for form in all {
            let query = format!("SELECT {form} a FROM t");
            let comment = match form.starts_with(['/', '-', '#']) {
                true => form,
                false => "",
            };
            let text = format!("{query};{comment}{query} {comment} TO EXPLAIN m;\nSELECT 2");
            let expected = [
                (false, query.clone()),
                (true, query),
                (false, "SELECT 2".to_owned()),
            ];
            assert_eq!(statements(&text, *dialect), expected, "{dialect:?} {text}");
        }
    }
}

#[test]
fn names_compare_as_in_the_database() {
    let ident = |text: &str| {
        let inner = text.trim_matches(['"', '`', '[', ']']);
        Ident {
            text: inner.to_owned(),
            quoted: inner.len() < text.len(),
            span: Span::default(),
        }
    };
    for forms in FORMS {
        let name = forms.dialect.fold(&ident("Ab"));
        for same in forms.same {
            let folded = forms.dialect.fold(&ident(same));
            assert_eq!(folded, name, "{:?} {same}", forms.dialect);
        }
        for other in forms.other {
            let folded = forms.dialect.fold(&ident(other));
            assert_ne!(folded, name, "{:?} {other}", forms.dialect);
        }
    }
}
