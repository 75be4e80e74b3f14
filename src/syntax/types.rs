//! Types of SQL, as far as it matters what a column holds.

/// What a column of a type holds. Types of which nothing here depends have
/// none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Integer,
    /// Exact numbers that may have a fraction.
    Decimal,
    /// Binary numbers with a fraction.
    Float,
    Text,
    Date,
    Timestamp,
    Time,
    Interval,
    Binary,
    List,
    /// Several values under names or keys.
    Composite,
}

impl Kind {
    /// What a type's name stands for in most databases; `None` where they
    /// differ or nobody knows.
    pub fn of(type_name: &str) -> Option<Kind> {
        let name = type_name.trim();
        if name.ends_with(']') {
            return Some(Kind::List);
        }
        let end = name
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(name.len());
        let (word, rest) = name.split_at(end);
        // Enough for every word below; longer ones are none of them.
        let mut buffer = [0; 20];
        let bytes = buffer.get_mut(..word.len())?;
        bytes.copy_from_slice(word.as_bytes());
        bytes.make_ascii_uppercase();
        let kind = match std::str::from_utf8(bytes).ok()? {
            "BOOLEAN" | "BOOL" => Kind::Boolean,
            "INT" | "INTEGER" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "BIGINT" | "HUGEINT"
            | "UTINYINT" | "USMALLINT" | "UINTEGER" | "UBIGINT" | "UHUGEINT" | "INT1" | "INT2"
            | "INT4" | "INT8" | "INT16" | "INT32" | "INT64" | "INT128" | "INT256" | "UINT8"
            | "UINT16" | "UINT32" | "UINT64" | "UINT128" | "UINT256" | "BYTEINT" | "SERIAL"
            | "BIGSERIAL" | "SMALLSERIAL" => Kind::Integer,
            "DECIMAL" | "NUMERIC" | "NUMBER" | "BIGNUMERIC" | "BIGDECIMAL" | "DEC" => Kind::Decimal,
            "FLOAT" | "DOUBLE" | "REAL" | "FLOAT4" | "FLOAT8" | "FLOAT16" | "FLOAT32"
            | "FLOAT64" | "BINARY_DOUBLE" | "BINARY_FLOAT" => Kind::Float,
            "VARCHAR" | "CHAR" | "CHARACTER" | "TEXT" | "STRING" | "NVARCHAR" | "NCHAR"
            | "VARCHAR2" | "NVARCHAR2" | "BPCHAR" | "TINYTEXT" | "MEDIUMTEXT" | "LONGTEXT"
            | "CLOB" | "ENUM" | "FIXEDSTRING" | "UUID" => Kind::Text,
            "DATE" => Kind::Date,
            "TIMESTAMP" | "TIMESTAMPTZ" | "DATETIME" | "DATETIME2" | "DATETIME64"
            | "TIMESTAMP_NTZ" | "TIMESTAMP_LTZ" | "TIMESTAMP_TZ" | "TIMESTAMP_S"
            | "TIMESTAMP_MS" | "TIMESTAMP_NS" => Kind::Timestamp,
            "TIME" => Kind::Time,
            "INTERVAL" => Kind::Interval,
            "BLOB" | "BYTEA" | "VARBINARY" | "BYTES" => Kind::Binary,
            "LIST" | "ARRAY" => Kind::List,
            "STRUCT" | "MAP" | "ROW" => Kind::Composite,
            _ => return None,
        };
        let rest = rest.trim_start();
        match kind {
            // ClickHouse's and others' `Nullable(Int64)` and the like are no
            // words above; `INT ARRAY` is a list.
            _ if rest.to_ascii_uppercase().contains("ARRAY") => Some(Kind::List),
            // `TIME WITH TIME ZONE` travels as text.
            Kind::Time if !rest.is_empty() && !rest.starts_with('(') => None,
            kind => Some(kind),
        }
    }

    /// With an article, for messages.
    pub fn describe(self) -> &'static str {
        match self {
            Kind::Boolean => "a truth value",
            Kind::Integer => "a whole number",
            Kind::Decimal => "a decimal number",
            Kind::Float => "a number with a fraction",
            Kind::Text => "text",
            Kind::Date => "a date",
            Kind::Timestamp => "a timestamp",
            Kind::Time => "a time of day",
            Kind::Interval => "an interval",
            Kind::Binary => "binary data",
            Kind::List => "a list",
            Kind::Composite => "a structure of several values",
        }
    }

    pub fn is_number(self) -> bool {
        matches!(
            self,
            Kind::Boolean | Kind::Integer | Kind::Decimal | Kind::Float
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_its_first_word() {
        for (name, kind) in [
            ("double precision", Some(Kind::Float)),
            ("VARCHAR(20)", Some(Kind::Text)),
            ("ENUM('a', 'b')", Some(Kind::Text)),
            ("INTEGER[]", Some(Kind::List)),
            ("INTEGER ARRAY", Some(Kind::List)),
            ("STRUCT(a INTEGER)", Some(Kind::Composite)),
            ("timestamp with time zone", Some(Kind::Timestamp)),
            ("TIME WITH TIME ZONE", None),
            ("GEOMETRY", None),
            ("", None),
            ("ein_sehr_langer_name_eines_typs", None),
        ] {
            assert_eq!(Kind::of(name), kind, "{name}");
        }
    }
}
