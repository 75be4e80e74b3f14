//! Directive comments: what a step asks of the machine that runs it.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Warnings};
use crate::ir::Settings;
use crate::quantity::{is_cpu, is_image, is_memory, seconds};
use crate::syntax::ast::Directive;

const KEYS: [&str; 10] = [
    "cpu", "memory", "gpu", "timeout", "retries", "image", "allow", "unparsed", "reads", "writes",
];

pub(super) fn lower(directives: &[Directive], diagnostics: &mut Diagnostics) -> Settings {
    let mut settings = Settings::default();
    for (at, directive) in directives.iter().enumerate() {
        let first = directives[..at].iter().find(|d| d.key == directive.key);
        // Codes add up.
        let first = first.filter(|first| first.key != "allow");
        let applied = match first {
            Some(first) => Err(duplicate(directive, first)),
            None => apply(directive, &mut settings),
        };
        if let Err(diagnostic) = applied {
            diagnostics.push(diagnostic);
        }
    }
    settings
}

fn duplicate(directive: &Directive, first: &Directive) -> Diagnostic {
    let message = format!("`{}` is given twice", directive.key);
    Diagnostic::new(Code::UnknownDirective, directive.span, message)
        .note(first.span, "first here")
        .help("keep one of them")
}

fn apply(directive: &Directive, settings: &mut Settings) -> Result<(), Diagnostic> {
    let value = directive.value.as_str();
    let wrong = |wanted: &str| {
        let message = format!("`{}` takes {wanted}, not `{value}`", directive.key);
        Diagnostic::new(Code::UnknownDirective, directive.span, message)
    };
    match directive.key.as_str() {
        "cpu" if is_cpu(value) => settings.cpu = Some(value.to_owned()),
        "cpu" => return Err(wrong("a number of cores such as `4` or `500m`")),
        "memory" if is_memory(value) => settings.memory = Some(value.to_owned()),
        "memory" => return Err(wrong("an amount of memory such as `8Gi` or `512Mi`")),
        "gpu" => settings.gpu = Some(value.parse().map_err(|_| wrong("a whole number"))?),
        "timeout" => {
            let seconds = seconds(value).ok_or_else(|| wrong("a duration such as `2h` or `90m`"));
            settings.timeout_seconds = Some(seconds?);
        }
        "retries" => settings.retries = Some(value.parse().map_err(|_| wrong("a whole number"))?),
        "allow" => {
            for code in value.split(',') {
                Warnings::from_name(code)
                    .map_err(|wrong| wrong.at(Code::UnknownDirective, directive.span))?;
            }
        }
        "image" if is_image(value) => settings.image = Some(value.to_owned()),
        "image" => {
            return Err(wrong(
                "an image reference such as `registry/team/image:tag`",
            ));
        }
        // The parser has taken these.
        "unparsed" | "reads" | "writes" => {}
        key => {
            let message = format!("no directive is named `{key}`");
            return Err(
                Diagnostic::new(Code::UnknownDirective, directive.span, message).suggest(
                    key,
                    KEYS,
                    || format!("the directives are {}", KEYS.join(", ")),
                ),
            );
        }
    }
    Ok(())
}
