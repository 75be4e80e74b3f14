//! What is done with warnings: shown, left out, or taken for errors.

use std::fmt;

use super::{Code, Diagnostic, Diagnostics, Severity, nearest};
use crate::source::Span;

/// What is done with a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// It is left out.
    Allow,
    Warn,
    /// It is an error.
    Deny,
}

/// One kind of warning, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warnings {
    All,
    Of(Code),
}

/// The word for all warnings.
const ALL: &str = "warnings";

impl Warnings {
    /// Reads a warning's code in any case, or `warnings`. Codes and no names:
    /// they are what messages, pages and `sqlflowc explain` show.
    pub fn from_name(name: &str) -> Result<Warnings, NoWarning> {
        if name.eq_ignore_ascii_case(ALL) {
            return Ok(Warnings::All);
        }
        match Code::from_name(name) {
            Some(code) if code.severity() == Severity::Warning => Ok(Warnings::Of(code)),
            Some(code) => Err(NoWarning {
                message: format!("{code} is an error and no warning"),
                help: "errors cannot be allowed".to_owned(),
            }),
            None => Err(NoWarning {
                message: format!("no warning has the code `{name}`"),
                help: match nearest(name, Warnings::names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the warnings are {}", list()),
                },
            }),
        }
    }

    /// All that `from_name` takes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let codes = Code::ALL
            .iter()
            .filter(|code| code.severity() == Severity::Warning);
        codes.map(|code| code.as_str()).chain([ALL])
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Warnings::All => ALL,
            Warnings::Of(code) => code.as_str(),
        }
    }
}

/// Why a name is none of a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoWarning {
    message: String,
    help: String,
}

impl NoWarning {
    /// The same as a message about the place where the name stands.
    pub(crate) fn at(self, code: Code, span: Span) -> Diagnostic {
        Diagnostic::new(code, span, self.message).help(self.help)
    }
}

impl fmt::Display for NoWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.help)
    }
}

impl std::error::Error for NoWarning {}

fn list() -> String {
    Warnings::names().collect::<Vec<_>>().join(", ")
}

/// The level of every warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels([Level; Code::ALL.len()]);

impl Default for Levels {
    fn default() -> Levels {
        Levels([Level::Warn; Code::ALL.len()])
    }
}

impl Levels {
    /// Sets levels that were given together: the one of a code holds whatever
    /// is said of all warnings.
    pub fn set(&mut self, given: &[(Warnings, Level)]) {
        for (warnings, level) in given {
            if *warnings == Warnings::All {
                self.0 = [*level; Code::ALL.len()];
            }
        }
        for (warnings, level) in given {
            if let Warnings::Of(code) = warnings {
                self.0[*code as usize] = *level;
            }
        }
    }

    pub fn get(&self, code: Code) -> Level {
        self.0[code as usize]
    }

    /// Leaves out the warnings that are allowed and makes errors of those that
    /// are denied.
    pub fn apply(&self, diagnostics: &mut Diagnostics) {
        diagnostics
            .0
            .retain_mut(|diagnostic| self.judge(diagnostic));
    }

    fn judge(&self, diagnostic: &mut Diagnostic) -> bool {
        if diagnostic.severity == Severity::Error {
            return true;
        }
        match self.get(diagnostic.code) {
            Level::Allow => return false,
            Level::Warn => {}
            Level::Deny => diagnostic.severity = Severity::Error,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_beats_all_warnings_in_any_order() {
        let of = |code| Warnings::Of(code);
        let mut levels = Levels::default();
        levels.set(&[
            (of(Code::UnparsedSql), Level::Warn),
            (Warnings::All, Level::Deny),
        ]);
        assert_eq!(levels.get(Code::UnparsedSql), Level::Warn);
        assert_eq!(levels.get(Code::AttributeWithoutEffect), Level::Deny);
        // What is given later beats all of what was given before.
        levels.set(&[(Warnings::All, Level::Allow)]);
        assert_eq!(levels.get(Code::UnparsedSql), Level::Allow);
    }

    #[test]
    fn only_warnings_have_levels() {
        assert_eq!(
            Warnings::from_name("w0201"),
            Ok(Warnings::Of(Code::UnparsedSql))
        );
        assert_eq!(Warnings::from_name("warnings"), Ok(Warnings::All));
        let wrong = |name| Warnings::from_name(name).unwrap_err().to_string();
        assert!(wrong("E0301").contains("is an error"));
        assert!(wrong("W0211").contains("did you mean"));
    }
}
