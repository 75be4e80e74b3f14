//! Runs a compiled program here: starts its script in the prepared environment, draws what the
//! script reports, and passes on the user's wish to stop.

use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread;

use anyhow::{Context, Result, anyhow};

use super::environment::PythonEnvironment;
use super::progress::{Event, Painter};

/// Exit statuses of the runner, which are those of `sqlflowc run` too.
const RESOURCE_FAILED: u8 = 3;
const INTERRUPTED: u8 = 130;

/// After so many interrupts the runner itself is killed; the second makes it kill its steps.
const INTERRUPTS_TO_KILL: u32 = 3;

/// What is run of a program, and on what.
#[derive(Debug, Default)]
pub(crate) struct RunOptions {
    /// URL of the database; absent: `SQLFLOW_DATASOURCE`, else an embedded one.
    pub(crate) datasource: Option<String>,
    /// URL of the model store; absent: `SQLFLOW_MODEL_STORE`, else a folder.
    pub(crate) model_store: Option<String>,
    /// How many steps run at once; absent: as many as there are cores.
    pub(crate) jobs: Option<usize>,
    /// Names of the steps to run; empty: all.
    pub(crate) steps: Vec<String>,
    pub(crate) after_failure: AfterFailure,
    pub(crate) start: Start,
}

/// What happens to steps that do not depend on one that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    #[default]
    Stop,
    KeepGoing,
}

/// Whether steps that succeeded in the last run, which failed, run again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Start {
    #[default]
    Fresh,
    Resume,
}

/// What the threads that listen tell the one that draws.
enum Heard {
    Event(String),
    /// Printed by Python itself, past all events.
    Stray(String),
    Interrupt,
    EndOfEvents,
}

/// Runs `script`, compiled from the program at the absolute path `program`, which messages call
/// `shown`, and returns the exit status of `sqlflowc run`.
///
/// Relative file names in the program's SQL are looked up in the program's folder after the
/// working directory.
pub(crate) fn run(
    environment: &PythonEnvironment,
    script: &str,
    shown: &str,
    program: &Path,
    options: &RunOptions,
) -> Result<u8> {
    let folder = tempfile::Builder::new()
        .prefix("sqlflowc-")
        .tempdir()
        .context("cannot write the script to the folder for temporary files")?;
    let file = folder.path().join("program.py");
    std::fs::write(&file, script)
        .with_context(|| format!("cannot write the script to {}", file.display()))?;

    let (sender, heard) = mpsc::channel();
    let interrupts = sender.clone();
    // Before the runner starts, so that no signal ends this process and leaves that one.
    ctrlc::set_handler(move || {
        // Nobody listens once the run has ended.
        let _ = interrupts.send(Heard::Interrupt);
    })
    .context("cannot listen for Ctrl-C")?;

    let mut runner = Runner::start(environment, &file, program, options)?;
    runner.listen(sender)?;
    let mut session = Session {
        painter: Painter::new(shown.to_owned()),
        ended: false,
        stray: Vec::new(),
    };
    let mut interrupted = 0;
    for message in heard {
        match message {
            Heard::Event(line) => session.draw(&line).or_else(|error| {
                runner.interrupt(INTERRUPTS_TO_KILL)?;
                Err(anyhow!(error).context("cannot write the results to standard output"))
            })?,
            Heard::Stray(line) => session.stray.push(line),
            Heard::Interrupt => {
                interrupted += 1;
                runner.interrupt(interrupted)?;
                if interrupted == 1 {
                    session
                        .painter
                        .note("stopping; interrupt again to stop at once");
                }
            }
            Heard::EndOfEvents => break,
        }
    }
    let status = runner.wait()?;
    session.conclude(status, interrupted, environment)
}

/// What is known of the run so far.
struct Session {
    painter: Painter,
    /// Whether the runner has summed up, which it does unless it dies.
    ended: bool,
    stray: Vec<String>,
}

impl Session {
    fn draw(&mut self, line: &str) -> io::Result<()> {
        match serde_json::from_str::<Event>(line) {
            Ok(event) => {
                self.ended |= matches!(event, Event::Done(_));
                self.painter.draw(event)
            }
            Err(_) => {
                self.stray.push(line.to_owned());
                Ok(())
            }
        }
    }

    fn conclude(
        mut self,
        status: ExitStatus,
        interrupted: u32,
        environment: &PythonEnvironment,
    ) -> Result<u8> {
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        if interrupted > 0 && (!self.ended || code == Some(INTERRUPTED)) {
            self.painter.note(
                "interrupted: what was stopped has changed no table and no model; \
                 --resume goes on from here",
            );
            return Ok(INTERRUPTED);
        }
        for line in &self.stray {
            self.painter.note(line);
        }
        match code {
            // A wrong use of the script (2) is told without a summary.
            Some(code) if self.ended || code == 2 => Ok(code),
            _ => {
                self.painter.note(&format!(
                    "error: the Python process that runs the steps ended early ({status})\n\
                     help: if its environment is damaged, remove {} and run again",
                    environment.folder().display()
                ));
                Ok(RESOURCE_FAILED)
            }
        }
    }
}

/// The Python process that runs the steps.
struct Runner {
    child: Child,
}

impl Runner {
    fn start(
        environment: &PythonEnvironment,
        script: &Path,
        program: &Path,
        options: &RunOptions,
    ) -> Result<Runner> {
        let folder = program.parent().context("the program is in no folder")?;
        let mut command = environment.command();
        command.arg(script).arg("--events").args(arguments(options));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
            // Two programs of one name are two programs.
            .env("SQLFLOW_PROGRAM", program)
            .env("SQLFLOW_FILES", files(folder)?);
        // Not as arguments, which every user of the machine can see: URLs may hold passwords.
        for (variable, url) in [
            ("SQLFLOW_DATASOURCE", &options.datasource),
            ("SQLFLOW_MODEL_STORE", &options.model_store),
        ] {
            if let Some(url) = url {
                command.env(variable, url);
            }
        }
        lead_a_group(&mut command);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", environment.python.display()))?;
        Ok(Runner { child })
    }

    /// Starts the threads that read what the runner says.
    fn listen(&mut self, sender: Sender<Heard>) -> Result<()> {
        let stdout = self
            .child
            .stdout
            .take()
            .context("the runner's output is piped")?;
        let stderr = self
            .child
            .stderr
            .take()
            .context("the runner's errors are piped")?;
        let stray = sender.clone();
        let strays = thread::spawn(move || forward(stderr, &stray, Heard::Stray));
        thread::spawn(move || {
            forward(stdout, &sender, Heard::Event);
            // Both are at their end before the run is judged. A panic there has been reported.
            let _ = strays.join();
            let _ = sender.send(Heard::EndOfEvents);
        });
        Ok(())
    }

    /// Passes on the user's interrupt, for the `count`th time.
    ///
    /// The runner has a process group of its own. So the terminal's Ctrl-C reaches this process
    /// alone, and the runner gets every interrupt once, wherever it came from.
    fn interrupt(&mut self, count: u32) -> Result<()> {
        if count >= INTERRUPTS_TO_KILL {
            return self.child.kill().context("cannot stop the runner");
        }
        interrupt(&mut self.child).context("cannot stop the runner")
    }

    fn wait(mut self) -> Result<ExitStatus> {
        self.child.wait().context("cannot wait for the runner")
    }
}

/// Passes on lines until the other side closes the pipe.
fn forward(pipe: impl Read, sender: &Sender<Heard>, wrap: fn(String) -> Heard) {
    for line in BufReader::new(pipe).split(b'\n') {
        // A pipe that cannot be read is at its end; a receiver that is gone wants no more.
        let Ok(line) = line else { return };
        if sender
            .send(wrap(String::from_utf8_lossy(&line).into_owned()))
            .is_err()
        {
            return;
        }
    }
}

fn arguments(options: &RunOptions) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    let mut option = |name: &str, value: &str| arguments.extend([name.into(), value.into()]);
    if let Some(jobs) = options.jobs {
        option("--jobs", &jobs.to_string());
    }
    for step in &options.steps {
        option("--step", step);
    }
    match options.after_failure {
        AfterFailure::Stop => {}
        AfterFailure::KeepGoing => arguments.push("--keep-going".into()),
    }
    match options.start {
        Start::Fresh => {}
        Start::Resume => arguments.push("--resume".into()),
    }
    arguments
}

/// Returns the folders that the runtime looks up files in: the user's, then the program's.
fn files(folder: &Path) -> Result<OsString> {
    let set = env::var_os("SQLFLOW_FILES").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&set)
        .filter(|folder| !folder.as_os_str().is_empty())
        .chain([folder.to_owned()])
        .collect();
    env::join_paths(folders).context("a folder that holds a path separator cannot be searched")
}

#[cfg(unix)]
fn lead_a_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(unix)]
fn interrupt(child: &mut Child) -> io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    // Reaped means gone, and its number may be another process's by now.
    if child.try_wait()?.is_some() {
        return Ok(());
    }
    Ok(kill_process(Pid::from_child(child), Signal::INT)?)
}

#[cfg(not(unix))]
fn lead_a_group(_command: &mut Command) {}

#[cfg(not(unix))]
fn interrupt(child: &mut Child) -> io::Result<()> {
    child.kill()
}
