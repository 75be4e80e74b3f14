//! Reading programs and writing artifacts.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use sqlflowc::source::SourceFile;

/// Reads a program; `-` is standard input.
pub(super) fn read_program(path: &Path) -> Result<SourceFile> {
    let shown = path.display();
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin()
            .read_to_end(&mut bytes)
            .context("standard input cannot be read")?;
        bytes
    } else if path.is_dir() {
        bail!("`{shown}` is a folder; name the program's file, such as `{shown}/program.sql`");
    } else {
        fs::read(path).with_context(|| format!("`{shown}` cannot be read"))?
    };
    let name = if path == Path::new("-") {
        "<stdin>".to_owned()
    } else {
        shown.to_string()
    };
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

pub(super) fn print(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
