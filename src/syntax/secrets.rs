//! Passwords, keys and tokens that stand in a program's text.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::sql::{self, Dialect, Token};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceFile, Span};

/// Names whose value is a secret wherever they stand.
const SECRETS: [&str; 12] = [
    "access_token",
    "account_key",
    "api_key",
    "aws_token",
    "client_secret",
    "private_key",
    "private_key_passphrase",
    "sas_token",
    "secret_access_key",
    "secret_key",
    "security_token",
    "session_token",
];

/// Names of secrets that tables have columns of as well.
const PERHAPS: [&str; 7] = [
    "bearer_token",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "token",
];

/// Statements that set up users, connections and the like.
const SETS_UP: [&str; 10] = [
    "alter", "attach", "connect", "copy", "create", "export", "import", "load", "set", "unload",
];

/// Words behind which such a statement is about rows and expressions.
const OF_ROWS: [&str; 8] = [
    "begin", "check", "delete", "insert", "select", "update", "when", "where",
];

/// What a text without a trace of these has no secrets in.
static TRACES: LazyLock<Regex> =
    LazyLock::new(|| regex("(?i)passw|passphrase|pwd|secret|token|key|identified|://|bearer "));

/// Secrets inside of a string: `scheme://user:password@host`, `password=…` in what
/// drivers take, `Bearer …`.
static INSIDE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)(?x)
        [a-z][a-z0-9+.-]*://[^\s/:@'"]*:(?<url>[^\s/@'"]+)@
        | \b(?:password|passwd|pwd|(?:[a-z_]*_)?secret(?:_access)?_key|accountkey|sharedaccesskey
            |[a-z_]+_token)\s*=\s*(?<pair>[^\s;,'"&]+)
        | ^\W*(?:bearer|basic)\s+(?<header>[^\s'"]{8,})
        "#,
    )
});

/// A name and the quoted text behind it, roughly.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)(?x)
        (?:passw(?:or)?d|passphrase|pwd|secret|token|secret_key|access_key|api_key|private_key
            |account_key|identified\s+by)
        ['"]?\s*(?:=>|:=|=|:|\s)\s*'(?<text>[^'\n]+)'
        "#,
    )
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a regular expression")
}

/// Errors about the secrets of a program, which a manifest would hold.
pub fn check(source: &SourceFile, dialect: Dialect) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    if !TRACES.is_match(source.text()) {
        return diagnostics;
    }
    let (tokens, _) = sql::tokenize(source, dialect);
    for (span, what) in find(source, dialect, &tokens) {
        let message = format!("{what} stands in the program, and would stand in the manifest");
        diagnostics.push(Diagnostic::new(Code::SecretInProgram, span, message).help(
            "manifests are shown to reviewers and kept in repositories: let the database keep \
             the secret, or let it look into the step's environment",
        ));
    }
    diagnostics
}

fn find(source: &SourceFile, dialect: Dialect, tokens: &[Token]) -> Vec<(Span, &'static str)> {
    let mut found = Vec::new();
    let tokens: Vec<_> = tokens.iter().filter(|token| !token.is_trivia()).collect();
    let text = |token: &Token| source.slice(token.span);
    let mut sets_up = false;
    let mut is_first = true;
    for (at, token) in tokens.iter().enumerate() {
        if text(token) == ";" {
            is_first = true;
            continue;
        }
        let is_one_of = |words: &[&str]| words.iter().any(|word| token.is_word(word));
        if is_first {
            sets_up = is_one_of(&SETS_UP);
            is_first = false;
        }
        sets_up &= !is_one_of(&OF_ROWS);
        if token.string().is_some() || text(token).starts_with('"') {
            let inside = INSIDE.captures_iter(text(token));
            found.extend(inside.filter_map(|captures| {
                let (what, secret) = [("url", "a password"), ("pair", "a secret")]
                    .into_iter()
                    .chain([("header", "a token")])
                    .find_map(|(name, what)| Some((what, captures.name(name)?)))?;
                is_written_out(secret.as_str()).then(|| (within(token, secret.range()), what))
            }));
        }
        let Some(value) = value_of(source, dialect, &tokens[at..], sets_up) else {
            continue;
        };
        let is_text = value.string().is_none_or(is_written_out);
        if is_text && found.iter().all(|(span, _)| !is_within(*span, value.span)) {
            found.push((value.span, "a secret"));
        }
    }
    found
}

fn within(token: &Token, range: Range<usize>) -> Span {
    Span {
        start: token.span.start + range.start,
        end: token.span.start + range.end,
    }
}

fn is_within(inner: Span, outer: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Not what stands for a secret: `***`, `<password>`, `${PASSWORD}`.
fn is_written_out(secret: &str) -> bool {
    let is_placeholder = ["<", "$", "{", "%"]
        .iter()
        .any(|sign| secret.starts_with(sign));
    !is_placeholder && secret.contains(|c: char| c.is_alphanumeric())
}

/// The value behind the name of a secret that the tokens begin with.
fn value_of<'t>(
    source: &SourceFile,
    dialect: Dialect,
    tokens: &[&'t Token],
    sets_up: bool,
) -> Option<&'t Token> {
    let (name, rest) = tokens.split_first()?;
    if name.is_word("identified") && rest.first()?.is_word("by") {
        let value = rest.get(1)?;
        let is_bare = dialect == Dialect::Oracle && value.ident().is_some();
        return (value.string().is_some() || is_bare).then_some(*value);
    }
    let called = match name.string() {
        Some(text) => text.to_owned(),
        None => name.ident()?.text,
    };
    let called = called.to_lowercase().replace(['-', '.'], "_");
    let is_secret = |secret: &str| {
        called
            .strip_suffix(secret)
            .is_some_and(|before| before.is_empty() || before.ends_with('_'))
    };
    let is_named = SECRETS.iter().any(|name| is_secret(name))
        || (sets_up && PERHAPS.iter().any(|name| is_secret(name)));
    if !is_named {
        return None;
    }
    let mut rest = rest.iter();
    let mut next = *rest.next()?;
    let is_sign = ["=", ":=", "=>", ":"].contains(&source.slice(next.span));
    if is_sign {
        next = *rest.next()?;
    }
    // Two texts side by side are no name and its value.
    (next.string().is_some() && (is_sign || name.string().is_none())).then_some(next)
}

/// The secrets of a piece of text, for messages that show it. A little too many
/// do no harm there.
pub(crate) fn roughly(text: &str) -> Vec<Range<usize>> {
    if !TRACES.is_match(text) {
        return Vec::new();
    }
    let inside = INSIDE.captures_iter(text);
    let named = NAMED.captures_iter(text);
    let mut found: Vec<_> = inside
        .chain(named)
        .flat_map(|captures| {
            let groups = captures.iter().skip(1).flatten();
            groups.map(|group| group.range()).collect::<Vec<_>>()
        })
        .collect();
    // What is a secret at one place is one at all.
    let known = found.clone();
    for secret in known.into_iter().filter(|range| range.len() > 3) {
        let again = text.match_indices(&text[secret.clone()]);
        found.extend(again.map(|(at, same)| at..at + same.len()));
    }
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup();
    found
}

/// The text with its secrets hidden, byte for byte in the same places.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let secrets = roughly(text);
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let is_secret = |at: usize| secrets.iter().any(|secret| secret.contains(&at));
    let shown = |(at, c): (usize, char)| match c.len_utf8() {
        _ if !is_secret(at) => c,
        1 => '*',
        2 => '·',
        3 => '•',
        _ => '🞄',
    };
    Cow::Owned(text.char_indices().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(dialect: Dialect, text: &str) -> Vec<String> {
        let source = SourceFile::new("p.sql", text);
        let found = check(&source, dialect);
        let slice = |diagnostic: &Diagnostic| source.slice(diagnostic.span).to_owned();
        found.iter().map(slice).collect()
    }

    #[test]
    fn finds_what_databases_take() {
        for (dialect, text, secret) in [
            (
                Dialect::DuckDb,
                "ATTACH 'postgres://user:pw1@host/db' AS p;",
                "pw1",
            ),
            (
                Dialect::DuckDb,
                "ATTACH 'host=h user=u password=pw1' AS p (TYPE postgres);",
                "pw1",
            ),
            (
                Dialect::DuckDb,
                "CREATE SECRET s (TYPE s3, KEY_ID 'k', SECRET 'pw1');",
                "'pw1'",
            ),
            (
                Dialect::DuckDb,
                "SET s3_secret_access_key = 'pw1';",
                "'pw1'",
            ),
            (
                Dialect::PostgreSql,
                "CREATE USER u WITH PASSWORD 'pw1';",
                "'pw1'",
            ),
            (
                Dialect::PostgreSql,
                "CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'u', password 'pw1');",
                "'pw1'",
            ),
            (
                Dialect::MySql,
                "CREATE USER u IDENTIFIED BY 'pw1';",
                "'pw1'",
            ),
            (Dialect::Oracle, "CREATE USER u IDENTIFIED BY pw1;", "pw1"),
            (
                Dialect::MsSql,
                "CREATE LOGIN l WITH PASSWORD = 'pw1';",
                "'pw1'",
            ),
            (
                Dialect::Snowflake,
                "COPY INTO t FROM 's3://b' CREDENTIALS = (AWS_KEY_ID = 'k' AWS_SECRET_KEY = 'pw1');",
                "'pw1'",
            ),
            (
                Dialect::Redshift,
                "COPY t FROM 's3://b' CREDENTIALS 'aws_access_key_id=k;aws_secret_access_key=pw1';",
                "pw1",
            ),
            (
                Dialect::Spark,
                "CREATE TABLE t USING jdbc OPTIONS ('password' = 'pw1');",
                "'pw1'",
            ),
            (
                Dialect::DuckDb,
                "SELECT * FROM t TO RUN a/b CMD 'load', 'mysql://u:pw1@h/d' INTO x;",
                "pw1",
            ),
        ] {
            assert_eq!(secrets(dialect, text), [secret], "{text}");
            let shown = masked(text);
            assert_eq!(shown.len(), text.len());
            assert!(
                dialect == Dialect::Oracle || !shown.contains("pw1"),
                "{shown}"
            );
        }
    }

    #[test]
    fn leaves_columns_and_places_alone() {
        for text in [
            "SELECT * FROM users WHERE token = 'a' AND password = 'b';",
            "CREATE TABLE t AS SELECT * FROM users WHERE secret = 'a';",
            "UPDATE users SET password = 'reset';",
            "CREATE TABLE users (password VARCHAR DEFAULT 'none', token TEXT CHECK (token <> 'x'));",
            "ATTACH 'postgres://user@host/db' AS p;",
            "ATTACH 'postgres://user:${PASSWORD}@host/db' AS p;",
            "CREATE SECRET (TYPE s3, PROVIDER credential_chain);",
            "SELECT 'https://example.com:8080/@x';",
        ] {
            assert_eq!(secrets(Dialect::DuckDb, text), [""; 0], "{text}");
        }
    }
}
