//! Scoresheets as they are sent. A state repeats everything that was heard, and most of that never changes: it is written
//! once.

use serde_json::json;

use super::referee::{Record, hear};
use super::refusal::{Outcome, Refusal};
use crate::model::{Color, RefereeEntry, RefereeTurn};

/// What one side has heard in a game, in the making.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// The full moves that are over, as JSON with commas between.
    turns: String,
    /// The same, entry by entry.
    log: String,
    /// The full moves of which more may be heard.
    open: Vec<RefereeTurn>,
}

/// A scoresheet's parts, as JSON.
pub(super) struct SheetText {
    /// The full moves.
    pub(super) turns: String,
    /// The same as lines.
    pub(super) log: String,
}

impl Sheet {
    /// A whole game's.
    pub(super) fn of(records: &[Record], viewer: Color) -> Self {
        let mut sheet = Self::default();
        records.iter().for_each(|record| sheet.note(record, viewer));
        sheet
    }

    /// Something was recorded.
    pub(super) fn note(&mut self, record: &Record, viewer: Color) {
        hear(&mut self.open, record, viewer);
        // Records come in order: nothing more is heard of earlier moves.
        let over = self.open.iter().take_while(|turn| turn.turn < record.turn).count();
        for turn in self.open.drain(..over) {
            // What cannot be written down, which nothing is, is left out.
            let _ = write(&mut self.turns, &mut self.log, &turn);
        }
    }

    /// As it is sent now.
    pub(super) fn text(&self) -> Outcome<SheetText> {
        let (mut turns, mut log) = (self.turns.clone(), self.log.clone());
        for turn in &self.open {
            write(&mut turns, &mut log, turn).ok_or(Refusal::Crash)?;
        }
        Ok(SheetText { turns: format!("[{turns}]"), log: format!("[{log}]") })
    }
}

fn write(turns: &mut String, log: &mut String, turn: &RefereeTurn) -> Option<()> {
    append(turns, &serde_json::to_string(turn).ok()?);
    for color in Color::BOTH {
        let ply = turn.turn.saturating_mul(2).saturating_sub(u32::from(color == Color::White));
        for entry in turn.of(color) {
            append(log, &line(ply, entry));
        }
    }
    Some(())
}

fn append(list: &mut String, item: &str) {
    if !list.is_empty() {
        list.push(',');
    }
    list.push_str(item);
}

/// An entry as a line: the referee's words, and fields that are always empty.
fn line(ply: u32, entry: &RefereeEntry) -> String {
    let line = json!({
        "ply": ply,
        "announcement": entry.message(),
        "special_announcement": null,
        "capture_square": null,
        "timestamp": null,
        "replay_fen": null,
    });
    line.to_string()
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;
    use crate::model::{RefereeLogItem, Ruleset};
    use crate::sandbox::referee::{Question, Referee};

    /// What was written bit by bit is what the referee would write at once, at every moment, for both sides.
    #[test]
    fn it_is_the_referees_own_scoresheet() {
        for ruleset in Ruleset::ALL {
            let mut rng = Rng::with_seed(7);
            let mut referee = Referee::new(ruleset.clone()).unwrap();
            let mut sheets = Color::BOTH.map(|color| (color, Sheet::default()));
            let mut seen = 0;
            while !referee.is_over() && referee.move_number() < 40 {
                let turn = referee.turn();
                let any = referee.can_ask_any(turn) && rng.u8(..3) == 0;
                let uci = *rng.choice(referee.allowed(turn)).unwrap();
                referee.ask(if any { Question::Any } else { Question::Move(uci) });
                for record in &referee.records()[seen..] {
                    sheets.iter_mut().for_each(|(color, sheet)| sheet.note(record, *color));
                }
                seen = referee.records().len();
                for (color, sheet) in &sheets {
                    let text = sheet.text().unwrap();
                    let expected = referee.scoresheet(*color);
                    let turns: Vec<RefereeTurn> = serde_json::from_str(&text.turns).unwrap();
                    assert_eq!(turns, expected.turns, "{ruleset}, {color}");
                    let log: Vec<RefereeLogItem> = serde_json::from_str(&text.log).unwrap();
                    let lines = log.iter().map(|item| (item.ply, item.announcement.to_string()));
                    let entries = expected.entries().map(|(turn, side, entry)| {
                        (2 * turn - u32::from(side == Color::White), entry.message().into_owned())
                    });
                    assert!(lines.eq(entries), "{ruleset}, {color}");
                    assert_eq!(Sheet::of(referee.records(), *color).text().unwrap().turns, text.turns);
                }
            }
            assert!(seen > 40, "{ruleset}");
        }
    }
}
