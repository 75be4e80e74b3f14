//! Finds a Python that environments can be made from.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};

use super::environment::hash;
use super::installer::Tool;

pub(super) const PYTHON: &str = "SQLFLOWC_PYTHON";

/// The Python versions that all locked packages have wheels for.
const OLDEST: (u32, u32) = (3, 11);
const NEWEST: (u32, u32) = (3, 14);

/// Names under which a fitting Python may be on the path, the best tried first.
const NAMES: [&str; 6] = [
    "python3.13",
    "python3.12",
    "python3.14",
    "python3.11",
    "python3",
    "python",
];

/// A Python that environments can be made from; what `probe.py` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Interpreter {
    pub(super) executable: PathBuf,
    implementation: String,
    version: (u32, u32, u32),
    machine: String,
    free_threaded: bool,
    venv: bool,
}

impl Interpreter {
    /// Starts the program and asks it. A version manager's stand-in for a version that is not
    /// chosen fails here.
    fn ask(program: &Path) -> Result<Interpreter> {
        let output = Tool::new(program)
            .args(["-I", "-c", include_str!("probe.py")])
            .0
            .stdin(Stdio::null())
            .output()
            .context("does not start")?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let first = text.lines().find(|line| !line.trim().is_empty());
            bail!(
                "does not work: {}",
                first.map_or(output.status.to_string(), str::to_owned)
            );
        }
        serde_json::from_slice(&output.stdout).context("does not answer like a Python")
    }

    /// Says why environments cannot be made from this Python.
    fn flaw(&self, installer: InstallerOnPath) -> Option<String> {
        let version = (self.version.0, self.version.1);
        if self.implementation != "CPython" {
            Some(format!("is {}, not CPython", self.implementation))
        } else if version < OLDEST {
            Some(format!("is {}, which is too old", self.version_text()))
        } else if version > NEWEST {
            Some(format!(
                "is {}, which is newer than the packages",
                self.version_text()
            ))
        } else if self.free_threaded {
            Some("is a free-threaded build, which the packages do not support".to_owned())
        } else if !self.venv && installer == InstallerOnPath::None {
            Some(
                "lacks the modules `venv` and `ensurepip` (Debian and Ubuntu: `apt install python3-venv`)"
                    .to_owned(),
            )
        } else {
            None
        }
    }

    pub(super) fn version_text(&self) -> String {
        let (major, minor, patch) = self.version;
        format!("{major}.{minor}.{patch}")
    }

    pub(super) fn hash_with(&self, requirements: &str) -> String {
        let (version, machine) = (self.version_text(), &self.machine);
        hash(&[
            requirements.as_bytes(),
            version.as_bytes(),
            machine.as_bytes(),
        ])
    }
}

/// An interpreter that was found by a search, and what its file looked like.
#[derive(Serialize, Deserialize)]
pub(super) struct KnownInterpreter {
    pub(super) search: String,
    pub(super) stamp: Option<Stamp>,
    pub(super) interpreter: Interpreter,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    bytes: u64,
    modified_nanoseconds: u128,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> io::Result<Stamp> {
        let metadata = fs::metadata(path)?;
        let modified = metadata
            .modified()?
            .duration_since(UNIX_EPOCH)
            .map_err(io::Error::other)?;
        Ok(Stamp {
            bytes: metadata.len(),
            modified_nanoseconds: modified.as_nanos(),
        })
    }
}

/// Whether `uv` is there to make environments; without it Python's own modules have to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum InstallerOnPath {
    Uv,
    None,
}

/// Where a Python is looked for.
pub(super) struct Search {
    named: Option<OsString>,
    path: OsString,
}

impl Search {
    pub(super) fn from_environment() -> Search {
        Search {
            named: env::var_os(PYTHON).filter(|name| !name.is_empty()),
            path: env::var_os("PATH").unwrap_or_default(),
        }
    }

    pub(super) fn hash(&self) -> String {
        let named = self.named.as_deref().unwrap_or_default();
        hash(&[named.as_encoded_bytes(), self.path.as_encoded_bytes()])
    }

    pub(super) fn find(&self) -> Result<Interpreter> {
        let installer = if find_uv().is_some() {
            InstallerOnPath::Uv
        } else {
            InstallerOnPath::None
        };
        match &self.named {
            Some(name) => self.find_named(name, installer),
            None => self.find_any(installer),
        }
    }

    fn find_named(&self, name: &OsStr, installer: InstallerOnPath) -> Result<Interpreter> {
        let shown = name.display();
        let program = if Path::new(name).components().count() > 1 {
            std::path::absolute(name)?
        } else {
            self.programs(name).next().ok_or_else(|| {
                anyhow!(
                    "{PYTHON} is `{shown}`, which is not on the PATH\nhelp: {}",
                    needed()
                )
            })?
        };
        let flaw = match Interpreter::ask(&program) {
            Ok(interpreter) => match interpreter.flaw(installer) {
                None => return Ok(interpreter),
                Some(flaw) => flaw,
            },
            Err(error) => format!("{error:#}"),
        };
        bail!("{PYTHON} is `{shown}`, which {flaw}\nhelp: {}", needed())
    }

    fn find_any(&self, installer: InstallerOnPath) -> Result<Interpreter> {
        let mut rejected = Vec::new();
        let mut asked = BTreeSet::new();
        let names = NAMES.iter().map(OsStr::new);
        for program in names.flat_map(|name| self.programs(name)) {
            // `python3` is a link to `python3.13`, and `/bin` to `/usr/bin`, more often than not.
            if !asked.insert(program.canonicalize().unwrap_or_else(|_| program.clone())) {
                continue;
            }
            let flaw = match Interpreter::ask(&program) {
                Ok(interpreter) => match interpreter.flaw(installer) {
                    None => return Ok(interpreter),
                    Some(flaw) => flaw,
                },
                Err(error) => format!("{error:#}"),
            };
            rejected.push(format!("\n  {} {flaw}", program.display()));
        }
        bail!(
            "no fitting Python on the PATH{}\nhelp: {}",
            rejected.concat(),
            needed()
        )
    }

    /// Returns every program of this name on the path: the first may be a stand-in that fails.
    fn programs(&self, name: &OsStr) -> impl Iterator<Item = PathBuf> {
        let mut name = name.to_owned();
        name.push(env::consts::EXE_SUFFIX);
        env::split_paths(&self.path)
            .filter(|folder| folder.is_absolute())
            .map(move |folder| folder.join(&name))
            .filter(|program| is_executable(program))
    }
}

fn needed() -> String {
    format!(
        "running programs needs Python {}.{} to {}.{} (`uv python install 3.13`, `apt install python3 python3-venv`, \
         `brew install python@3.13`); {PYTHON} can name one; compiling needs none",
        OLDEST.0, OLDEST.1, NEWEST.0, NEWEST.1
    )
}

pub(super) fn find_uv() -> Option<PathBuf> {
    let search = Search {
        named: None,
        path: env::var_os("PATH").unwrap_or_default(),
    };
    search.programs(OsStr::new("uv")).find(|uv| {
        let mut version = Tool::new(uv).args(["--version"]).0;
        version
            .stdin(Stdio::null())
            .output()
            .is_ok_and(|output| output.status.success())
    })
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use insta::assert_snapshot;

    use std::process::Command;

    use super::super::environment::Cache;
    use super::*;

    /// A folder for the path, with programs that answer like Pythons.
    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Folder {
            Folder(tempfile::tempdir().expect("a temporary folder"))
        }

        fn path(&self) -> &Path {
            self.0.path()
        }

        fn python(self, name: &str, version: (u32, u32, u32)) -> Folder {
            let executable = self.path().join(name);
            let answer = Interpreter {
                executable,
                version,
                ..interpreter()
            };
            self.answering(name, &answer)
        }

        fn answering(self, name: &str, answer: &Interpreter) -> Folder {
            let answer = serde_json::to_string(answer).expect("an answer");
            self.script(name, &format!("echo '{answer}'"))
        }

        /// Written by another process: a file this one holds open while it starts a program
        /// in another test's thread could not be executed.
        fn script(self, name: &str, body: &str) -> Folder {
            let status = Command::new("sh")
                .args([
                    "-c",
                    "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\" && chmod +x \"$0\"",
                ])
                .arg(self.path().join(name))
                .arg(body)
                .status()
                .expect("a shell");
            assert!(status.success());
            self
        }
    }

    fn interpreter() -> Interpreter {
        Interpreter {
            executable: PathBuf::from("/usr/bin/python3"),
            implementation: "CPython".to_owned(),
            version: (3, 13, 0),
            machine: "x86_64".to_owned(),
            free_threaded: false,
            venv: true,
        }
    }

    fn search(folders: &[&Folder]) -> Search {
        let path = env::join_paths(folders.iter().map(|folder| folder.path())).expect("a path");
        Search { named: None, path }
    }

    /// The message with the folders' random names taken out.
    fn message(error: &anyhow::Error, folders: &[&Folder]) -> String {
        let text = format!("{error:#}");
        folders.iter().fold(text, |text, folder| {
            text.replace(&folder.path().display().to_string(), "/folder")
        })
    }

    #[test]
    fn newest_tested_version_is_taken_wherever_it_is() {
        let first = Folder::new()
            .python("python3", (3, 11, 7))
            .python("python3.11", (3, 11, 7));
        let second = Folder::new().python("python3.13", (3, 13, 1));
        let found = search(&[&first, &second])
            .find_any(InstallerOnPath::None)
            .expect("a Python");
        assert_eq!(found.version, (3, 13, 1));
    }

    #[test]
    fn stand_in_that_fails_does_not_hide_a_python_further_on() {
        let shims = Folder::new()
            .script(
                "python3.13",
                "echo 'pyenv: python3.13: command not found' >&2; exit 127",
            )
            .script("python3", "exit 1");
        let real = Folder::new().python("python3", (3, 12, 1));
        let found = search(&[&shims, &real])
            .find_any(InstallerOnPath::None)
            .expect("a Python");
        assert_eq!(found.executable, real.path().join("python3"));
    }

    #[test]
    fn every_rejected_python_is_named_with_its_flaw() {
        let folder = Folder::new()
            .python("python3.14", (3, 15, 0))
            .python("python3", (3, 9, 2))
            .answering(
                "python3.12",
                &Interpreter {
                    venv: false,
                    ..interpreter()
                },
            )
            .answering(
                "python3.13",
                &Interpreter {
                    free_threaded: true,
                    ..interpreter()
                },
            )
            .script("python", "echo hello")
            .script("python3.11", "echo 'pyenv: not chosen' >&2; exit 127");
        let error = search(&[&folder])
            .find_any(InstallerOnPath::None)
            .expect_err("none fits");
        assert_snapshot!(message(&error, &[&folder]), @"
        no fitting Python on the PATH
          /folder/python3.13 is a free-threaded build, which the packages do not support
          /folder/python3.12 lacks the modules `venv` and `ensurepip` (Debian and Ubuntu: `apt install python3-venv`)
          /folder/python3.14 is 3.15.0, which is newer than the packages
          /folder/python3.11 does not work: pyenv: not chosen
          /folder/python3 is 3.9.2, which is too old
          /folder/python does not answer like a Python: expected value at line 1 column 1
        help: running programs needs Python 3.11 to 3.14 (`uv python install 3.13`, `apt install python3 python3-venv`, `brew install python@3.13`); SQLFLOWC_PYTHON can name one; compiling needs none
        ");
    }

    #[test]
    fn without_any_python_the_message_says_how_to_get_one() {
        let folder = Folder::new();
        let error = search(&[&folder])
            .find_any(InstallerOnPath::None)
            .expect_err("none there");
        assert_snapshot!(message(&error, &[]), @"
        no fitting Python on the PATH
        help: running programs needs Python 3.11 to 3.14 (`uv python install 3.13`, `apt install python3 python3-venv`, `brew install python@3.13`); SQLFLOWC_PYTHON can name one; compiling needs none
        ");
    }

    #[test]
    fn uv_makes_up_for_missing_modules() {
        let lacking = Interpreter {
            venv: false,
            ..interpreter()
        };
        assert_eq!(lacking.flaw(InstallerOnPath::Uv), None);
        assert!(lacking.flaw(InstallerOnPath::None).is_some());
    }

    #[test]
    fn named_python_is_taken_or_nothing() {
        let folder = Folder::new()
            .python("python3.13", (3, 13, 0))
            .python("old", (3, 10, 0));
        let mut search = search(&[&folder]);
        search.named = Some("python3.13".into());
        let found = search.find_named("python3.13".as_ref(), InstallerOnPath::None);
        assert_eq!(found.expect("a Python").version, (3, 13, 0));
        let error = search
            .find_named("old".as_ref(), InstallerOnPath::None)
            .expect_err("too old");
        assert_snapshot!(message(&error, &[&folder]), @"
        SQLFLOWC_PYTHON is `old`, which is 3.10.0, which is too old
        help: running programs needs Python 3.11 to 3.14 (`uv python install 3.13`, `apt install python3 python3-venv`, `brew install python@3.13`); SQLFLOWC_PYTHON can name one; compiling needs none
        ");
        let error = search
            .find_named("none".as_ref(), InstallerOnPath::None)
            .expect_err("absent");
        assert_snapshot!(message(&error, &[&folder]), @"
        SQLFLOWC_PYTHON is `none`, which is not on the PATH
        help: running programs needs Python 3.11 to 3.14 (`uv python install 3.13`, `apt install python3 python3-venv`, `brew install python@3.13`); SQLFLOWC_PYTHON can name one; compiling needs none
        ");
    }

    #[test]
    fn found_python_is_remembered_until_it_or_the_path_changes() {
        let (pythons, folder) = (
            Folder::new().python("python3.13", (3, 13, 0)),
            Folder::new(),
        );
        let cache = Cache::open(folder.path().join("cache")).expect("a cache");
        let ask = |search: &Search| cache.interpreter(search).expect("a Python").version;
        assert_eq!(ask(&search(&[&pythons])), (3, 13, 0));

        let known: KnownInterpreter = serde_json::from_slice(
            &fs::read(cache.folder.join("interpreter.json")).expect("a record"),
        )
        .expect("a record");
        assert_eq!(known.interpreter.version, (3, 13, 0));

        let pythons = pythons.python("python3.13", (3, 13, 11));
        assert_eq!(ask(&search(&[&pythons])), (3, 13, 11));
        let better = Folder::new().python("python3.13", (3, 13, 2));
        assert_eq!(ask(&search(&[&better, &pythons])), (3, 13, 2));
    }
}
