//! What files an environment has, so that a damaged one is found out before a step fails on it.
//!
//! Looking at each of 10,000 files would take longer than a run may take to start. A file that is
//! removed changes the time of its folder, so the folders' times are kept; only when one of them
//! has changed is every file looked at.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

/// The name of the list in an environment.
pub(super) const FILES: &str = "sqlflowc-files.json";

/// Python writes what it has compiled there, whenever it likes.
const COMPILED: &str = "__pycache__";

/// Files by their paths in the environment, and their sizes.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Files(BTreeMap<String, u64>);

/// Folders by their paths in the environment, and when something was last added or removed there.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Folders(BTreeMap<String, u128>);

impl Files {
    pub(super) fn of(environment: &Path) -> io::Result<Files> {
        let mut files = BTreeMap::new();
        walk(environment, "", &mut |path, entry| {
            if !entry.file_type()?.is_dir() {
                files.insert(path.to_owned(), entry.metadata()?.len());
            }
            Ok(())
        })?;
        files.remove(FILES);
        Ok(Files(files))
    }

    /// Says which file is missing or has another size.
    pub(super) fn damage(&self, environment: &Path) -> Option<&str> {
        let is_damaged = |(path, size): &(&String, &u64)| {
            // A link is as long as what it says, whatever it leads to.
            fs::symlink_metadata(environment.join(path))
                .map(|file| file.len())
                .ok()
                != Some(**size)
        };
        self.0
            .iter()
            .find(is_damaged)
            .map(|(path, _)| path.as_str())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.0.values().sum()
    }
}

impl Folders {
    pub(super) fn of(environment: &Path) -> io::Result<Folders> {
        let mut folders = BTreeMap::from([(String::new(), modified(environment)?)]);
        walk(environment, "", &mut |path, entry| {
            if entry.file_type()?.is_dir() {
                folders.insert(path.to_owned(), modified(&entry.path())?);
            }
            Ok(())
        })?;
        Ok(Folders(folders))
    }

    /// Whether nothing was added or removed since.
    pub(super) fn are_unchanged(&self, environment: &Path) -> bool {
        self.0
            .iter()
            .all(|(path, time)| modified(&environment.join(path)).ok() == Some(*time))
    }
}

/// Visits what is below a folder, but for compiled files.
fn walk(
    folder: &Path,
    prefix: &str,
    visit: &mut dyn FnMut(&str, &fs::DirEntry) -> io::Result<()>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        // The packages' names are ASCII.
        let Some(name) = name.to_str() else { continue };
        if name == COMPILED {
            continue;
        }
        let path = format!("{prefix}{name}");
        visit(&path, &entry)?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{path}/"), visit)?;
        }
    }
    Ok(())
}

fn modified(path: &Path) -> io::Result<u128> {
    let time = fs::metadata(path)?.modified()?;
    let since = time.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
    Ok(since.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_and_cut_files_are_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = |name: &str| folder.path().join(name);
        fs::create_dir_all(place("lib/package/__pycache__")).expect("folders");
        fs::write(place("lib/package/code.py"), "code").expect("a file");
        fs::write(place("lib/package/__pycache__/code.pyc"), "compiled").expect("a file");
        let files = Files::of(folder.path()).expect("files");
        let folders = Folders::of(folder.path()).expect("folders");
        assert_eq!(files.bytes(), 4);
        assert!(folders.are_unchanged(folder.path()));

        fs::remove_file(place("lib/package/__pycache__/code.pyc")).expect("removed");
        assert!(folders.are_unchanged(folder.path()));
        assert_eq!(files.damage(folder.path()), None);

        fs::write(place("lib/package/code.py"), "co").expect("a file");
        assert_eq!(files.damage(folder.path()), Some("lib/package/code.py"));
        fs::remove_file(place("lib/package/code.py")).expect("removed");
        assert!(!folders.are_unchanged(folder.path()));
        assert_eq!(files.damage(folder.path()), Some("lib/package/code.py"));
    }
}
