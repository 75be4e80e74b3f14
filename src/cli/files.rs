//! Reading programs and writing artifacts.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use sqlflowc::configuration::FILE_NAME;
use sqlflowc::source::SourceFile;

use super::WrongUsage;

/// Reads a program; `-` is standard input.
pub(super) fn read_program(path: &Path) -> Result<SourceFile> {
    let shown = path.display();
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin()
            .read_to_end(&mut bytes)
            .context("standard input cannot be read")?;
        return decode("<stdin>".to_owned(), bytes);
    }
    if path.is_dir() {
        bail!("`{shown}` is a folder; name the program's file, such as `{shown}/program.sql`");
    }
    read_text(path)
}

/// Reads a text file.
pub(super) fn read_text(path: &Path) -> Result<SourceFile> {
    let shown = path.display();
    let bytes = fs::read(path).with_context(|| format!("`{shown}` cannot be read"))?;
    decode(shown.to_string(), bytes)
}

fn decode(name: String, bytes: Vec<u8>) -> Result<SourceFile> {
    program(name, bytes)
}

/// A program's bytes as text.
pub(super) fn program(name: String, bytes: Vec<u8>) -> Result<SourceFile> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceFile::new(name, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let before = &error.as_bytes()[..at];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            bail!(
                "`{name}` is not UTF-8 text: byte {at}, on line {line}, fits no character; \
                 convert the file, for example with `iconv -t UTF-8`"
            );
        }
    }
}

/// The configuration file of a program: the nearest from its folder up.
pub(super) fn find_configuration(program: &Path) -> Result<Option<PathBuf>> {
    let here = std::env::current_dir().context("the working directory is gone")?;
    // Standard input is in the working directory.
    let folder = match program.parent() {
        Some(folder) if program != Path::new("-") => without_dots(&here.join(folder)),
        _ => here.clone(),
    };
    for folder in folder.ancestors() {
        // A path of this machine says less to a reader than one below the working directory.
        let folder = folder.strip_prefix(&here).unwrap_or(folder);
        let file = folder.join(FILE_NAME);
        if file.is_file() {
            return Ok(Some(file));
        }
        let other = folder.join(OTHER_NAME);
        if other.is_file() {
            bail!(WrongUsage(format!(
                "`{}` is not read; call it `{FILE_NAME}`",
                other.display()
            )));
        }
    }
    Ok(None)
}

/// An absolute path with `.` and `..` taken out, as they are read: a link on
/// the way leads to where it stands and not to where it points.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// The other usual ending of YAML. A file that is there and not read would
/// be a puzzle.
const OTHER_NAME: &str = "sqlflowc.yml";

/// Whether two paths lead to one file that is there.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Writes an artifact whole or not at all. Behind a link, what it leads to is
/// written, and the link stays.
pub(super) fn write_artifact(path: &Path, text: &str) -> Result<()> {
    let shown = path.display();
    let target = fs::canonicalize(path);
    let path = target.as_deref().unwrap_or(path);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let context = || format!("`{shown}` cannot be written");
    // A pipe or a device takes the text as it comes.
    if path.exists() && !path.is_file() {
        return fs::write(path, text).with_context(context);
    }
    let mut file = new_file(folder)
        .map_err(without_path)
        .with_context(context)?;
    file.write_all(text.as_bytes())
        .map_err(without_path)
        .with_context(context)?;
    if let Ok(metadata) = fs::metadata(path) {
        file.as_file()
            .set_permissions(metadata.permissions())
            .with_context(context)?;
    }
    file.as_file().sync_all().with_context(context)?;
    file.persist(path)
        .map_err(|error| error.error)
        .with_context(context)?;
    Ok(())
}

/// The error itself: the temporary name in its text says nothing to a user.
fn without_path(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::from(error.kind()),
    }
}

/// A file of a temporary name that may be read by whom a new file may:
/// artifacts are shared, unlike most temporary files.
fn new_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sqlflowc-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Prints an artifact as it is: what is compiled has no colours to take out.
pub(super) fn print_artifact(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

pub(super) fn print(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// A number of bytes for people.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "one digit behind the point is shown"
    )]
    let mut number = bytes as f64 / 1024.0;
    let mut unit = 0;
    while number >= 1023.95 && unit + 1 < UNITS.len() {
        number /= 1024.0;
        unit += 1;
    }
    format!("{number:.1} {}", UNITS[unit])
}
