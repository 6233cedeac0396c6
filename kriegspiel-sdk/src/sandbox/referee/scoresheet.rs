//! What each side has heard, as the platform writes it down.

use super::answer::{Question, Record};
use crate::model::{
    Actor, Announcement, Color, EntryKind, Extra, Prompt, RefereeEntry, RefereeEvent, RefereeTurn, Scoresheet,
};

/// One side's scoresheet of these records.
pub(super) fn scoresheet(records: &[Record], viewer: Color, last_move_number: u32) -> Scoresheet {
    let mut turns: Vec<RefereeTurn> = Vec::new();
    records.iter().for_each(|record| hear(&mut turns, record, viewer));
    Scoresheet { viewer_color: viewer, last_move_number, turns, extra: Extra::default() }
}

/// Adds what one side hears of the next record.
pub(in crate::sandbox) fn hear(turns: &mut Vec<RefereeTurn>, record: &Record, viewer: Color) {
    if !record.is_heard_by(viewer) {
        return;
    }
    add(turns, record.turn, record.color, entry(record, viewer));
    if let Some(news) = record.answer.pawn_news() {
        let turn = if record.color == Color::White { record.turn } else { record.turn.saturating_add(1) };
        let told = vec![RefereeEvent::BeforeTurn(news)];
        let actor = actor(!record.color, viewer);
        add(turns, turn, !record.color, RefereeEntry::new(EntryKind::Status, actor, None, told, None, None));
    }
}

fn add(turns: &mut Vec<RefereeTurn>, number: u32, color: Color, entry: RefereeEntry) {
    if turns.last().is_none_or(|turn| turn.turn != number) {
        let (white, black) = (Vec::new(), Vec::new());
        turns.push(RefereeTurn { turn: number, white, black, extra: Extra::default() });
    }
    if let Some(turn) = turns.last_mut() {
        match color {
            Color::White => turn.white.push(entry),
            Color::Black => turn.black.push(entry),
        }
    }
}

fn entry(record: &Record, viewer: Color) -> RefereeEntry {
    let kind = match record.answer.main {
        Announcement::RegularMove => EntryKind::Move,
        Announcement::CaptureDone => EntryKind::Capture,
        Announcement::HasAny | Announcement::NoAny => EntryKind::AskAny,
        _ => EntryKind::IllegalMove,
    };
    let actor = actor(record.color, viewer);
    let own = actor == Actor::Own;
    let prompt = match (record.question, own) {
        (Question::Move(_), true) => Prompt::MoveAttempt,
        (Question::Move(_), false) => Prompt::OpponentMove,
        (Question::Any, true) => Prompt::AskAny,
        (Question::Any, false) => Prompt::OpponentAskedAny,
    };
    let uci = record.question.uci().filter(|_| own);
    RefereeEntry::new(kind, actor, Some(prompt), record.answer.events(), uci, Some(record.question.kind()))
}

fn actor(color: Color, viewer: Color) -> Actor {
    if color == viewer { Actor::Own } else { Actor::Opponent }
}
