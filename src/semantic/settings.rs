//! Directive comments: what a step asks of the machine that runs it.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::Settings;
use crate::syntax::ast::Directive;

const KEYS: [&str; 6] = ["cpu", "memory", "gpu", "timeout", "retries", "image"];

pub(super) fn lower(directives: &[Directive], diagnostics: &mut Diagnostics) -> Settings {
    let mut settings = Settings::default();
    for (at, directive) in directives.iter().enumerate() {
        let first = directives[..at].iter().find(|d| d.key == directive.key);
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
        "image" if is_image(value) => settings.image = Some(value.to_owned()),
        "image" => {
            return Err(wrong(
                "an image reference such as `registry/team/image:tag`",
            ));
        }
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

/// Whether a text is an image reference, `[host[:port]/]path[:tag][@digest]`:
/// nothing in it that a manifest's templates would touch.
pub fn is_image(text: &str) -> bool {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    let is_word = |text: &str, signs: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
    };
    // A registry's own name may have capitals, a repository's path has none.
    let is_path = |text: &str| is_word(text, "._-") && !text.contains(|c: char| c.is_uppercase());
    let is_digest = |digest: &str| match digest.split_once(':') {
        Some(("sha256", hash)) => {
            hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        }
        Some((algorithm, hash)) => is_word(algorithm, "+.-_") && is_word(hash, "=_-"),
        None => false,
    };
    let parts: Vec<&str> = name.split('/').collect();
    let last = parts.len() - 1;
    digest.is_none_or(is_digest)
        && parts
            .iter()
            .enumerate()
            .all(|(at, part)| match part.split_once(':') {
                Some((host, port)) if at == 0 && at != last => {
                    is_word(host, ".-") && port.parse::<u16>().is_ok()
                }
                Some((name, tag)) => at == last && is_path(name) && is_word(tag, "._-"),
                None if at == 0 && at != last && part.contains('.') => is_word(part, "._-"),
                None => is_path(part),
            })
}

/// Kubernetes takes cores as `2`, `0.5` or `500m`.
fn is_cpu(text: &str) -> bool {
    let number = text.strip_suffix('m').unwrap_or(text);
    is_positive(number) && (number.len() == text.len() || !number.contains('.'))
}

fn is_memory(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &text[..text.len() - unit.len()];
    let units = ["", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"];
    is_positive(number) && units.contains(&unit)
}

fn is_positive(number: &str) -> bool {
    number.starts_with(|c: char| c.is_ascii_digit())
        && number.parse::<f64>().is_ok_and(|value| value > 0.0)
}

/// `90s`, `30m`, `2h`, `1d` and sums of them such as `1h30m`.
fn seconds(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let count: u64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86400,
            _ => return None,
        };
        total = total.checked_add(count.checked_mul(factor)?)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    // More than a year is a slip, and more than Kubernetes can count.
    (1..=366 * 86400).contains(&total).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_add_up_and_need_a_unit() {
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("90"), None);
        assert_eq!(seconds("0s"), None);
        assert_eq!(seconds("1hé"), None);
    }

    #[test]
    fn images_are_references_and_not_urls() {
        for image in [
            "python",
            "python:3.13",
            "team/image",
            "localhost:5000/team/image:v1.2",
            concat!(
                "ghcr.io/team/image@sha256:",
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
            ),
        ] {
            assert!(is_image(image), "{image}");
        }
        for text in [
            "",
            "team//image",
            "Team/image",
            "image@sha256:0123",
            "ftp://team/image",
            "team/image:",
            "team:x/image",
            "image@0123",
            "a b",
            "{{x}}",
        ] {
            assert!(!is_image(text), "{text}");
        }
    }

    #[test]
    fn quantities_are_those_of_kubernetes() {
        assert!(is_cpu("4") && is_cpu("500m") && is_cpu("0.5"));
        assert!(!is_cpu("0.5m") && !is_cpu("m") && !is_cpu("-1") && !is_cpu("0"));
        assert!(is_memory("8Gi") && is_memory("1.5G"));
        assert!(!is_memory("8GB") && !is_memory("Gi") && !is_memory("lots"));
    }
}
