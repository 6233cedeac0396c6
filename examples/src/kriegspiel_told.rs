//! A game of Kriegspiel, told to a person: what the referee announced, and the boards at the end.

use std::fmt::{self, Write};

use kriegspiel_sdk::GameReport;
use kriegspiel_sdk::model::{Actor, Board, Color, EntryKind, PieceKind, RefereeEntry};
use kriegspiel_sdk::sdk_core::wire::printable;
use serde::{Serialize, Serializer};

/// A game's report, with everything that the bot heard in it.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a>(pub &'a GameReport);

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for turn in &self.0.turns {
            for color in Color::BOTH {
                let entries = turn.of(color);
                if !entries.is_empty() {
                    let words = in_one_line(entries);
                    writeln!(f, "{:>4}. {:<6} {}", turn.turn, color.to_string(), printable(&words))?;
                }
            }
        }
        if let Some(board) = &self.0.board {
            writeln!(f)?;
            let only = if self.0.result.is_some() { None } else { Some(self.0.game.color) };
            boards(f, board, only)?;
        }
        writeln!(f)?;
        self.0.fmt(f)
    }
}

/// What was heard in one side's turn: equal answers in a row are counted.
fn in_one_line(entries: &[RefereeEntry]) -> String {
    let mut line = String::new();
    let mut told: Vec<(String, u32)> = Vec::new();
    for entry in entries {
        let words = words(entry);
        match told.last_mut() {
            Some((last, count)) if *last == words => *count += 1,
            _ => told.push((words, 1)),
        }
    }
    for (index, (words, count)) in told.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(line, "{}{words}", if index > 0 { "; " } else { "" });
        if *count > 1 {
            let _ = write!(line, " ({count} times)");
        }
    }
    line
}

/// A question of the bot's own comes with its answer; of the opponent's only the answer is heard.
fn words(entry: &RefereeEntry) -> String {
    let events: Vec<String> = entry.events.iter().map(ToString::to_string).collect();
    let answer = events.join(", ");
    match (&entry.actor, &entry.kind, entry.uci()) {
        (Actor::Own, _, Some(uci)) => format!("{uci}: {answer}"),
        (_, EntryKind::AskAny, _) => format!("Any?: {answer}"),
        _ => answer,
    }
}

/// The boards at the end, side by side: what each side saw, and what there was. Of a game that is not over, the own men.
fn boards(f: &mut fmt::Formatter<'_>, board: &Board, only: Option<Color>) -> fmt::Result {
    let whole = board.to_string();
    let pictures = match only {
        Some(color) => vec![(format!("{color}'s men"), of(&whole, color))],
        None => vec![
            ("White's board".to_owned(), of(&whole, Color::White)),
            ("Black's board".to_owned(), of(&whole, Color::Black)),
            ("the whole board".to_owned(), whole),
        ],
    };
    const WIDTH: usize = 22;
    let row = |cells: Vec<&str>| cells.iter().map(|cell| format!("  {cell:<WIDTH$}")).collect::<String>();
    writeln!(f, "{}", row(pictures.iter().map(|(title, _)| title.as_str()).collect()).trim_end())?;
    let mut lines: Vec<_> = pictures.iter().map(|(_, picture)| picture.lines()).collect();
    loop {
        let cells: Vec<&str> = lines.iter_mut().filter_map(Iterator::next).collect();
        if cells.is_empty() {
            break;
        }
        writeln!(f, "{}", row(cells).trim_end())?;
    }
    for color in Color::BOTH {
        if let Some(reserve) = board.reserve(color).filter(|reserve| reserve.total() > 0) {
            let men: String = PieceKind::ALL
                .into_iter()
                .flat_map(|kind| (0..reserve.count(kind)).map(move |_| kind.letter()))
                .collect();
            writeln!(f, "  in {color}'s reserve: {men}")?;
        }
    }
    Ok(())
}

/// A picture without the other side's men.
fn of(picture: &str, color: Color) -> String {
    let others = match color {
        Color::White => '♚'..='♟',
        Color::Black => '♔'..='♙',
    };
    picture.chars().map(|square| if others.contains(&square) { '·' } else { square }).collect()
}

#[cfg(test)]
mod tests {
    use kriegspiel_sdk::model::Fen;

    use super::*;

    #[test]
    fn a_side_sees_its_own_men() {
        let board = Fen::from("4k3/8/8/8/8/8/4P3/4K3 w - - 0 1").board().unwrap().to_string();
        let white = of(&board, Color::White);
        assert!(white.contains('♔') && white.contains('♙') && !white.contains('♚'), "{white}");
        let black = of(&board, Color::Black);
        assert!(black.contains('♚') && !black.contains('♔') && !black.contains('♙'), "{black}");
        assert_eq!(white.chars().count(), board.chars().count());
    }

    #[test]
    fn equal_answers_in_a_row_are_counted() {
        let entry = |message: &str| -> RefereeEntry {
            serde_json::from_value(serde_json::json!({"kind": "illegal_move", "actor": "opponent",
                "prompt": "Opponent move", "message": format!("Opponent move — {message}"), "messages": [message],
                "move_uci": null, "question_type": "COMMON"}))
            .unwrap()
        };
        let entries = [entry("Illegal move"), entry("Illegal move"), entry("Move complete")];
        assert_eq!(in_one_line(&entries), "Illegal move (2 times); Move complete");
    }
}
