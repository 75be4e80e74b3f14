//! Values in the terms of Kubernetes: amounts, durations, names, images.
//! Directives, the configuration file and flags take them alike.

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

/// Whether a text is a number of cores as Kubernetes takes them: `2`, `0.5` or `500m`.
pub fn is_cpu(text: &str) -> bool {
    let number = text.strip_suffix('m').unwrap_or(text);
    is_positive(number) && (number.len() == text.len() || !number.contains('.'))
}

/// Whether a text is an amount of memory as Kubernetes takes it: `8Gi`, `1.5G`.
pub fn is_memory(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &text[..text.len() - unit.len()];
    let units = ["", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"];
    is_positive(number) && units.contains(&unit)
}

fn is_positive(number: &str) -> bool {
    number.starts_with(|c: char| c.is_ascii_digit())
        && number.parse::<f64>().is_ok_and(|value| value > 0.0)
}

/// The seconds of a duration: `90s`, `30m`, `2h`, `1d` and sums of them such
/// as `1h30m`.
pub fn seconds(text: &str) -> Option<u64> {
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

/// Whether a text is the name of an object in Kubernetes, such as a Secret.
pub fn is_object_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 253 && name.split('.').all(is_dns_label)
}

/// Whether a text is the name of a namespace.
pub fn is_namespace(name: &str) -> bool {
    name.len() <= 63 && is_dns_label(name)
}

fn is_dns_label(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('-')
        && !part.ends_with('-')
        && part
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a text is a key in a Secret.
pub fn is_secret_key(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= 253
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Whether a text is the key of a label: `team`, `example.com/team`.
pub fn is_label_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_object_name(prefix) && is_label_word(name),
        None => is_label_word(key),
    }
}

/// Whether a text is the value of a label.
pub fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_label_word(value)
}

fn is_label_word(word: &str) -> bool {
    let is_end = |c: char| c.is_ascii_alphanumeric();
    word.len() <= 63
        && word.starts_with(is_end)
        && word.ends_with(is_end)
        && word
            .chars()
            .all(|c| is_end(c) || matches!(c, '-' | '_' | '.'))
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

    #[test]
    fn labels_are_those_of_kubernetes() {
        assert!(is_label_key("team") && is_label_key("example.com/cost_center"));
        assert!(!is_label_key("") && !is_label_key("a/b/c") && !is_label_key("-a"));
        assert!(is_label_value("") && is_label_value("A.b-c_1"));
        assert!(!is_label_value("a b") && !is_label_value(&"a".repeat(64)));
        assert!(!is_label_value("postgres://u:p@h/d"));
    }

    #[test]
    fn names_are_those_of_kubernetes() {
        assert!(is_namespace("ml-prod") && !is_namespace("kube.system"));
        assert!(is_object_name("a.b-c") && !is_object_name("a..b") && !is_object_name("A"));
    }
}
