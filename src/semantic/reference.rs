//! Names of models, which may say a version: `iris_model@1a2b3c`.

use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::ast::Name;

/// The digits that a version has in a model store.
const DIGITS: usize = 16;

/// Returns the name that a model is stored under: without the version.
pub(super) fn stored(reference: &str) -> &str {
    reference
        .split_once('@')
        .map_or(reference, |(name, _)| name)
}

/// Checks a name that a model is read by.
pub(super) fn check(name: &Name) -> Result<(), Diagnostic> {
    let text = name.dotted();
    let Some((model, version)) = text.split_once('@') else {
        return Ok(());
    };
    let is_version =
        (1..=DIGITS).contains(&version.len()) && version.chars().all(|c| c.is_ascii_hexdigit());
    if is_version && !model.is_empty() {
        return Ok(());
    }
    let message = if model.is_empty() {
        format!("`{text}` names no model")
    } else if version.is_empty() {
        format!("`{text}` names no version")
    } else {
        format!("`{version}` is no version of a model")
    };
    Err(
        Diagnostic::new(Code::WrongModelVersion, name.span, message).help(
            "a version is what `sqlflowc model list` shows, or its first digits: `my_model@1a2b3c`",
        ),
    )
}

/// Checks a name that a model is stored under.
pub(super) fn check_stored(name: &Name) -> Result<(), Diagnostic> {
    let text = name.dotted();
    let model = stored(&text);
    if model == text {
        return Ok(());
    }
    let message = format!("a model cannot be stored as a version of `{model}`");
    Err(Diagnostic::new(Code::WrongModelVersion, name.span, message)
        .help("versions follow from what is trained; leave out `@` and what is behind it"))
}
