//! Prepares the Python environment that steps run in: once, in the cache folder, from locked and
//! hashed lists of packages.
//!
//! Everything is made under a temporary name and renamed when it is whole, so that what has its
//! final name is complete, whatever interrupted whom.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::UNIX_EPOCH;
use std::{env, fmt};

use anyhow::{Context, Result, anyhow, bail};
use etcetera::BaseStrategy;
use fd_lock::RwLock;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlflowc::runtime::{self, Environment, Extra};

const CACHE_DIR: &str = "SQLFLOWC_CACHE_DIR";
const PYTHON: &str = "SQLFLOWC_PYTHON";

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

/// Written last into an environment; says what is in it.
const MARKER: &str = "sqlflowc.json";

/// How much of an installer's output is kept to be shown when it fails.
const LINES_KEPT: usize = 30;

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

    /// Returns the folder to remove when the environment is damaged.
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

struct Cache {
    folder: PathBuf,
}

impl Cache {
    fn open(folder: PathBuf) -> Result<Cache> {
        fs::create_dir_all(&folder).map_err(|error| cache_error(&folder, &error))?;
        Ok(Cache { folder })
    }

    /// Unpacks the runtime's code.
    fn runtime(&self) -> Result<PathBuf> {
        let folder = self.folder.join("runtime");
        let target = folder.join(runtime::content_hash());
        if target.is_dir() {
            return Ok(target);
        }
        let unpack = || -> io::Result<()> {
            fs::create_dir_all(&folder)?;
            let partial = tempfile::Builder::new()
                .prefix("partial-")
                .tempdir_in(&folder)?;
            let whole = partial.path().join("whole");
            for (path, text) in runtime::files() {
                let file = whole.join(path);
                fs::create_dir_all(file.parent().expect("the path has the package in front"))?;
                fs::write(file, text)?;
            }
            match fs::rename(&whole, &target) {
                // Another process was faster; it has unpacked the same.
                Err(_) if target.is_dir() => Ok(()),
                result => result,
            }
        };
        unpack().map_err(|error| cache_error(&self.folder, &error))?;
        Ok(target)
    }

    /// Finds an interpreter; asking them costs more than a run may take to start, so the answer is
    /// kept as long as the search and the interpreter stay the same.
    fn interpreter(&self, search: &Search) -> Result<Interpreter> {
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
        if is_whole(&target) {
            return Ok(python_in(&target));
        }
        fs::create_dir_all(&folder).map_err(|error| cache_error(&self.folder, &error))?;
        let mut lock = self.lock_file()?;
        let _guard = lock_with_notice(&mut lock, notify)
            .map_err(|error| cache_error(&self.folder, &error))?;
        if is_whole(&target) {
            return Ok(python_in(&target));
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
        self.remove_partial(&folder)?;
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
        Ok(python_in(&target))
    }

    fn lock_file(&self) -> Result<RwLock<File>> {
        let path = self.folder.join("lock");
        let file = File::options().create(true).append(true).open(path);
        Ok(RwLock::new(
            file.map_err(|error| cache_error(&self.folder, &error))?,
        ))
    }

    /// Removes what interrupted runs left. Only for who holds the lock.
    fn remove_partial(&self, folder: &Path) -> Result<()> {
        let remove = || -> io::Result<()> {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if entry.file_name().to_string_lossy().starts_with("partial-") {
                    fs::remove_dir_all(entry.path())?;
                }
            }
            Ok(())
        };
        remove().map_err(|error| cache_error(&self.folder, &error))
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
        self.remove_partial(&folder)?;
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
        let partial = tempfile::Builder::new()
            .prefix("partial-")
            .tempdir_in(parent)
            .map_err(in_cache)?;
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
        };
        let text = serde_json::to_vec_pretty(&marker)?;
        fs::write(whole.join(MARKER), text).map_err(in_cache)?;
        // What is there has no marker or no interpreter any more, or this would not be made.
        if target.exists() {
            fs::remove_dir_all(target).map_err(in_cache)?;
        }
        fs::rename(&whole, target).map_err(in_cache)
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
}

fn is_whole(environment: &Path) -> bool {
    // The interpreter is a link to the one that was found: it is dead when that one is removed.
    environment.join(MARKER).is_file() && python_in(environment).is_file()
}

fn python_in(environment: &Path) -> PathBuf {
    if cfg!(windows) {
        environment.join("Scripts").join("python.exe")
    } else {
        environment.join("bin").join("python")
    }
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

enum Installer {
    Uv(PathBuf),
    Pip,
}

impl fmt::Display for Installer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Installer::Uv(path) => write!(formatter, "{}", path.display()),
            Installer::Pip => formatter.write_str("pip"),
        }
    }
}

impl Installer {
    /// Returns the commands that make an environment and fill it.
    fn commands(&self, interpreter: &Interpreter, target: &Path, requirements: &Path) -> [Tool; 2] {
        match self {
            Installer::Uv(uv) => [
                Tool::new(uv)
                    .args(["venv", "--no-project", "--python"])
                    .arg(&interpreter.executable)
                    .arg(target),
                Tool::new(uv)
                    .args([
                        "pip",
                        "sync",
                        "--require-hashes",
                        "--only-binary",
                        ":all:",
                        "--python",
                    ])
                    .arg(python_in(target))
                    .arg(requirements),
            ],
            Installer::Pip => [
                Tool::new(&interpreter.executable)
                    .args(["-I", "-m", "venv"])
                    .arg(target),
                Tool::new(python_in(target))
                    .args(["-I", "-m", "pip", "install", "--disable-pip-version-check"])
                    .args([
                        "--no-input",
                        "--retries",
                        "2",
                        "--no-deps",
                        "--only-binary",
                        ":all:",
                    ])
                    .args(["--require-hashes", "-r"])
                    .arg(requirements),
            ],
        }
    }
}

/// A command that is not led astray by the environment or the folder `sqlflowc` was started in.
struct Tool(Command);

impl Tool {
    fn new(program: impl AsRef<OsStr>) -> Tool {
        let mut command = Command::new(program);
        for variable in [
            "CONDA_PREFIX",
            "PIP_PREFIX",
            "PIP_REQUIRE_VIRTUALENV",
            "PIP_TARGET",
            "PIP_USER",
            "PYTHONHOME",
            "PYTHONPATH",
            "UV_PYTHON",
            "UV_SYSTEM_PYTHON",
            "VIRTUAL_ENV",
        ] {
            command.env_remove(variable);
        }
        command
            .env("NO_COLOR", "1")
            .env("UV_PYTHON_DOWNLOADS", "never");
        Tool(command)
    }

    fn arg(mut self, argument: impl AsRef<OsStr>) -> Tool {
        self.0.arg(argument);
        self
    }

    fn args<const N: usize>(mut self, arguments: [&str; N]) -> Tool {
        self.0.args(arguments);
        self
    }

    fn current_dir_of(mut self, folder: &Path) -> Command {
        self.0.current_dir(folder);
        self.0
    }
}

/// Runs an installer, passes on what it downloads, and keeps its last lines.
fn run_with_output(
    mut command: Command,
    notify: &mut dyn FnMut(&str),
) -> io::Result<(ExitStatus, VecDeque<String>)> {
    let (reader, writer) = io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = command.spawn()?;
    // Holds the pipe's writing ends, which would keep the loop from ending.
    drop(command);
    let mut lines = VecDeque::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).trim().to_owned();
        if line.starts_with("Downloading ") || line.starts_with("Installing ") {
            notify(&line);
        }
        if !line.is_empty() {
            lines.push_back(line);
        }
        if lines.len() > LINES_KEPT {
            lines.pop_front();
        }
    }
    Ok((child.wait()?, lines))
}

/// Why packages could not be installed, as far as the installer's output tells.
#[derive(Debug)]
struct InstallError {
    cause: InstallCause,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InstallCause {
    DiskFull,
    Network,
    ReadOnly,
    Package,
}

impl InstallError {
    fn new(cache: &Path, command: &str, status: ExitStatus, lines: &VecDeque<String>) -> Self {
        let output: String = lines.iter().map(|line| format!("\n  {line}")).collect();
        let cache = cache.display();
        let cause = InstallCause::read(&output);
        let (fact, help) = match cause {
            InstallCause::DiskFull => (
                format!("the disk with the cache folder {cache} is full"),
                format!("make room (a complete environment takes up to 1 GiB), or name another folder in {CACHE_DIR}"),
            ),
            InstallCause::Network => (
                "cannot reach the package index, from which the first run installs Python packages".to_owned(),
                "connect to the network and run again, or name a mirror in UV_DEFAULT_INDEX and PIP_INDEX_URL".to_owned(),
            ),
            InstallCause::ReadOnly => (
                format!("cannot write to the cache folder {cache}"),
                format!("name another folder in {CACHE_DIR}"),
            ),
            InstallCause::Package => (
                format!("could not install the Python packages: {command} ended with {status}"),
                format!("the output above says why; {PYTHON} can name another Python"),
            ),
        };
        InstallError {
            cause,
            message: format!("{fact}{output}\nhelp: {help}"),
        }
    }

    fn is_of_package(&self) -> bool {
        self.cause == InstallCause::Package
    }
}

impl InstallCause {
    fn read(output: &str) -> Self {
        let output = output.to_lowercase();
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| output.contains(phrase));
        if says(&["no space left", "os error 28", "quota exceeded"]) {
            InstallCause::DiskFull
        } else if says(&[
            "dns error",
            "error sending request",
            "failed to establish a new connection",
            "nameresolutionerror",
            "newconnectionerror",
            "connecttimeouterror",
            "proxyerror",
            "could not connect",
            "operation timed out",
            "tcp connect error",
        ]) {
            InstallCause::Network
        } else if says(&["read-only file system", "permission denied"]) {
            InstallCause::ReadOnly
        } else {
            InstallCause::Package
        }
    }
}

impl fmt::Display for InstallError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for InstallError {}

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

fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    runtime::short_hex(&hash.finalize())
}

/// A Python that environments can be made from; what `probe.py` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Interpreter {
    executable: PathBuf,
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

    fn version_text(&self) -> String {
        let (major, minor, patch) = self.version;
        format!("{major}.{minor}.{patch}")
    }

    fn hash_with(&self, requirements: &str) -> String {
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
struct KnownInterpreter {
    search: String,
    stamp: Option<Stamp>,
    interpreter: Interpreter,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    bytes: u64,
    modified_nanoseconds: u128,
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Stamp> {
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
struct Search {
    named: Option<OsString>,
    path: OsString,
}

impl Search {
    fn from_environment() -> Search {
        Search {
            named: env::var_os(PYTHON).filter(|name| !name.is_empty()),
            path: env::var_os("PATH").unwrap_or_default(),
        }
    }

    fn hash(&self) -> String {
        let named = self.named.as_deref().unwrap_or_default();
        hash(&[named.as_encoded_bytes(), self.path.as_encoded_bytes()])
    }

    fn find(&self) -> Result<Interpreter> {
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

fn find_uv() -> Option<PathBuf> {
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

    #[test]
    fn runtime_is_unpacked_whole_and_once() {
        let folder = Folder::new();
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
        let folder = Folder::new();
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
    fn cause_is_read_from_the_installers_output() {
        for (output, cause) in [
            (
                "error: Failed to fetch: `https://pypi.org/simple/numpy/`\nCaused by: dns error",
                InstallCause::Network,
            ),
            (
                "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError('",
                InstallCause::Network,
            ),
            (
                "error: failed to write: No space left on device (os error 28)",
                InstallCause::DiskFull,
            ),
            (
                "ERROR: Could not install packages: [Errno 13] Permission denied",
                InstallCause::ReadOnly,
            ),
            (
                "ERROR: No matching distribution found for uv==0.13.9",
                InstallCause::Package,
            ),
        ] {
            assert_eq!(InstallCause::read(output), cause, "{output}");
        }
    }
}
