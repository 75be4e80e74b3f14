//! The step runtime that the compiler brings along: its Python code, and the locked lists of what
//! it is installed from.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// A set of Python packages that steps run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Databases, XGBoost and scikit-learn.
    Core,
    /// Core and deep models.
    Deep,
    /// Deep and the tools that test the runtime.
    Test,
}

impl Environment {
    pub fn name(self) -> &'static str {
        match self {
            Environment::Core => "core",
            Environment::Deep => "deep",
            Environment::Test => "test",
        }
    }
}

/// Packages that only some databases and model stores need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    MySql,
    Postgres,
    Remote,
    SqlAlchemy,
}

impl Extra {
    pub const ALL: [Extra; 4] = [
        Extra::MySql,
        Extra::Postgres,
        Extra::Remote,
        Extra::SqlAlchemy,
    ];

    /// The name that `runtime/pyproject.toml` has for it.
    pub fn name(self) -> &'static str {
        match self {
            Extra::MySql => "mysql",
            Extra::Postgres => "postgres",
            Extra::Remote => "remote",
            Extra::SqlAlchemy => "sqlalchemy",
        }
    }

    /// What steps need to talk to a database; nothing for those that Python or the core can read.
    pub fn of_datasource(url: &str) -> Option<Extra> {
        let (scheme, _) = url.split_once(':')?;
        match scheme {
            "duckdb" | "sqlite" => None,
            "postgres" | "postgresql" => Some(Extra::Postgres),
            "mariadb" | "mysql" => Some(Extra::MySql),
            _ => Some(Extra::SqlAlchemy),
        }
    }

    /// What steps need to keep models in a store.
    pub fn of_model_store(url: &str) -> Option<Extra> {
        let (scheme, _) = url.split_once(':')?;
        match scheme {
            "database" | "file" => None,
            "az" | "gs" | "s3" => Some(Extra::Remote),
            _ => Extra::of_datasource(url),
        }
    }

    /// What steps need that work on a database and keep models in a store; each once.
    pub fn of(datasource: Option<&str>, model_store: Option<&str>) -> Vec<Extra> {
        let wanted = [
            datasource.and_then(Extra::of_datasource),
            model_store.and_then(Extra::of_model_store),
        ];
        let is_wanted = |extra: &Extra| wanted.contains(&Some(*extra));
        Extra::ALL.into_iter().filter(is_wanted).collect()
    }

    fn requirements(self) -> &'static str {
        match self {
            Extra::MySql => include_str!("../runtime/requirements/mysql.txt"),
            Extra::Postgres => include_str!("../runtime/requirements/postgres.txt"),
            Extra::Remote => include_str!("../runtime/requirements/remote.txt"),
            Extra::SqlAlchemy => include_str!("../runtime/requirements/sqlalchemy.txt"),
        }
    }
}

/// A pip requirements file with the version and hashes of `uv`, the installer.
pub const INSTALLER: &str = include_str!("../runtime/requirements/uv.txt");

#[derive(RustEmbed)]
#[folder = "runtime/src"]
#[include = "*.py"]
#[include = "*/py.typed"]
struct Code;

/// Returns the runtime's files: paths below the folder that Python imports from, and their text.
/// Sorted by path.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut paths: Vec<&str> = Code::iter().map(embedded).collect();
    paths.sort_unstable();
    paths.into_iter().map(|path| {
        let file = Code::get(path).expect("`iter` names files that are there");
        let text = std::str::from_utf8(embedded(file.data)).expect("Python files are UTF-8");
        (path, text)
    })
}

/// Returns a pip requirements file: every package of the environment with its version and hashes,
/// for every supported Python and platform.
pub fn requirements(environment: Environment, extras: &[Extra]) -> String {
    let mut text = match environment {
        Environment::Core => include_str!("../runtime/requirements/core.txt"),
        Environment::Deep => include_str!("../runtime/requirements/deep.txt"),
        Environment::Test => include_str!("../runtime/requirements/test.txt"),
    }
    .to_owned();
    for extra in extras {
        // All files are locked to the same versions, so a package that is there is the same one.
        let there: BTreeSet<_> = entries(&text).map(package).collect();
        let missing: String = entries(extra.requirements())
            .filter(|entry| !there.contains(package(entry)))
            .collect();
        text.push_str(&missing);
    }
    text
}

/// Splits a requirements file into packages, each with the indented lines that belong to it.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest
            .match_indices('\n')
            .map(|(at, _)| at + 1)
            .find(|&at| !rest[at..].starts_with(' '))?;
        let (entry, behind) = rest.split_at(end);
        rest = behind;
        Some(entry)
    })
    .filter(|entry| !entry.starts_with('#'))
}

/// The name of the package that an entry is about.
fn package(entry: &str) -> &str {
    let end = entry.find(['=', '[', ' ']).unwrap_or(entry.len());
    &entry[..end]
}

/// Returns a hash of [`files`], short enough for a folder's name.
pub fn content_hash() -> String {
    let mut hash = Sha256::new();
    for (path, text) in files() {
        for part in [path, text] {
            // With its length, so that no two lists of files look the same.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    short_hex(&hash.finalize())
}

/// Returns the first 64 bits of a hash as hexadecimal digits.
pub fn short_hex(hash: &[u8]) -> String {
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn embedded<T: ToOwned + ?Sized>(data: Cow<'static, T>) -> &'static T {
    match data {
        Cow::Borrowed(data) => data,
        Cow::Owned(_) => unreachable!("the feature `debug-embed` embeds in every build"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_python_sources_in_order() {
        let paths: Vec<&str> = files().map(|(path, _)| path).collect();
        assert!(paths.contains(&"sqlflow_runtime/__init__.py"));
        assert!(paths.contains(&"sqlflow_runtime/py.typed"));
        assert!(paths.is_sorted());
        let strange: Vec<_> = paths
            .iter()
            .filter(|path| !path.ends_with(".py") && !path.ends_with("/py.typed"))
            .collect();
        assert_eq!(strange, Vec::<&&str>::new());
    }

    #[test]
    fn extras_bring_what_is_not_there_in_the_same_versions() {
        let test = requirements(Environment::Test, &[]);
        for extra in Extra::ALL {
            // The tests have everything.
            assert_eq!(requirements(Environment::Test, &[extra]), test);
            let with_extra = requirements(Environment::Core, &[extra]);
            assert!(with_extra.starts_with(&requirements(Environment::Core, &[])));
            assert!(
                entries(&with_extra).count()
                    > entries(&requirements(Environment::Core, &[])).count()
            );
        }
    }

    #[test]
    fn scheme_tells_the_extra() {
        for (url, extra) in [
            ("duckdb:///a.duckdb", None),
            ("sqlite:///a.sqlite", None),
            ("postgresql://localhost/a", Some(Extra::Postgres)),
            ("postgresql+psycopg://localhost/a", Some(Extra::SqlAlchemy)),
            ("mariadb://localhost/a", Some(Extra::MySql)),
            ("oracle://localhost/a", Some(Extra::SqlAlchemy)),
            ("a file", None),
        ] {
            assert_eq!(Extra::of_datasource(url), extra, "{url}");
        }
    }

    #[test]
    fn model_stores_need_extras_by_their_scheme() {
        let of = |datasource, store| Extra::of(datasource, Some(store));
        assert_eq!(of(None, "file:models"), []);
        assert_eq!(of(None, "gs://bucket"), [Extra::Remote]);
        let database = "postgresql://localhost/a";
        assert_eq!(of(Some(database), "database:"), [Extra::Postgres]);
        assert_eq!(of(Some(database), database), [Extra::Postgres]);
        assert_eq!(
            of(Some(database), "s3://bucket"),
            [Extra::Postgres, Extra::Remote]
        );
    }

    #[test]
    fn every_requirement_is_locked_and_hashed() {
        for text in [
            requirements(Environment::Core, &Extra::ALL),
            requirements(Environment::Deep, &[]),
            requirements(Environment::Test, &[]),
            INSTALLER.to_owned(),
        ] {
            let joined = text.replace("\\\n", " ");
            let unlocked: Vec<&str> = joined
                .lines()
                .filter(|line| !line.trim_start().starts_with('#'))
                .filter(|line| !(line.contains("==") && line.contains("--hash=sha256:")))
                .collect();
            assert_eq!(unlocked, Vec::<&str>::new());
        }
    }
}
