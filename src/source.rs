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
    /// How many characters stand before each block, so that a column in a line
    /// of any length is soon counted. Empty for text that is all ASCII.
    blocks: Vec<usize>,
}

/// The bytes of a block.
const BLOCK: usize = 1024;

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
        let mut blocks = Vec::new();
        if !text.is_ascii() {
            let mut before = 0;
            for block in text.as_bytes().chunks(BLOCK) {
                blocks.push(before);
                before += characters(block);
            }
        }
        SourceFile {
            name: name.into(),
            text,
            has_mark,
            line_starts,
            blocks,
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
            column: self.characters_before(offset) - self.characters_before(start) + 1,
        }
    }

    fn characters_before(&self, offset: usize) -> usize {
        if self.blocks.is_empty() {
            return offset;
        }
        // At the end of a text of whole blocks there is no further one.
        let block = (offset / BLOCK).min(self.blocks.len() - 1);
        self.blocks[block] + characters(&self.text.as_bytes()[block * BLOCK..offset])
    }

    /// The lines of a span with one more on either side: the number of the
    /// first, from 1, and where they are.
    pub fn around(&self, span: Span) -> (usize, Span) {
        let first = (self.line(span.start) - 1).max(1);
        let start = self.line_starts[first - 1];
        let behind = self.line_starts.get(self.line(span.end) + 1);
        let end = behind.copied().unwrap_or(self.text.len());
        (first, Span { start, end })
    }

    /// First and last line of a span, from 1.
    pub fn lines(&self, span: Span) -> (usize, usize) {
        let last = span.end.saturating_sub(1).max(span.start);
        (self.line(span.start), self.line(last))
    }
}

/// The characters that begin in these bytes of a text.
fn characters(bytes: &[u8]) -> usize {
    let is_inside = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
    bytes.len() - bytes.iter().filter(is_inside).count()
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
        assert_eq!(source.lines(Span { start: 0, end: 3 }), (1, 1));
    }

    #[test]
    fn columns_are_right_far_into_a_line() {
        for line in ["x".repeat(5000), "é日😀x".repeat(1200), "é".repeat(1024)] {
            let text = format!("{line}\r\nö{line}");
            let source = SourceFile::new("p.sql", text.clone());
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
                let expected = Position {
                    line: 1 + usize::from(start > 0),
                    column: text[start..offset].chars().count() + 1,
                };
                assert_eq!(source.position(offset), expected);
            }
        }
    }
}
