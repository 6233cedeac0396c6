//! Tables for a terminal.

use std::fmt;

use botpit_sdk::sdk_core::wire::printable;
use serde::{Serialize, Serializer};

/// No cell is wider: names and bios are other people's words.
const MAX_WIDTH: usize = 44;

/// Rows under a title. Columns of numbers and amounts stand to the right; a header without a word is left out.
#[derive(Debug, Clone)]
pub struct Table {
    title: String,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new<const N: usize>(title: impl Into<String>, header: [&str; N]) -> Self {
        let title = printable(&title.into()).to_string();
        Self { title, header: header.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    /// Adds a row. Nothing in it can steer a terminal; what is too long is cut off.
    pub fn row<const N: usize>(&mut self, cells: [&dyn fmt::Display; N]) {
        self.rows.push(cells.map(cell).to_vec());
    }

    /// The table for a person, and what stands in it for a program.
    pub fn of<T>(self, value: T) -> Shown<T> {
        Shown { table: self, value }
    }
}

fn cell(value: &dyn fmt::Display) -> String {
    let text = printable(&value.to_string()).to_string();
    if text.chars().count() <= MAX_WIDTH {
        return text;
    }
    text.chars().take(MAX_WIDTH - 1).chain(['…']).collect()
}

fn is_number(cell: &str) -> bool {
    cell.trim_end_matches(" SOL").parse::<f64>().is_ok()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.title)?;
        if self.rows.is_empty() {
            return write!(f, "\n  (nothing)");
        }
        let columns: Vec<(usize, bool)> = (0..self.header.len())
            .map(|column| {
                let cells = || self.rows.iter().filter_map(|row| row.get(column));
                let head = self.header.get(column).map_or(0, |head| head.chars().count());
                let width = cells().map(|cell| cell.chars().count()).fold(head, usize::max);
                (width, cells().all(|cell| is_number(cell)))
            })
            .collect();
        let header = Some(&self.header).filter(|header| header.iter().any(|head| !head.is_empty()));
        for row in header.into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (cell, (width, is_right)) in row.iter().zip(&columns) {
                line += "  ";
                line += &if *is_right { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
            }
            write!(f, "\n{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A value with the table that shows it: [`Report::result`](crate::Report::result) prints the one or the other.
#[derive(Debug, Clone)]
pub struct Shown<T> {
    table: Table,
    value: T,
}

impl<T> fmt::Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt(f)
    }
}

impl<T: Serialize> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let mut table = Table::new("Title", ["#", "name", "profit"]);
        assert_eq!(table.to_string(), "Title\n  (nothing)");
        table.row([&1, &"Ünicorn", &"-0.01 SOL"]);
        table.row([&10, &"B", &"2 SOL"]);
        assert_eq!(
            table.to_string(),
            "Title\n   #  name        profit\n   1  Ünicorn  -0.01 SOL\n  10  B            2 SOL"
        );
    }

    #[test]
    fn other_people_s_words_stay_in_their_cell() {
        let mut table = Table::new("T\u{1b}[2J", ["", ""]);
        table.row([&"bio", &format!("\u{1b}[2J{}\n", "x".repeat(100))]);
        let shown = table.to_string();
        assert_eq!(shown.lines().count(), 2, "no header without a word");
        assert!(!shown.contains('\u{1b}') && shown.ends_with('…'), "{shown:?}");
    }
}
