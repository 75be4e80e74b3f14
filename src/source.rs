//! The program's text, and places in it.

use serde::{Serialize, Serializer};

/// A range of bytes in a [`SourceFile`]'s text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}..{}", self.start, self.end))
    }
}

impl Span {
    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A place as editors count it: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// A program and the name it is shown under.
#[derive(Debug)]
pub struct SourceFile {
    name: String,
    text: String,
    has_mark: bool,
    line_starts: Vec<usize>,
}

impl SourceFile {
    /// The byte order mark.
    pub const MARK: char = '\u{feff}';

    /// Takes a program's text. A byte order mark at the start belongs to the
    /// file and not to the program, so it is dropped.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> SourceFile {
        let mut text: String = text.into();
        let has_mark = text.starts_with(SourceFile::MARK);
        if has_mark {
            text.drain(..SourceFile::MARK.len_utf8());
        }
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        SourceFile {
            name: name.into(),
            text,
            has_mark,
            line_starts,
        }
    }

    /// Whether the file begins with a byte order mark, which is no part of
    /// the text.
    pub fn has_mark(&self) -> bool {
        self.has_mark
    }

    /// The path or name shown to the user.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span, byte for byte.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[span.start..span.end]
    }

    /// The line that a byte stands in, from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    pub fn position(&self, offset: usize) -> Position {
        let line = self.line(offset);
        let start = self.line_starts[line - 1];
        Position {
            line,
            column: self.text[start..offset].chars().count() + 1,
        }
    }

    /// The byte at which a line (from 1) and column (from 1, in characters)
    /// stand; past the end, the end.
    pub fn offset(&self, position: Position) -> usize {
        let Some(start) = self.line_starts.get(position.line - 1) else {
            return self.text.len();
        };
        self.text[*start..]
            .char_indices()
            .nth(position.column - 1)
            .map_or(self.text.len(), |(at, _)| start + at)
    }

    /// First and last line of a span, from 1.
    pub fn lines(&self, span: Span) -> (usize, usize) {
        let last = span.end.saturating_sub(1).max(span.start);
        (self.line(span.start), self.line(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_survive_crlf_and_a_mark() {
        let source = SourceFile::new("p.sql", "\u{feff}a\r\nöb\n");
        assert_eq!(source.text(), "a\r\nöb\n");
        let b = source.text().find('b').unwrap();
        assert_eq!(source.position(b), Position { line: 2, column: 2 });
        assert_eq!(source.offset(Position { line: 2, column: 2 }), b);
        assert_eq!(source.lines(Span { start: 0, end: 3 }), (1, 1));
    }
}
