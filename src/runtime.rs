//! The step runtime that the compiler brings along: its Python code, and the locked lists of what
//! it is installed from.

use std::borrow::Cow;

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
pub fn requirements(environment: Environment) -> &'static str {
    match environment {
        Environment::Core => include_str!("../runtime/requirements/core.txt"),
        Environment::Deep => include_str!("../runtime/requirements/deep.txt"),
        Environment::Test => include_str!("../runtime/requirements/test.txt"),
    }
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
    fn every_requirement_is_locked_and_hashed() {
        for text in [
            requirements(Environment::Core),
            requirements(Environment::Deep),
            requirements(Environment::Test),
            INSTALLER,
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
