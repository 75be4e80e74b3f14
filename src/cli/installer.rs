//! Installs packages: by `uv`, or by Python's own `venv` and `pip`.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::environment::{CACHE_DIR, python_in};
use super::interpreter::{Interpreter, PYTHON};

/// How much of an installer's output is kept to be shown when it fails.
const LINES_KEPT: usize = 30;

pub(super) enum Installer {
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
    pub(super) fn commands(
        &self,
        interpreter: &Interpreter,
        target: &Path,
        requirements: &Path,
    ) -> [Tool; 2] {
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
pub(super) struct Tool(pub(super) Command);

impl Tool {
    pub(super) fn new(program: impl AsRef<OsStr>) -> Tool {
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

    pub(super) fn arg(mut self, argument: impl AsRef<OsStr>) -> Tool {
        self.0.arg(argument);
        self
    }

    pub(super) fn args<const N: usize>(mut self, arguments: [&str; N]) -> Tool {
        self.0.args(arguments);
        self
    }

    pub(super) fn current_dir_of(mut self, folder: &Path) -> Command {
        self.0.current_dir(folder);
        self.0
    }
}

/// Runs an installer, passes on what it downloads, and keeps its last lines.
pub(super) fn run_with_output(
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
pub(super) struct InstallError {
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
    pub(super) fn new(
        cache: &Path,
        command: &str,
        status: ExitStatus,
        lines: &VecDeque<String>,
    ) -> Self {
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

    pub(super) fn is_of_package(&self) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

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
