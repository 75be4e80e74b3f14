//! Whether a pattern of COLUMN is a regular expression to the runtime, which
//! matches with Python's `re`.
//!
//! No library reads that syntax: those of Rust lack look-around or take what
//! Python refuses. The rules here are those of Python's own parser, as far as
//! they refuse a pattern whatever the version; the width of a look-behind, the
//! names of characters and patterns with comments in them are left to it.

use std::iter::Peekable;
use std::str::CharIndices;

/// Says what is wrong with a pattern.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    let mut parser = Parser {
        pattern,
        rest: pattern.char_indices().peekable(),
        open: Vec::new(),
        last: Last::Nothing,
        has_branches: false,
        groups: Vec::new(),
        wanted: None,
    };
    match parser.pattern() {
        Err(Stop::Wrong(message)) => Err(message),
        Ok(()) | Err(Stop::Unclear) => Ok(()),
    }
}

enum Stop {
    Wrong(String),
    /// What follows cannot be told apart here.
    Unclear,
}

type Checked<T = ()> = Result<T, Stop>;

fn wrong<T>(message: impl Into<String>) -> Checked<T> {
    Err(Stop::Wrong(message.into()))
}

/// What a `*` or the like would repeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    /// A place, such as the start of a word.
    Place,
    Repeat,
    Something,
}

/// A parenthesis that is open.
struct Open {
    /// Its number among those that capture.
    group: Option<usize>,
    /// How many alternatives there may still be.
    branches: usize,
}

/// A group that captures.
struct Group {
    name: Option<String>,
    is_open: bool,
}

struct Parser<'p> {
    pattern: &'p str,
    rest: Peekable<CharIndices<'p>>,
    open: Vec<Open>,
    last: Last,
    /// Whether there was a `|`.
    has_branches: bool,
    groups: Vec<Group>,
    /// The highest number that a condition asks for, whose group may come later.
    wanted: Option<usize>,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<char> {
        self.rest.next().map(|(_, c)| c)
    }

    fn next_if(&mut self, wanted: impl FnOnce(char) -> bool) -> Option<char> {
        self.rest.next_if(|(_, c)| wanted(*c)).map(|(_, c)| c)
    }

    /// What is left of the pattern.
    fn left(&mut self) -> &str {
        let at = self.rest.peek().map_or(self.pattern.len(), |(at, _)| *at);
        &self.pattern[at..]
    }

    fn skip(&mut self, count: usize) {
        (0..count).for_each(|_| {
            self.next();
        });
    }

    fn pattern(&mut self) -> Checked {
        while let Some(c) = self.next() {
            match c {
                '\\' => self.last = self.escape()?,
                '[' => {
                    self.set()?;
                    self.last = Last::Something;
                }
                '(' => self.group()?,
                ')' => self.close()?,
                '|' => self.branch()?,
                '^' | '$' => self.last = Last::Place,
                '*' | '+' | '?' => self.repeat(c)?,
                '{' if self.counts()? => self.repeat(c)?,
                _ => self.last = Last::Something,
            }
        }
        if !self.open.is_empty() {
            return wrong("a `)` is missing");
        }
        match self.wanted {
            Some(number) if number > self.groups.len() => wrong(format!("no group {number}")),
            _ => Ok(()),
        }
    }

    fn branch(&mut self) -> Checked {
        self.last = Last::Nothing;
        self.has_branches = true;
        let Some(open) = self.open.last_mut() else {
            return Ok(());
        };
        match open.branches.checked_sub(1) {
            Some(left) => open.branches = left,
            None => return wrong("a condition has more than two alternatives"),
        }
        Ok(())
    }

    fn close(&mut self) -> Checked {
        let Some(open) = self.open.pop() else {
            return wrong("a `)` without its `(`");
        };
        if let Some(group) = open.group {
            self.groups[group].is_open = false;
        }
        self.last = Last::Something;
        Ok(())
    }

    fn open(&mut self, group: Option<usize>, branches: usize) {
        self.open.push(Open { group, branches });
        self.last = Last::Nothing;
    }

    fn capture(&mut self, name: Option<String>) {
        let is_open = true;
        self.groups.push(Group { name, is_open });
        self.open(Some(self.groups.len() - 1), usize::MAX);
    }

    fn repeat(&mut self, sign: char) -> Checked {
        match self.last {
            Last::Nothing | Last::Place => return wrong(format!("`{sign}` has nothing to repeat")),
            Last::Repeat => return wrong(format!("`{sign}` repeats a repetition")),
            Last::Something => {}
        }
        // Lazy, or possessive.
        self.next_if(|c| c == '?' || c == '+');
        self.last = Last::Repeat;
        Ok(())
    }

    /// Whether a `{` begins counts, which are then read; else it is a letter like
    /// any other.
    fn counts(&mut self) -> Checked<bool> {
        let left = self.left();
        let is_count = |c: char| c.is_ascii_digit() || c == ',';
        let length = left.find(|c| !is_count(c)).unwrap_or(left.len());
        let (counts, rest) = left.split_at(length);
        if !rest.starts_with('}') {
            return Ok(false);
        }
        let counts = counts.to_owned();
        let (least, most) = counts.split_once(',').unwrap_or((&counts, &counts));
        if counts.is_empty() || most.contains(',') {
            return Ok(false);
        }
        self.skip(counts.len() + 1);
        match (least.parse::<u32>(), most.parse::<u32>()) {
            (Ok(least), Ok(most)) if most < least => {
                wrong(format!("`{{{counts}}}` is more at least than at most"))
            }
            (Ok(u32::MAX), _) | (_, Ok(u32::MAX)) => wrong("a count is too large"),
            (Err(_), _) if !least.is_empty() => wrong("a count is too large"),
            (_, Err(_)) if !most.is_empty() => wrong("a count is too large"),
            _ => Ok(true),
        }
    }

    fn group(&mut self) -> Checked {
        if self.next_if(|c| c == '?').is_none() {
            self.capture(None);
            return Ok(());
        }
        match self.next() {
            Some(':' | '=' | '!' | '>') => self.open(None, usize::MAX),
            Some('<') => match self.next() {
                Some('=' | '!') => self.open(None, usize::MAX),
                Some(_) => return wrong("`(?<` is followed by `=` or `!`; a name is `(?P<…>`"),
                None => return wrong("the pattern ends inside a group"),
            },
            Some('#') => {
                let Some(at) = self.left().find(')') else {
                    return wrong("a `)` is missing");
                };
                let count = self.left()[..at].chars().count();
                self.skip(count + 1);
            }
            Some('P') => match self.next() {
                Some('<') => {
                    let name = self.name('>')?;
                    if !is_name(&name) {
                        return wrong(format!("`{name}` is no name of a group"));
                    }
                    if self.named(&name).is_some() {
                        return wrong(format!("two groups are named `{name}`"));
                    }
                    self.capture(Some(name));
                }
                Some('=') => {
                    let name = self.name(')')?;
                    match self.named(&name) {
                        None => return wrong(format!("no group is named `{name}`")),
                        Some(at) => self.refer(at)?,
                    }
                }
                _ => return wrong("`(?P` is followed by `<` or `=`"),
            },
            Some('(') => {
                let name = self.name(')')?;
                match name.parse::<usize>() {
                    Ok(0) => return wrong("no group 0"),
                    Ok(number) => self.wanted = self.wanted.max(Some(number)),
                    Err(_) if self.named(&name).is_none() => {
                        return wrong(format!("no group is named `{name}`"));
                    }
                    Err(_) => {}
                }
                self.open(None, 1);
            }
            Some(c) if c == '-' || c.is_ascii_alphabetic() => self.flags(c)?,
            Some(c) => return wrong(format!("`(?{c}` begins no group")),
            None => return wrong("the pattern ends inside a group"),
        }
        Ok(())
    }

    /// `(?i)` for all of the pattern, `(?i:…)` for a part of it.
    fn flags(&mut self, first: char) -> Checked {
        let is_first = self.open.is_empty() && self.last == Last::Nothing && !self.has_branches;
        let mut flags = String::from(first);
        let end = loop {
            match self.next() {
                Some(c @ (')' | ':')) => break c,
                Some(c) => flags.push(c),
                None => return wrong("the pattern ends inside a group"),
            }
        };
        if let Some(unknown) = flags.chars().find(|c| !"aiLmsux-".contains(*c)) {
            return wrong(format!("`{unknown}` is no flag"));
        }
        if flags.contains('L') {
            return wrong("the flag `L` is one of bytes");
        }
        // With it, blanks and comments stand for nothing.
        if flags.contains('x') || flags.contains('-') && end == ')' || flags.ends_with('-') {
            return Err(Stop::Unclear);
        }
        match end {
            ':' => self.open(None, usize::MAX),
            _ if is_first => {}
            _ => return wrong("flags for all of a pattern stand at its start"),
        }
        Ok(())
    }

    fn name(&mut self, end: char) -> Checked<String> {
        let Some((name, _)) = self.left().split_once(end) else {
            return wrong(format!("a `{end}` is missing"));
        };
        let name = name.to_owned();
        self.skip(name.chars().count() + 1);
        Ok(name)
    }

    fn named(&self, name: &str) -> Option<usize> {
        let is = |group: &Group| group.name.as_deref() == Some(name);
        self.groups.iter().position(is)
    }

    fn refer(&mut self, at: usize) -> Checked {
        match self.groups.get(at) {
            None => wrong(format!("no group {}", at + 1)),
            Some(group) if group.is_open => wrong("a group refers to itself"),
            Some(_) => {
                self.last = Last::Something;
                Ok(())
            }
        }
    }

    fn escape(&mut self) -> Checked<Last> {
        match self.next() {
            None => wrong("a `\\` at the end"),
            // `\z` came with Python 3.14.
            Some('A' | 'b' | 'B' | 'Z' | 'z') => Ok(Last::Place),
            Some('d' | 'D' | 's' | 'S' | 'w' | 'W') => Ok(Last::Something),
            Some('0') => {
                (0..2).for_each(|_| {
                    self.next_if(is_octal);
                });
                Ok(Last::Something)
            }
            Some(first) if first.is_ascii_digit() => {
                let mut digits = String::from(first);
                digits.extend(self.next_if(|c| c.is_ascii_digit()));
                let third = self.rest.peek().map(|(_, c)| *c).filter(|c| is_octal(*c));
                if let (2, true, Some(third)) = (digits.len(), digits.chars().all(is_octal), third)
                {
                    digits.push(third);
                    self.skip(1);
                    return octal(&digits).map(|_| Last::Something);
                }
                let number: usize = digits.parse().map_err(|_| Stop::Unclear)?;
                self.refer(number - 1)?;
                Ok(Last::Something)
            }
            Some(c) => self.character(c).map(|_| Last::Something),
        }
    }

    /// What a `\` and a letter mean inside and outside of a set; `None` for a
    /// character that is only known to Python.
    fn character(&mut self, c: char) -> Checked<Option<char>> {
        let digits = match c {
            'a' => return Ok(Some('\u{7}')),
            'f' => return Ok(Some('\u{c}')),
            'n' => return Ok(Some('\n')),
            'r' => return Ok(Some('\r')),
            't' => return Ok(Some('\t')),
            'v' => return Ok(Some('\u{b}')),
            'N' => {
                if self.next_if(|c| c == '{').is_none() {
                    return wrong("`\\N` is followed by `{`");
                }
                self.name('}')?;
                return Ok(None);
            }
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ if c.is_ascii_alphabetic() => return wrong(format!("`\\{c}` means nothing")),
            _ => return Ok(Some(c)),
        };
        let mut number = String::new();
        while number.len() < digits
            && let Some(digit) = self.next_if(|c| c.is_ascii_hexdigit())
        {
            number.push(digit);
        }
        if number.len() < digits {
            return wrong(format!(
                "`\\{c}` is followed by {digits} hexadecimal digits"
            ));
        }
        let number = u32::from_str_radix(&number, 16).map_err(|_| Stop::Unclear)?;
        if number > char::MAX.into() {
            return wrong(format!("`\\{c}` is followed by the number of no character"));
        }
        // Half of a pair of surrogates is a character to Python.
        Ok(char::from_u32(number))
    }

    /// The part of a `[…]` behind its bracket.
    fn set(&mut self) -> Checked {
        self.next_if(|c| c == '^');
        let mut is_empty = true;
        loop {
            let Some(c) = self.next() else {
                return wrong("a `]` is missing");
            };
            if c == ']' && !is_empty {
                return Ok(());
            }
            is_empty = false;
            let from = self.member(c)?;
            if self.next_if(|c| c == '-').is_none() {
                continue;
            }
            let to = match self.next() {
                None => return wrong("a `]` is missing"),
                Some(']') => return Ok(()),
                Some(c) => self.member(c)?,
            };
            match (from, to) {
                (Member::Character(from), Member::Character(to)) if from <= to => {}
                (Member::Unknown, Member::Unknown | Member::Character(_))
                | (Member::Character(_), Member::Unknown) => {}
                _ => return wrong("a range in `[…]` ends before it begins"),
            }
        }
    }

    fn member(&mut self, c: char) -> Checked<Member> {
        if c != '\\' {
            return Ok(Member::Character(c));
        }
        match self.next() {
            None => wrong("a `\\` at the end"),
            Some('d' | 'D' | 's' | 'S' | 'w' | 'W') => Ok(Member::Class),
            Some('b') => Ok(Member::Character('\u{8}')),
            Some(first) if is_octal(first) => {
                let mut digits = String::from(first);
                (0..2).for_each(|_| digits.extend(self.next_if(is_octal)));
                octal(&digits).map(Member::Character)
            }
            Some(c) if c.is_ascii_digit() => wrong(format!("`\\{c}` means nothing in `[…]`")),
            Some(c) => Ok(self
                .character(c)?
                .map_or(Member::Unknown, Member::Character)),
        }
    }
}

/// One of the entries of a set.
enum Member {
    Character(char),
    Unknown,
    /// Several, between which there is no range.
    Class,
}

fn is_octal(c: char) -> bool {
    ('0'..='7').contains(&c)
}

fn octal(digits: &str) -> Checked<char> {
    match u8::from_str_radix(digits, 8) {
        Ok(number) => Ok(char::from(number)),
        Err(_) => wrong(format!("`\\{digits}` is the number of no character")),
    }
}

/// As far as letters go; Python's identifiers are a little more and less.
fn is_name(name: &str) -> bool {
    name.chars().next().is_some_and(|c| !c.is_ascii_digit())
        && name
            .chars()
            .all(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn says_what_is_wrong() {
        for (pattern, wrong) in [
            ("[(", "a `]` is missing"),
            ("(a", "a `)` is missing"),
            ("a)", "a `)` without its `(`"),
            ("*_id", "`*` has nothing to repeat"),
            ("a**", "`*` repeats a repetition"),
            ("a{3,2}", "`{3,2}` is more at least than at most"),
            ("[b-a]", "a range in `[…]` ends before it begins"),
            (r"\p{L}", r"`\p` means nothing"),
            (r"(a)\2", "no group 2"),
            (
                "(?<name>a)",
                "`(?<` is followed by `=` or `!`; a name is `(?P<…>`",
            ),
        ] {
            assert_eq!(check(pattern), Err(wrong.to_owned()), "{pattern}");
        }
    }

    #[test]
    fn takes_what_python_takes() {
        for pattern in [
            "",
            "{",
            "a{,}",
            "a{b}",
            "[]]",
            "[^]-]",
            "(?=a)*b",
            r"(?i)(a)\1",
            r"(?P<n>a)(?P=n)(?(n)b|c)",
            "(?<!x_)id",
            "a++",
            "(?#note)a",
            "price (€)",
        ] {
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn nests_as_deep_as_one_likes() {
        let deep = "(".repeat(100_000) + &")".repeat(100_000);
        assert_eq!(check(&deep), Ok(()));
    }
}
