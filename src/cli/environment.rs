//! Prepares the Python environment that steps run in: once, in the cache folder, from locked and
//! hashed lists of packages.
//!
//! Everything is made under a temporary name and renamed when it is whole, so that what has its
//! final name is complete, whatever interrupted whom.

use std::env;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow};
use etcetera::BaseStrategy;
use fd_lock::RwLock;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use sqlflowc::runtime::{self, Environment, Extra};

use super::installer::{InstallError, Installer, run_with_output};
use super::interpreter::{Interpreter, KnownInterpreter, Search, Stamp, find_uv};
use super::inventory::{self, Files, Folders};

pub(super) const CACHE_DIR: &str = "SQLFLOWC_CACHE_DIR";

/// Written last into an environment; says what is in it.
const MARKER: &str = "sqlflowc.json";

/// What no run has used for so long is removed when another environment is made.
const UNUSED: Duration = Duration::from_secs(60 * 24 * 3600);

/// How exactly it is known when an environment was used.
const USED_AGAIN: Duration = Duration::from_secs(3600);

/// An interpreter with the packages that steps need, and the folder the runtime is imported from.
#[derive(Debug)]
pub(crate) struct PythonEnvironment {
    pub(crate) python: PathBuf,
    pub(crate) runtime_path: PathBuf,
}

impl PythonEnvironment {
    /// Starts the interpreter so that nothing but the environment and the runtime is imported.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        command
            .env("PYTHONPATH", &self.runtime_path)
            .env("PYTHONNOUSERSITE", "1")
            // The script's folder is no place to import from.
            .env("PYTHONSAFEPATH", "1")
            .env("PYTHONUTF8", "1")
            .env_remove("PYTHONHOME")
            // Without compiled files each step takes seconds more to import its libraries.
            .env_remove("PYTHONDONTWRITEBYTECODE");
        command
    }

    /// Returns the environment's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.python
            .ancestors()
            .nth(2)
            .expect("an environment's python is in `bin`")
    }
}

/// Returns the environment, made if it is not there. `notify` is told of what takes long.
pub(crate) fn prepare(
    environment: Environment,
    extras: &[Extra],
    notify: &mut dyn FnMut(&str),
) -> Result<PythonEnvironment> {
    let cache = Cache::open(cache_folder()?)?;
    let interpreter = cache.interpreter(&Search::from_environment())?;
    Ok(PythonEnvironment {
        runtime_path: cache.runtime()?,
        python: cache.environment(environment, extras, &interpreter, notify)?,
    })
}

/// An environment in the cache.
pub(super) struct Prepared {
    pub(super) folder: PathBuf,
    /// What it was made for, such as `core` or `deep postgres`.
    pub(super) name: String,
    pub(super) python: String,
    pub(super) bytes: u64,
    /// For how long nothing has used it.
    pub(super) unused: Duration,
}

/// Returns the environments that are there, the last used one first.
pub(super) fn list() -> Result<Vec<Prepared>> {
    let folder = cache_folder()?.join("environments");
    let look = || -> io::Result<Vec<Prepared>> {
        let mut prepared = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let folder = entry?.path();
            let Some(marked) = read_json::<Marked>(&folder.join(MARKER)) else {
                continue;
            };
            let unused = SystemTime::now().duration_since(last_used(&folder)?);
            prepared.push(Prepared {
                name: marked.name,
                python: marked.interpreter.version_text(),
                bytes: size_of(&folder)?,
                unused: unused.unwrap_or_default(),
                folder,
            });
        }
        prepared.sort_by(|a, b| (a.unused, &a.folder).cmp(&(b.unused, &b.folder)));
        Ok(prepared)
    };
    match look() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        result => result.with_context(|| format!("cannot look into {}", folder.display())),
    }
}

/// The bytes of an environment's files as they were installed, without what Python has compiled.
pub(super) fn size_of(environment: &Path) -> io::Result<u64> {
    Ok(Files::of(environment)?.bytes())
}

fn cache_folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os(CACHE_DIR).filter(|folder| !folder.is_empty()) {
        return std::path::absolute(&folder)
            .with_context(|| format!("{CACHE_DIR} is not a folder's name"));
    }
    let strategy = etcetera::choose_base_strategy().map_err(|_| {
        anyhow!(
            "no home folder to keep the Python environment in\nhelp: name a folder in {CACHE_DIR}"
        )
    })?;
    Ok(strategy.cache_dir().join("sqlflowc"))
}

pub(super) struct Cache {
    pub(super) folder: PathBuf,
}

impl Cache {
    pub(super) fn open(folder: PathBuf) -> Result<Cache> {
        fs::create_dir_all(&folder).map_err(|error| cache_error(&folder, &error))?;
        Ok(Cache { folder })
    }

    /// Unpacks the runtime's code.
    fn runtime(&self) -> Result<PathBuf> {
        let folder = self.folder.join("runtime");
        let target = folder.join(runtime::content_hash());
        if is_unpacked(&target) {
            mark_used(&target);
            return Ok(target);
        }
        let unpack = || -> io::Result<()> {
            fs::create_dir_all(&folder)?;
            let partial = partial_in(&folder)?;
            let whole = partial.path().join("whole");
            for (path, text) in runtime::files() {
                let file = whole.join(path);
                fs::create_dir_all(file.parent().expect("the path has the package in front"))?;
                fs::write(file, text)?;
            }
            match exchange(&whole, &target, partial.path()) {
                // Another process was faster; it has unpacked the same.
                Err(_) if is_unpacked(&target) => Ok(()),
                result => result,
            }
        };
        unpack().map_err(|error| cache_error(&self.folder, &error))?;
        remove_unused(&folder, &target).map_err(|error| cache_error(&self.folder, &error))?;
        Ok(target)
    }

    /// Finds an interpreter; asking them costs more than a run may take to start, so the answer is
    /// kept as long as the search and the interpreter stay the same.
    pub(super) fn interpreter(&self, search: &Search) -> Result<Interpreter> {
        let file = self.folder.join("interpreter.json");
        if let Ok(text) = fs::read(&file)
            && let Ok(known) = serde_json::from_slice::<KnownInterpreter>(&text)
            && known.search == search.hash()
            && known.stamp == Stamp::of(&known.interpreter.executable).ok()
        {
            return Ok(known.interpreter);
        }
        let interpreter = search.find()?;
        let known = KnownInterpreter {
            search: search.hash(),
            stamp: Stamp::of(&interpreter.executable).ok(),
            interpreter,
        };
        let text = serde_json::to_vec_pretty(&known)?;
        match write_whole(&file, &text) {
            // With a prepared environment, a cache that cannot be written is slower, not useless.
            Err(error) if is_read_only(&error) => {}
            result => result.map_err(|error| cache_error(&self.folder, &error))?,
        }
        Ok(known.interpreter)
    }

    /// Returns the environment's interpreter.
    fn environment(
        &self,
        environment: Environment,
        extras: &[Extra],
        interpreter: &Interpreter,
        notify: &mut dyn FnMut(&str),
    ) -> Result<PathBuf> {
        let folder = self.folder.join("environments");
        let requirements = runtime::requirements(environment, extras);
        let target = folder.join(interpreter.hash_with(&requirements));
        if let Some(python) = self.usable(&target, notify)? {
            return Ok(python);
        }
        fs::create_dir_all(&folder).map_err(|error| cache_error(&self.folder, &error))?;
        let mut lock = self.lock_file()?;
        let _guard = lock_with_notice(&mut lock, notify)
            .map_err(|error| cache_error(&self.folder, &error))?;
        // Another process may have made it meanwhile.
        if let Some(python) = self.usable(&target, &mut |_| {})? {
            return Ok(python);
        }
        notify(&format!(
            "preparing Python {} with {} packages in {} (first run only)",
            interpreter.version_text(),
            requirements
                .lines()
                .filter(|line| line.contains("=="))
                .count(),
            self.folder.display()
        ));
        remove_partial(&folder).map_err(|error| cache_error(&self.folder, &error))?;
        let installer = self.installer(interpreter, notify)?;
        let names = [environment.name()].into_iter();
        let name: Vec<_> = names
            .chain(extras.iter().map(|extra| extra.name()))
            .collect();
        self.make(
            &target,
            &name.join(" "),
            &requirements,
            interpreter,
            &installer,
            notify,
        )?;
        remove_unused(&folder, &target).map_err(|error| cache_error(&self.folder, &error))?;
        self.usable(&target, notify)?.with_context(|| {
            format!(
                "the environment {} was damaged as soon as it was made",
                target.display()
            )
        })
    }

    /// Returns the interpreter of an environment that is whole, and keeps others from removing it
    /// as long as this process lives.
    fn usable(&self, target: &Path, notify: &mut dyn FnMut(&str)) -> Result<Option<PathBuf>> {
        let in_cache = |error: io::Error| cache_error(&self.folder, &error);
        // Held first: it may be removed as long as it is not.
        if !target.exists() || !hold(target).map_err(in_cache)? || !is_whole(target) {
            return Ok(None);
        }
        let beside = folders_of(target);
        let is_unchanged =
            read_json::<Folders>(&beside).is_some_and(|folders| folders.are_unchanged(target));
        if is_unchanged {
            mark_used(&beside);
            return Ok(Some(python_in(target)));
        }
        // Before files are looked at, so that what happens meanwhile is seen the next time.
        let folders = Folders::of(target).map_err(in_cache)?;
        match read_json::<Files>(&target.join(inventory::FILES)) {
            Some(files) => {
                if let Some(damaged) = files.damage(target) {
                    notify(&format!(
                        "the Python environment is damaged (`{damaged}` is not as it was \
                         installed); it is made anew"
                    ));
                    return Ok(None);
                }
            }
            // Made by a release that kept no list, or the list itself is gone: then nothing is known
            // of the others.
            None if was_listed(target) => return Ok(None),
            None => {}
        }
        match write_whole(&beside, &serde_json::to_vec(&folders)?) {
            Err(error) if is_read_only(&error) => {}
            result => result.map_err(in_cache)?,
        }
        Ok(Some(python_in(target)))
    }

    fn lock_file(&self) -> Result<RwLock<File>> {
        let path = self.folder.join("lock");
        let file = File::options().create(true).append(true).open(path);
        Ok(RwLock::new(
            file.map_err(|error| cache_error(&self.folder, &error))?,
        ))
    }

    /// Chooses what installs packages: `uv` of the user, else our own, else pip, which is slower.
    fn installer(
        &self,
        interpreter: &Interpreter,
        notify: &mut dyn FnMut(&str),
    ) -> Result<Installer> {
        if let Some(uv) = find_uv() {
            return Ok(Installer::Uv(uv));
        }
        let folder = self.folder.join("tools");
        let target = folder.join(interpreter.hash_with(runtime::INSTALLER));
        let uv = python_in(&target).with_file_name(format!("uv{}", env::consts::EXE_SUFFIX));
        if is_whole(&target) && uv.is_file() {
            return Ok(Installer::Uv(uv));
        }
        fs::create_dir_all(&folder).map_err(|error| cache_error(&self.folder, &error))?;
        remove_partial(&folder).map_err(|error| cache_error(&self.folder, &error))?;
        notify("installing uv, which installs the packages");
        match self.make(
            &target,
            "uv",
            runtime::INSTALLER,
            interpreter,
            &Installer::Pip,
            notify,
        ) {
            Ok(()) => Ok(Installer::Uv(uv)),
            Err(error)
                if error
                    .downcast_ref::<InstallError>()
                    .is_some_and(InstallError::is_of_package) =>
            {
                notify("there is no uv for this machine; pip takes a little longer");
                Ok(Installer::Pip)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes an environment with exactly the packages of `requirements`.
    fn make(
        &self,
        target: &Path,
        name: &str,
        requirements: &str,
        interpreter: &Interpreter,
        installer: &Installer,
        notify: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let in_cache = |error: io::Error| cache_error(&self.folder, &error);
        let parent = target
            .parent()
            .expect("environments are in a folder of the cache");
        let partial = partial_in(parent).map_err(in_cache)?;
        let file = partial.path().join("requirements.txt");
        fs::write(&file, requirements).map_err(in_cache)?;
        let whole = partial.path().join("whole");
        for command in installer.commands(interpreter, &whole, &file) {
            self.run(command.current_dir_of(partial.path()), notify)?;
        }
        let marker = Marker {
            name,
            requirements: &hash(&[requirements.as_bytes()]),
            interpreter,
            installer: &installer.to_string(),
            listed: true,
        };
        let text = serde_json::to_vec_pretty(&marker)?;
        fs::write(whole.join(MARKER), text).map_err(in_cache)?;
        let files = serde_json::to_vec(&Files::of(&whole).map_err(in_cache)?)?;
        fs::write(whole.join(inventory::FILES), files).map_err(in_cache)?;
        exchange(&whole, target, partial.path()).map_err(in_cache)
    }

    fn run(&self, mut command: Command, notify: &mut dyn FnMut(&str)) -> Result<()> {
        // The installers' own caches, unless the user keeps one already.
        for (variable, folder) in [("UV_CACHE_DIR", "uv"), ("PIP_CACHE_DIR", "pip")] {
            if env::var_os(variable).is_none() {
                command.env(variable, self.folder.join(folder));
            }
        }
        let shown = format!("{command:?}");
        let (status, lines) =
            run_with_output(command, notify).with_context(|| format!("could not run {shown}"))?;
        if status.success() {
            return Ok(());
        }
        Err(InstallError::new(&self.folder, &shown, status, &lines).into())
    }
}

/// What an environment holds.
#[derive(Serialize)]
struct Marker<'a> {
    name: &'a str,
    requirements: &'a str,
    interpreter: &'a Interpreter,
    installer: &'a str,
    /// Whether the environment has a list of its files.
    listed: bool,
}

/// What [`Marker`] says, as far as others read it.
#[derive(serde::Deserialize)]
struct Marked {
    name: String,
    interpreter: Interpreter,
    #[serde(default)]
    listed: bool,
}

fn was_listed(environment: &Path) -> bool {
    read_json::<Marked>(&environment.join(MARKER)).is_none_or(|marked| marked.listed)
}

fn is_whole(environment: &Path) -> bool {
    // The interpreter is a link to the one that was found: it is dead when that one is removed.
    environment.join(MARKER).is_file() && python_in(environment).is_file()
}

pub(super) fn python_in(environment: &Path) -> PathBuf {
    if cfg!(windows) {
        environment.join("Scripts").join("python.exe")
    } else {
        environment.join("bin").join("python")
    }
}

/// The file with the times of an environment's folders; its own says when that was last used.
fn folders_of(environment: &Path) -> PathBuf {
    environment.with_extension("folders")
}

/// Whether all of the runtime's files are there, as long as they should be.
fn is_unpacked(folder: &Path) -> bool {
    runtime::files().all(|(path, text)| {
        fs::metadata(folder.join(path)).is_ok_and(|file| file.len() == text.len() as u64)
    })
}

/// Takes part in the lock of an environment until the process ends. Says whether that could be had:
/// who removes the environment has it alone.
fn hold(environment: &Path) -> io::Result<bool> {
    let file = match open_lock(environment) {
        // Then nobody can remove it either.
        Err(error) if is_read_only(&error) => return Ok(true),
        file => file?,
    };
    let lock: &'static RwLock<File> = Box::leak(Box::new(RwLock::new(file)));
    match lock.try_read() {
        Ok(guard) => {
            std::mem::forget(guard);
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

fn open_lock(environment: &Path) -> io::Result<File> {
    let path = environment.with_extension("lock");
    File::options().create(true).append(true).open(path)
}

/// Notes that something was used just now. What cannot be written is not removed either.
fn mark_used(path: &Path) {
    let now = SystemTime::now();
    let since = |time: SystemTime| now.duration_since(time).unwrap_or_default();
    let is_noted = fs::metadata(path)
        .and_then(|file| file.modified())
        .is_ok_and(|time| since(time) < USED_AGAIN);
    if !is_noted && let Ok(file) = File::open(path) {
        // See above.
        let _ = file.set_modified(now);
    }
}

/// When a folder of the cache was last used.
fn last_used(folder: &Path) -> io::Result<SystemTime> {
    let beside = folders_of(folder);
    let file = if beside.exists() { &beside } else { folder };
    fs::metadata(file)?.modified()
}

/// Removes what was not used for long, but for `kept` and what a process holds.
fn remove_unused(folder: &Path, kept: &Path) -> io::Result<()> {
    let now = SystemTime::now();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path == kept || !path.is_dir() || is_partial(&path) {
            continue;
        }
        let unused = now.duration_since(last_used(&path)?).unwrap_or_default();
        if unused < UNUSED {
            continue;
        }
        let mut lock = RwLock::new(open_lock(&path)?);
        let Ok(_guard) = lock.try_write() else {
            continue;
        };
        // Gone at once for everyone who looks, however long its files take.
        let partial = partial_in(folder)?;
        fs::rename(&path, partial.path().join("old"))?;
        for file in [folders_of(&path), path.with_extension("lock")] {
            match fs::remove_file(file) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                result => result?,
            }
        }
        partial.close()?;
    }
    Ok(())
}

const PARTIAL: &str = "partial-";

fn is_partial(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(PARTIAL))
}

fn partial_in(folder: &Path) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix(PARTIAL).tempdir_in(folder)
}

/// Removes what interrupted runs left. Only for who holds the lock.
fn remove_partial(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if is_partial(&path) {
            // An installer may have outlived its sqlflowc, and write there still. What is left of
            // it goes the next time.
            let _ = fs::remove_dir_all(path);
        }
    }
    Ok(())
}

/// Puts a folder in the place of another one, which may be there and goes to `aside`.
fn exchange(new: &Path, target: &Path, aside: &Path) -> io::Result<()> {
    match fs::rename(target, aside.join("old")) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        result => result?,
    }
    fs::rename(new, target)
}

/// Reads what this program has written; a file that is none any more is as good as missing.
fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn lock_with_notice<'a>(
    lock: &'a mut RwLock<File>,
    notify: &mut dyn FnMut(&str),
) -> io::Result<fd_lock::RwLockWriteGuard<'a, File>> {
    match lock.try_write().map(drop) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            notify("waiting for another sqlflowc, which is preparing the Python environment");
        }
        result => result?,
    }
    lock.write()
}

fn cache_error(folder: &Path, error: &io::Error) -> anyhow::Error {
    let folder = folder.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => anyhow!(
            "the disk with the cache folder {folder} is full\n\
             help: make room, or name another folder in {CACHE_DIR}"
        ),
        _ => anyhow!(
            "cannot write to the cache folder {folder}: {error}\n\
             help: name another folder in {CACHE_DIR}"
        ),
    }
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied
    )
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(path: &Path, data: &[u8]) -> io::Result<()> {
    let folder = path.parent().expect("files of the cache are in a folder");
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(data)?;
    file.persist(path)?;
    Ok(())
}

pub(super) fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    runtime::short_hex(&hash.finalize())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn runtime_is_unpacked_whole_and_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(folder.path().to_owned()).expect("a cache");
        let unpacked = cache.runtime().expect("the runtime");
        for (path, text) in runtime::files() {
            assert_eq!(fs::read_to_string(unpacked.join(path)).expect(path), text);
        }
        let left: Vec<_> = fs::read_dir(folder.path().join("runtime"))
            .expect("a folder")
            .collect();
        assert_eq!(left.len(), 1);
        fs::write(unpacked.join("mark"), "").expect("a mark");
        assert!(cache.runtime().expect("the runtime").join("mark").exists());
    }

    #[test]
    fn environment_without_its_marker_or_interpreter_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let environment = folder.path();
        assert!(!is_whole(environment));
        fs::write(environment.join(MARKER), "{}").expect("a marker");
        fs::create_dir(environment.join("bin")).expect("a folder");
        std::os::unix::fs::symlink("/nowhere/python", python_in(environment)).expect("a link");
        assert!(!is_whole(environment));
        fs::remove_file(python_in(environment)).expect("removed");
        fs::write(python_in(environment), "").expect("an interpreter");
        assert!(is_whole(environment));
    }

    #[test]
    fn what_is_unused_for_long_and_held_by_nobody_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let make = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir(&path).expect("a folder");
            fs::write(folders_of(&path), "{}").expect("a file");
            path
        };
        let age = |path: &Path, age: Duration| {
            let file = File::open(folders_of(path)).expect("a file");
            file.set_modified(SystemTime::now() - age).expect("a time");
        };
        let [young, old, held, kept, used] = ["young", "old", "held", "kept", "used"].map(make);
        for path in [&old, &held, &kept, &used] {
            age(path, UNUSED + Duration::from_secs(60));
        }
        age(&young, UNUSED - Duration::from_secs(60));
        mark_used(&folders_of(&used));
        assert!(hold(&held).expect("a lock"));
        remove_unused(folder.path(), &kept).expect("removed");
        assert!(young.exists() && held.exists() && kept.exists() && used.exists());
        assert!(!old.exists() && !folders_of(&old).exists());
        let names = fs::read_dir(folder.path()).expect("a folder");
        assert!(names.flatten().all(|entry| !is_partial(&entry.path())));
    }

    #[test]
    fn what_is_being_removed_cannot_be_held() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("environment");
        let mut lock = RwLock::new(open_lock(&path).expect("a lock"));
        let guard = lock.try_write().expect("nobody else has it");
        assert!(!hold(&path).expect("an answer"));
        drop(guard);
        assert!(hold(&path).expect("an answer"));
    }

    #[test]
    fn damaged_runtime_is_unpacked_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(folder.path().to_owned()).expect("a cache");
        let unpacked = cache.runtime().expect("the runtime");
        let (path, text) = runtime::files().last().expect("a file");
        fs::write(unpacked.join(path), "other").expect("a file");
        assert_eq!(cache.runtime().expect("the runtime"), unpacked);
        assert_eq!(fs::read_to_string(unpacked.join(path)).expect(path), text);
    }
}
